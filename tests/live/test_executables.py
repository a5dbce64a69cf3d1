# SPDX-License-Identifier: MIT
"""SOCKAUDIT_EXE_SHA: what is executed, by its content. Nothing waits for it for long, and nobody is asked who may never answer."""

import hashlib
import os
import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from audit import Audit, Namespace
from silence import FORGET, INTERRUPT, Silence

CONFIG = '''
interval: 100ms
cpu_max: 100%
rescan: 1s
watch:
  - name: sleeps
    match: {comm: "asleep*"}
'''
SLEEP = Path('/bin/sleep').resolve()


@pytest.fixture
def ns():
    with closing(Namespace()) as ns:
        yield ns


@pytest.fixture
def audit(tmp_path, ns):
    audits = []

    def start(config=CONFIG):
        audits.append(Audit(tmp_path, config, ns))
        audits[-1].cycles(2)
        return audits[-1]

    yield start
    for a in audits:
        assert a.stop() == 0


@pytest.fixture
def sleep(ns):
    """sleep(path): executes that; sleep(command...)."""
    started = []

    def start(path, *arguments):
        started.append(subprocess.Popen([path, *(arguments or ['600'])]))
        return started[-1]

    yield start
    for p in started:
        p.kill()
        p.wait()


def sha(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def hash_of(a, path, sleep):
    """What is told of it once it is known."""
    a.until(lambda: 'SOCKAUDIT_EXE_SHA' in a.next('process-matched', PID=sleep(path).pid), 'hash')
    return a.of('process-matched')[-1]['SOCKAUDIT_EXE_SHA']


def test_equals_sha256sum(audit, sleep, tmp_path):
    a, path = audit(), tmp_path / 'asleep'
    shutil.copy(SLEEP, path)
    first = sleep(path)
    assert hash_of(a, path, sleep) == sha(SLEEP)

    # Another file under this name.
    path.unlink()
    path.write_bytes(SLEEP.read_bytes() + b'infected')
    path.chmod(0o755)
    assert hash_of(a, path, sleep) == sha(path) != sha(SLEEP)

    # It stands in one event about a process: when it was told that it matched, or else the next.
    first.kill()
    first.wait()
    told = [a.next('process-matched', PID=first.pid), a.next('process-gone', PID=first.pid)]
    assert [e['SOCKAUDIT_EXE_SHA'] for e in told if 'SOCKAUDIT_EXE_SHA' in e] == [sha(SLEEP)]


def test_too_large(audit, sleep, tmp_path):
    a, path = audit(), tmp_path / 'asleep'
    shutil.copy(SLEEP, path)
    os.truncate(path, (256 << 20) + 1)
    assert 'SOCKAUDIT_EXE_SHA' not in a.next('process-matched', PID=sleep(path).pid)


def test_late(audit, sleep, tmp_path):
    """What takes longer than a look is told by the next event: nothing waits for it, and nothing is told out of order."""
    a, path = audit(), tmp_path / 'asleep'
    shutil.copy(SLEEP, path)
    os.truncate(path, 24 << 20)
    first, brief = sleep(path), sleep(path)
    brief.kill()
    brief.wait()
    a.next('process-matched', PID=first.pid)
    assert hash_of(a, path, sleep) == sha(path)
    assert [e['SOCKAUDIT_EVENT'] for e in a.of('process-matched', 'process-gone', PID=brief.pid)] in ([], ['process-matched', 'process-gone'])
    first.kill()
    first.wait()
    told = [a.next('process-matched', PID=first.pid), a.next('process-gone', PID=first.pid)]
    assert [e['SOCKAUDIT_EXE_SHA'] for e in told if 'SOCKAUDIT_EXE_SHA' in e] == [sha(path)]


def test_not_wanted(audit, sleep, tmp_path):
    a, path = audit(CONFIG + 'exe_hash: no\n'), tmp_path / 'asleep'
    shutil.copy(SLEEP, path)
    assert 'SOCKAUDIT_EXE_SHA' not in a.next('process-matched', PID=sleep(path).pid)


def test_a_file_system_that_never_answers(audit, sleep, tmp_path):
    """It has the executable and the working directory of a process, and is asked for nothing: what is known without it is told, and of others all."""
    a = audit()
    silence = Silence(tmp_path / 'silence', content=SLEEP.read_bytes())
    with silence as path:
        link = tmp_path / 'asleep-silent'
        link.symlink_to(path)
        # By a shell: until a process of ours has executed the file we stand ourselves, and could not serve it.
        silent = sleep('sh', '-c', f'cd {path.parent} && exec {link} 600')
        a.until(lambda: Path(f'/proc/{silent.pid}/wchan').read_text().endswith('nanosleep'), 'sleep')
        silence.hush()
        e = a.next('process-matched', PID=silent.pid)
        assert e['SOCKAUDIT_EXE'] == str(path) and e['SOCKAUDIT_CWD'] == str(path.parent) and 'SOCKAUDIT_EXE_SHA' not in e

        other = tmp_path / 'asleep-too'
        shutil.copy(SLEEP, other)
        assert hash_of(a, other, sleep) == sha(SLEEP)
        a.cycles(12)  # a rescan, too
        assert set(silence.heard) <= {FORGET, INTERRUPT}
        silent.kill()
