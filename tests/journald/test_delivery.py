# SPDX-License-Identifier: MIT
"""The daemon delivers: what it has made comes into a real journal, whatever happens to it and to journald meanwhile. Runs under with-journald."""

import os
import re
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from journald import PATIENCE, entries, journald, only_journald  # noqa: F401 (fixtures)

BUILD = Path(os.environ['BUILD_DIR'])
STATE = Path(os.environ['STATE_DIRECTORY'])
OUTBOX = STATE / 'outbox'
HEADER = b'sockaudit outbox 1\n'
CONFIG = '''
interval: 100ms
cpu_max: 100%
watch:
  - name: kept
    match: {comm: kept}
    sockets: {transport: tcp}
'''


def wait(what, condition, patience=PATIENCE):
    end = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < end, what
        time.sleep(0.02)
    return found


class Daemon:
    """With the journal for a sink, and its diagnostics in a file."""

    def __init__(self, tmp_path, config=CONFIG, **env):
        (tmp_path / 'sockaudit.yaml').write_text(config)
        self.log_path = tmp_path / f'log-{time.monotonic_ns()}'
        with self.log_path.open('wb') as log:
            self.process = subprocess.Popen([BUILD / 'src/sockauditd', f'--config={tmp_path}/sockaudit.yaml'], stdin=subprocess.DEVNULL,
                                            stderr=log, env={**os.environ, **env})
        wait('it starts', lambda: 'watching by' in self.log())

    def log(self):
        return self.log_path.read_text()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(PATIENCE) == 0, self.log()


@contextmanager
def connections(count):
    """A process that opens so many at once, and closes them at the end."""
    kept = subprocess.Popen([BUILD / 'tests/live/churn', 'keep', 'tcp', str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert kept.stdout.readline() == b'ready\n'
    yield
    kept.communicate(timeout=PATIENCE)


def in_outbox():
    """Run and seq of all events that wait in it."""
    found = re.findall(rb'\nSOCKAUDIT_RUN=([0-9a-f]{32})\nSOCKAUDIT_SEQ=(\d+)\n', OUTBOX.read_bytes())
    return [(run.decode(), int(seq)) for run, seq in found]


def is_empty():
    return OUTBOX.read_bytes() == HEADER


def stored(run):
    return sorted(int(e['SOCKAUDIT_SEQ']) for e in entries(f'SOCKAUDIT_RUN={run}'))


def run_of(pid):
    return wait('audit-started', lambda: entries('SOCKAUDIT_EVENT=audit-started', f'SOCKAUDIT_PID={pid}'))[0]['SOCKAUDIT_RUN']


@pytest.fixture(autouse=True)
def clean():
    yield
    for path in STATE.iterdir():
        path.unlink()


def test_killed_while_journald_sleeps(tmp_path, journald):
    """What it had made is sent by the next one."""
    d = Daemon(tmp_path)
    run = run_of(d.process.pid)
    journald.stop()
    with connections(3000):
        wait('events wait', lambda: len(in_outbox()) >= 3000)
        d.kill()
    waiting = in_outbox()
    assert {r for r, _ in waiting} == {run}
    last = waiting[-1][1]
    journald.go_on()
    d = Daemon(tmp_path)
    assert re.search(r'outbox: \d+ events of an earlier daemon wait in it', d.log())
    wait('all of them are stored', lambda: sorted(set(stored(run))) == list(range(1, last + 1)))
    wait('nothing waits', is_empty)
    again = run_of(d.process.pid)
    assert again != run
    d.stop()
    assert is_empty()
    assert stored(again) == list(range(1, len(stored(again)) + 1))


def test_stopped_while_journald_sleeps(tmp_path, journald):
    """What is left at the end waits for the next start, too."""
    d = Daemon(tmp_path)
    run = run_of(d.process.pid)
    journald.stop()
    with connections(1000):
        wait('events wait', lambda: len(in_outbox()) >= 1000)
        d.stop()
    assert 'they wait in the outbox for the next start' in d.log()
    last = in_outbox()[-1]
    assert last[0] == run
    journald.go_on()
    d = Daemon(tmp_path)
    wait('all of them are stored', lambda: sorted(set(stored(run))) == list(range(1, last[1] + 1)))
    assert entries(f'SOCKAUDIT_RUN={run}', 'SOCKAUDIT_EVENT=audit-stopped')
    d.stop()


def test_damaged_outbox(tmp_path):
    """What cannot be read is set aside, and told."""
    OUTBOX.write_bytes(HEADER + b'this is no record')
    OUTBOX.chmod(0o600)
    d = Daemon(tmp_path)
    assert 'outbox: 17 bytes at its end cannot be read, since it is damaged; they are kept as outbox.damaged-1' in d.log()
    assert (STATE / 'outbox.damaged-1').read_bytes() == b'this is no record'
    d.stop()


@pytest.mark.parametrize('why', ['missing', 'in use', 'not ours alone'])
def test_without_outbox(tmp_path, why):
    """It works, and says what is worse."""
    first = Daemon(tmp_path) if why == 'in use' else None
    if why == 'not ours alone':
        STATE.chmod(0o755)
    d = Daemon(tmp_path, **({'STATE_DIRECTORY': '/proc/none'} if why == 'missing' else {}))
    assert d.log().count('outbox: the state directory cannot be used') == 1
    run = run_of(d.process.pid)
    started, = entries(f'SOCKAUDIT_RUN={run}', 'SOCKAUDIT_EVENT=audit-started')
    assert 'no outbox' in started['SOCKAUDIT_DEGRADED'] and 'no outbox' in started['MESSAGE']
    d.stop()
    STATE.chmod(0o700)
    assert entries(f'SOCKAUDIT_RUN={run}', 'SOCKAUDIT_EVENT=audit-stopped')
    if first:
        first.stop()


def test_none_for_standard_output(tmp_path):
    (tmp_path / 'sockaudit.yaml').write_text(CONFIG)
    done = subprocess.run([BUILD / 'src/sockauditd', f'--config={tmp_path}/sockaudit.yaml', '--sink=json', '--once'], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
    assert done.returncode == 0 and 'outbox' not in done.stderr
    assert list(STATE.iterdir()) == []
