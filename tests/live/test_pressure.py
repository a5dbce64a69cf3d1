# SPDX-License-Identifier: MIT
"""The daemon where memory, descriptors and time run short. It says when it can do less and when it can again, and is right afterwards. (Full and read-only disks:
test_restart.py and tests/journald; clocks and sleep: test_clocks.py; descriptors, stops: test_faults.py.)"""

import os
import re
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from audit import BUILD, PATIENCE, Audit, Namespace

FULL = bool(os.environ.get('FULL'))
ASAN = b'__asan_init' in (BUILD / 'src/sockauditd').read_bytes()
EACH = 16_000  # what a process may open is limited
MANY = 500_000 if FULL else 10_000
LONG = 20 * PATIENCE if FULL else PATIENCE
BEGINS = 'connection-present', 'connection-appeared'
CONFIG = '''
interval: 100ms
cpu_max: 100%
rescan: 1s
limits: {{sockets: {sockets}, queue: 1G}}
watch:
  - name: kept
    match: {{comm: kept}}
    sockets: {{transport: tcp}}
'''


@pytest.fixture
def ns():
    ns = Namespace()
    yield ns
    ns.close()


@contextmanager
def keeping(ns, count):
    """So many sockets, of processes that have no more than EACH."""
    kept = [subprocess.Popen(ns.command(BUILD / 'tests/live/churn', 'keep', 'tcp', min(EACH, count - n)), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for n in range(0, count, EACH)]
    assert [k.stdout.readline() for k in kept] == [b'ready\n'] * len(kept)
    yield
    for k in kept:
        k.stdin.close()
    for k in kept:
        k.wait(10 * PATIENCE)
        k.stdout.close()


def peak(a):
    """KiB."""
    return int(re.search(r'VmHWM:\s*(\d+)', Path(f'/proc/{a.process.pid}/status').read_text())[1])


def test_stopped(tmp_path, ns):
    """For longer than an interval, while connections come and go: a gap, and all of them are told by their bounds."""
    a = Audit(tmp_path, CONFIG.format(sockets=1000), ns)
    a.cycles(2)
    with keeping(ns, 20):
        a.until(lambda: len(a.of(*BEGINS)) == 20, 'connections')
        a.process.send_signal(signal.SIGSTOP)
    with keeping(ns, 40):
        time.sleep(1)
        a.process.send_signal(signal.SIGCONT)
        a.until(lambda: len(a.of(*BEGINS)) == 60, 'those that came meanwhile')
    a.until(lambda: len(a.of('connection-vanished')) == 60, 'ends')
    assert a.of('audit-gap', GAP_REASON='cycle-missed')
    assert a.stop() == 0


@pytest.fixture
def group():
    """A control group that limits memory."""
    base = Path('/sys/fs/cgroup/memory')
    if not (base / 'memory.limit_in_bytes').exists():
        pytest.skip('no memory controller')
    group = base / f'sockaudit-test-{os.getpid()}-{time.monotonic_ns()}'
    group.mkdir()
    yield group
    group.rmdir()


def test_killed_for_its_memory(tmp_path, ns, group):
    """What it was, the next one tells, and everything anew."""
    state = {'STATE_DIRECTORY': str(tmp_path / 'state')}
    first, second = tmp_path / 'first', tmp_path / 'second'
    first.mkdir()
    second.mkdir()
    a = Audit(first, CONFIG.format(sockets=1_000_000), ns, environment=state, prefix=['sh', '-c', f'echo $$ >{group}/cgroup.procs && exec "$@"', 'sh'])
    a.cycles(2)
    with keeping(ns, 100):
        a.until(lambda: len(a.of(*BEGINS)) == 100, 'connections')
        used = int((group / 'memory.usage_in_bytes').read_text())
        (group / 'memory.limit_in_bytes').write_text(str(used + (2 << 20)))
        with keeping(ns, 20_000):
            assert a.process.wait(PATIENCE) == -signal.SIGKILL
        a.stop()
        assert not a.of('connection-vanished', 'connection-completed')
        a = Audit(second, CONFIG.format(sockets=1_000_000), ns, environment=state)
        assert a.next('audit-gap', GAP_REASON='crashed')
        a.until(lambda: len(a.of('connection-present')) == 100, 'what is there')
    a.until(lambda: len(a.of('connection-vanished')) == 100, 'ends')
    assert len(a.of('connection-present', 'connection-appeared')) == 100
    assert a.stop() == 0


def test_many_at_once(tmp_path, ns):
    """Memory is bounded by limits.sockets, whatever there is: the rest is told as a gap, and nothing of it vanished."""
    limit = MANY // 5
    a = Audit(tmp_path, CONFIG.format(sockets=limit), ns)
    a.cycles(2)
    before = peak(a)
    with keeping(ns, MANY):
        a.until(lambda: a.of('audit-gap', GAP_LIMIT='sockets') and len(a.of(*BEGINS, 'listener-present', 'listener-appeared')) == limit, 'limit', LONG)
        print(f'{MANY} sockets, {limit} of them known: {(peak(a) - before) * 1024 / limit:.0f} bytes each, {peak(a)} KiB at most')
        if not ASAN:
            assert (peak(a) - before) * 1024 < 1000 * limit + (64 << 20)
        assert not a.of('connection-vanished', 'connection-completed')
    a.until(lambda: len(a.of('connection-vanished', 'listener-vanished')) >= limit, 'ends', LONG)
    assert a.stop() == 0
