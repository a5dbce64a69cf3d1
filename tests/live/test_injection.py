# SPDX-License-Identifier: MIT
"""A process that calls all that it can choose by names that are to break a terminal, a line, a parser or a reader: none of it comes out raw, in whatever
the daemon and the command line write, and no line and no field is made by it. What goes through a journal: tests/journald."""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from audit import BUILD, PATIENCE, Audit, Namespace

SHORT = b'\n\x1b[2JF=1\xff'  # of a process, and, but for its line feed, of an interface
EVIL = b'\nFORGED=1\x1b[31m\xc2\x9b\xe2\x80\xae"\\\xff\n'
SHOWN, SHOWN_SHORT = r'FORGED=1\x1b[31m', r'\x1b[2JF=1\xff'
RAW = re.compile('[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]')
CONFIG = '''
interval: 100ms
cpu_max: 100%
unit_log: all
watch:
  - name: all
'''
# Listens on all that has a name, from a directory of such a name, and then takes one.
HOLDER = b'''import ctypes, os, socket, sys
kept = [socket.socket(socket.AF_UNIX) for _ in range(2)] + [socket.socket()]
kept[0].bind(b"unix" + %(evil)r)
kept[1].bind(b"\\0abstract" + %(evil)r)
kept[2].setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, %(interface)r)
kept[2].bind(("127.0.0.1", 0))
for s in kept:
    s.listen()
ctypes.CDLL(None).prctl(15, %(short)r, 0, 0, 0)
print(kept[2].getsockname()[1], flush=True)
sys.stdin.read()
'''


@pytest.fixture
def group():
    """A control group by whose path systemd would name a unit."""
    root = next(line.split()[1] for line in Path('/proc/mounts').read_text().splitlines() if line.split()[2] == 'cgroup2').encode()
    evil = EVIL.replace(b'\n', b'')
    outer = root + b'/injection-%d' % os.getpid() + evil
    inner = outer + b'/' + evil + b'.service'
    os.makedirs(inner)
    yield inner
    for directory in inner, outer:
        os.rmdir(directory)


@pytest.fixture
def hostile(tmp_path, group):
    interface = SHORT.replace(b'\n', b'')
    directory = os.fsencode(tmp_path) + b'/' + EVIL
    os.mkdir(directory)
    program = directory + b'/python' + EVIL
    shutil.copy(os.path.realpath(sys.executable), program)
    script = HOLDER % {b'evil': EVIL, b'interface': interface, b'short': SHORT}
    with closing(Namespace()) as ns:
        for words in ['lo', 'down'], ['lo', 'name', interface], [interface, 'up']:
            subprocess.run([*ns.command('ip', 'link', 'set'), *words], check=True)
        enter = ns.command('sh', '-c', 'echo $$ >"$1/cgroup.procs"; cd "$2"; shift 2; exec "$@"', 'sh')
        with subprocess.Popen([*enter, group, directory, program, '-c', script, EVIL, b'--password=' + EVIL], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              env={**os.environ, 'PYTHONHOME': '/usr'}) as p:
            yield SimpleNamespace(pid=p.pid, port=int(p.stdout.readline()), ns=ns)
            p.stdin.close()


def assert_clean(output):
    """As a person would see it: no raw byte, and no line that begins with what was not ours to write."""
    text = output.decode()  # it is UTF-8
    found = RAW.search(text)
    assert not found, repr(text[max(0, found.start() - 80):found.end() + 80])
    assert not [line for line in text.splitlines() if line.startswith(('FORGED', 'F=1'))]
    return text


def test_events(hostile, tmp_path):
    a = Audit(tmp_path, CONFIG, hostile.ns)
    e = a.next('listener-present', 'listener-appeared', LOCAL_PORT=hostile.port)
    assert e['SOCKAUDIT_PID'] == str(hostile.pid)
    a.until(lambda: len(a.of('listener-present', 'listener-appeared', PID=hostile.pid)) == 3, 'listeners')
    seen = {}
    for e in a.of(PID=hostile.pid):
        seen.update(e)
    for name in 'EXE', 'CWD', 'CMDLINE', 'LOCAL_PATH', 'CGROUP', 'UNIT':
        assert SHOWN in seen['SOCKAUDIT_' + name], name
    for name in 'COMM', 'INTERFACE':
        assert SHOWN_SHORT in seen['SOCKAUDIT_' + name], name
    assert a.stop() == 0
    for e in a.events:
        assert all(re.fullmatch('(SOCKAUDIT|OBJECT)_[A-Z_]+|MESSAGE|MESSAGE_ID|PRIORITY|SYSLOG_[A-Z]+', name) for name in e)
        for value in e.values():
            for v in value if isinstance(value, list) else [value]:
                assert v.isprintable(), v


@pytest.mark.parametrize('sink', ['json', 'text'])
def test_as_it_is_written(hostile, tmp_path, sink):
    (tmp_path / 'sockaudit.yaml').write_text(CONFIG)
    r = subprocess.run(hostile.ns.command(BUILD / 'src/sockauditd', f'--config={tmp_path}/sockaudit.yaml', f'--sink={sink}', '--once'),
                       capture_output=True, check=True, timeout=PATIENCE)
    assert SHOWN_SHORT in assert_clean(r.stdout).replace('\\\\', '\\')
    assert_clean(r.stderr)


@pytest.mark.parametrize('command', [
    ['list'], ['list', '{pid}'], ['list', ':{port}'], ['list', '--json'], ['list', '--json', '{pid}'], ['why', '--wait=0', '{pid}'], ['why', '--wait=0', ':{port}'],
    ['check', '{config}'], ['doctor'], ['doctor', '--json'],
], ids=' '.join)
def test_command_line(hostile, tmp_path, command):
    config = tmp_path / 'sockaudit.yaml'
    config.write_text(CONFIG)
    words = [word.format(pid=hostile.pid, port=hostile.port, config=config) for word in command]
    r = subprocess.run(hostile.ns.command(BUILD / 'src/sockaudit', *words), capture_output=True, check=False, timeout=4 * PATIENCE)
    text = assert_clean(r.stdout)
    assert_clean(r.stderr)
    assert text
    if command[0] == 'list':
        assert SHOWN_SHORT in text.replace('\\\\', '\\')
    if '--json' in command:
        json.loads(text)


def test_words_of_ours(tmp_path):
    """What the operator is shown of his own command line and configuration, which may have come from somewhere, too."""
    evil = EVIL.replace(b'\xff', b'')
    (tmp_path / 'evil.yaml').write_bytes(b'watch: [{name: "\\e[31mFORGED\\n", match: {comm: "\\e[2J"}}]\nx' + evil.replace(b'"', b'').replace(b'\n', b'') + b': 1\n')
    for words in ['check', tmp_path / 'evil.yaml'], ['list', evil], ['why', evil], [evil], ['list', b'--columns=' + evil], ['doctor', evil]:
        r = subprocess.run([BUILD / 'src/sockaudit', *words], capture_output=True, check=False, timeout=4 * PATIENCE)
        assert r.returncode != 0
        assert_clean(r.stdout + r.stderr)
