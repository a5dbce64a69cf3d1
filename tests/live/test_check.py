# SPDX-License-Identifier: MIT
"""sockaudit check, on processes of our own."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SOCKAUDIT = Path(os.environ['BUILD_DIR']) / 'src' / 'sockaudit'


def check(*arguments, **options):
    return subprocess.run([SOCKAUDIT, 'check', *arguments], capture_output=True, text=True, timeout=60, check=False, **options)


@pytest.fixture
def config(tmp_path):
    def write(text):
        path = tmp_path / 'c.yaml'
        path.write_text(text)
        return path
    return write


@pytest.fixture
def family(tmp_path):
    """A process checked-parent and its child, a sleep."""
    program = tmp_path / 'checked-parent'
    shutil.copy(shutil.which('dash'), program)
    with subprocess.Popen([program, '-c', 'sleep 60 & echo $!; wait'], stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        # The child is a copy of its parent until it has executed sleep.
        while (Path('/proc') / str(child) / 'comm').read_text() != 'sleep\n':
            pass
        yield parent.pid, child
        os.kill(child, 9)
        parent.wait(10)


def test_what_matches(config, family):
    parent, child = family
    answer = check(config('''
watch:
  - {name: with-children, match: {comm: checked-parent}}
  - {name: alone, match: {comm: checked-parent}, descendants: no}
  - {name: not-it, match: {comm: checked-parent, not: {exe: "*/checked-*"}}}
  - {name: nobody, match: {comm: no-such-comm}}
  - {name: anybody}
exclude:
  - match: {comm: no-such-comm}
'''))
    assert answer.returncode == 0
    lines = answer.stdout.splitlines()
    assert lines[0].endswith('c.yaml: good, 5 rules')
    both = sorted([(parent, 'checked-parent'), (child, 'sleep')])
    assert lines[2:] == [
        'RULE           MATCHES NOW',
        'with-children  2 processes: ' + ', '.join(f'{comm}[{pid}]' for pid, comm in both),
        f'alone          1 process: checked-parent[{parent}]',
        'not-it         no process',
        'nobody         no process',
        'anybody        every process',
        '',
        'Excluded: no process',
    ]


def test_excluded(config, family):
    parent, child = family
    answer = check(config('watch: [{name: a, match: {comm: checked-parent}}]\nexclude: [{match: {comm: checked-*}}]\n'))
    assert f'\na     1 process: sleep[{child}]\n' in answer.stdout
    assert answer.stdout.endswith(f'\nExcluded: 1 process: checked-parent[{parent}]\n')


def test_bad(config):
    path = config('watch: [{name: a, macth: {}}]\ninterval: soon\n')
    answer = check(path)
    assert (answer.returncode, answer.stdout) == (1, '')
    errors = [line for line in answer.stderr.splitlines() if 'warning: ' not in line]
    assert errors == [f"{path}:1:19: watch[0]: unknown key 'macth'; did you mean 'match'?",
                      f"{path}:2:11: interval: bad value 'soon'; expected a time from 100ms to 1h"]


def test_missing(tmp_path):
    answer = check(tmp_path / 'no\x1b.yaml')
    assert (answer.returncode, answer.stdout) == (1, '')
    assert answer.stderr.endswith('/no\\x1b.yaml: cannot be read: No such file or directory\n')


def test_untrusted_is_a_warning(config):
    path = config('watch: [{name: a}]\n')
    path.chmod(0o666)
    answer = check(path)
    assert answer.returncode == 0
    assert f'{path}: warning: writable by others than its owner (mode 0666); expected not (chmod go-w)\n' in answer.stderr


@pytest.mark.parametrize('mode, warned', [(0o1777, False), (0o777, True), (0o775, True), (0o755, False)])
def test_where_others_can_write(config, mode, warned):
    """A file of root below a sticky directory, as /tmp is, is nobody's but root's."""
    path = config('watch: [{name: a}]\n')
    path.parent.chmod(mode)
    answer = check(path)
    assert answer.returncode == 0
    assert (f'{path.parent}: warning: writable by others than its owner (mode {mode:04o})' in answer.stderr) == warned
    assert '/tmp: warning' not in answer.stderr


@pytest.mark.parametrize('arguments', [['--no-such-option'], ['-x'], ['a', 'b'], ['--help=1']])
def test_usage(arguments):
    answer = check(*arguments)
    assert (answer.returncode, answer.stdout) == (2, '')
    assert answer.stderr.endswith('(see: sockaudit check --help)\n')


def test_help():
    answer = check('--help')
    assert (answer.returncode, answer.stderr) == (0, '')
    assert max(map(len, answer.stdout.splitlines())) <= 80
