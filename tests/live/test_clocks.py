# SPDX-License-Identifier: MIT
"""Somebody sets the clock, the machine sleeps: clocks.so moves the clocks of the daemon alone, while it runs."""

import time

import pytest

from audit import Actor, Audit, Namespace, preload

# The clock of the programs in the kernel cannot be moved for the daemon alone.
CONFIG = '''
collector: sock_diag
interval: 100ms
cpu_max: 100%
rescan: 1s
watch:
  - name: rule
    match: {comm: watched}
    sockets: {transport: [tcp]}
'''
SERVER = 'keep.setdefault("l", socket.create_server(("127.0.0.1", 0))).getsockname()[1]'


class Clocks:
    def __init__(self, path):
        self.path, self.step, self.asleep = path, 0, 0
        self.write()

    def write(self):
        new = self.path.with_suffix('.new')
        new.write_text(f'{self.step} {self.asleep}')
        new.rename(self.path)

    def set(self, usec):
        self.step += usec
        self.write()

    def sleep(self, usec):
        self.asleep += usec
        self.write()

    def now(self):
        """Microseconds since the epoch, as the daemon has them."""
        return time.time_ns() // 1000 + self.step + self.asleep


@pytest.fixture
def clocks(tmp_path):
    return Clocks(tmp_path / 'clocks')


@pytest.fixture
def audit(tmp_path, clocks):
    ns = Namespace()
    a = Audit(tmp_path, CONFIG, ns, environment={'LD_PRELOAD': preload('clocks'), 'CLOCKS': str(clocks.path)})
    a.ns = ns
    a.cycles(2)
    yield a
    assert a.stop() == 0
    ns.close()


def listen(audit):
    """Somebody listens anew: its event, and two times around it."""
    before = audit.clocks.now()
    actor = Actor('watched', audit.ns)
    port = actor.do(SERVER)
    e = audit.next('listener-appeared', 'listener-present', LOCAL_PORT=port)
    after = audit.clocks.now()
    actor.end()
    audit.next('listener-vanished', LOCAL_PORT=port)
    return before, e, after


def bounds(e):
    return int(e['SOCKAUDIT_NOT_BEFORE']), int(e['SOCKAUDIT_NOT_AFTER'])


@pytest.mark.parametrize('step', [3_600_010_000, -7_200_010_000], ids=['forwards', 'backwards'])
def test_clock_is_set(audit, clocks, step):
    audit.clocks = clocks
    before = time.time_ns() // 1000
    clocks.set(step)
    e = audit.next('audit-gap', GAP_REASON='clock-step')
    after = time.time_ns() // 1000
    old, new = int(e['SOCKAUDIT_CLOCK_BEFORE']), int(e['SOCKAUDIT_CLOCK_AFTER'])
    assert abs(new - old - step) < 1000
    # Both bounds are written by the clock as it is now; they are a cycle apart, whatever was added in between.
    first, last = bounds(e)
    assert before + step - 1_000_000 < first <= last <= after + step
    assert f'clock-step {"forwards" if step > 0 else "backwards"} by {abs(step) // 3_600_000_000} h' in e['MESSAGE']
    # What comes now is told in the new time.
    before, told, after = listen(audit)
    assert before - 200_000 <= int(told['SOCKAUDIT_NOT_AFTER']) <= after
    audit.cycles(3)
    assert len(audit.of('audit-gap')) == 1, audit.of('audit-gap')


def test_slewing_is_no_step(audit, clocks):
    for _ in range(5):
        clocks.set(400_000)
        audit.cycles(1)
    assert not audit.of('audit-gap')
    # Events follow all the same.
    audit.clocks = clocks
    before, told, after = listen(audit)
    assert before - 200_000 <= int(told['SOCKAUDIT_NOT_AFTER']) <= after


def test_machine_sleeps(audit, clocks):
    audit.clocks = clocks
    listener = Actor('watched', audit.ns)
    port = listener.do(SERVER)
    audit.next('listener-appeared', 'listener-present', LOCAL_PORT=port)
    before = clocks.now()
    clocks.sleep(600_010_000)
    e = audit.next('audit-gap', GAP_REASON='suspend')
    assert abs(int(e['SOCKAUDIT_DURATION']) - 600_010_000) < 1000
    first, last = bounds(e)
    assert before - 1_000_000 < first < before + 1_000_000 and first + 600_000_000 <= last <= clocks.now()
    assert 'not observed' in e['MESSAGE'] and 'suspend for 10 min' in e['MESSAGE']
    # Nobody was late, no clock was set, and nothing is told of what lived on.
    audit.cycles(3)
    assert len(audit.of('audit-gap')) == 1, audit.of('audit-gap')
    assert not audit.of('listener-vanished')
    before, told, after = listen(audit)
    assert before - 200_000 <= int(told['SOCKAUDIT_NOT_AFTER']) <= after
    listener.end()
