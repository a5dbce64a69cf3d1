# SPDX-License-Identifier: MIT
"""Processes as the kernel tells of them (process connector, programs in the kernel). The connector does so in the initial namespaces only, so that these tests run there, beside
whatever else does; their sockets are in a namespace of their own."""

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from audit import BUILD, CONNECT, LISTEN, PATIENCE, Audit, Namespace, actors

# Nothing but notices makes a look in time.
CONFIG = '''
interval: 20s
rescan: 1h
cpu_max: 50%
watch:
  - name: rule
    match: {comm: "noticed*"}
    sockets: {transport: tcp}
'''
SANITIZED = b'__asan_init' in (BUILD / 'src/sockauditd').read_bytes()


@pytest.fixture
def ns():
    with closing(Namespace()) as ns:
        yield ns


@pytest.fixture
def actor(ns):
    with actors(ns) as start:
        yield start


@pytest.fixture
def audit(tmp_path):
    audits = []

    def start(config=CONFIG):
        audits.append(Audit(tmp_path, config))
        a = audits[-1]
        a.until(lambda: a.status.cycles >= 1, 'first cycle')
        assert not any('no notices of processes' in line for line in a.said), 'not in the initial namespaces?'
        return a

    yield start
    for a in audits:
        assert a.stop() == 0


def usec(e, field):
    return int(e['SOCKAUDIT_' + field])


def test_match_and_exit_at_once(audit, actor):
    """Another name, a connection, and its end: all told at once, though the next look is far away."""
    a = audit()
    server, client = actor('bystander'), actor('bystander')
    to = server.do(LISTEN.format('l'))
    port = client.do(CONNECT.format('c', to))
    before = time.time() * 1e6
    client.do('name(b"noticed")')
    named = time.time() * 1e6
    matched = a.next('process-matched', PID=client.pid)
    assert before < usec(matched, 'NOT_AFTER') < named + 2e6 and usec(matched, 'NOT_BEFORE') < named
    a.next('connection-present', 'connection-appeared', LOCAL_PORT=port, PID=client.pid)  # which is known if its opening was recorded
    killed = time.time() * 1e6
    os.kill(client.pid, signal.SIGKILL)
    client.process.wait(PATIENCE)
    ended = time.time() * 1e6
    gone = a.next('process-gone', PID=client.pid)
    assert gone['SOCKAUDIT_SEEN_BY'] == 'connector' and gone['SOCKAUDIT_NOT_BEFORE'] == gone['SOCKAUDIT_NOT_AFTER']
    assert killed < usec(gone, 'NOT_AFTER') < ended
    vanished = a.next('connection-vanished', LOCAL_PORT=port)
    assert killed < usec(vanished, 'NOT_AFTER') < ended + 2e6
    assert a.status.cycles < 10


def test_exec_fork_and_user(audit, actor):
    a = audit(CONFIG.replace('match: {comm: "noticed*"}', 'match: {comm: "noticed*", uid: 65534}'))
    parent = actor('noticed-parent')
    parent.do('os.setuid(65534)')
    a.next('process-matched', PID=parent.pid)
    before = time.time() * 1e6
    child = parent.do('os.fork() or time.sleep(60)')
    e = a.next('process-matched', PID=child)
    assert e['SOCKAUDIT_PARENT_PID'] == str(parent.pid) and usec(e, 'NOT_BEFORE') > before
    os.kill(child, signal.SIGKILL)
    a.next('process-gone', PID=child)  # though its parent does not wait for it


def test_crowd(audit, actor):
    """A process with 200 children: ten are told singly, with their ends, and all others in sums. None is left out, and none is told twice."""
    a = audit()
    parent = actor('noticed')
    parent.do('signal.signal(signal.SIGCHLD, signal.SIG_IGN) and None')
    children = {str(parent.do('os.fork() or time.sleep(0.5) or os._exit(0)')) for _ in range(200)}
    while any(Path(f'/proc/{pid}').exists() for pid in children):
        time.sleep(0.01)
    parent.end()
    a.until(lambda: a.of('process-gone', PID=parent.pid), 'end of the parent')
    assert a.stop() == 0
    singles = []
    for kind in 'process-matched', 'process-gone':
        singly = [e['SOCKAUDIT_PID'] for e in a.of(kind) if 'SOCKAUDIT_PROCESS_COUNT' not in e and e['SOCKAUDIT_PID'] in children]
        sums = [e for e in a.of(kind) if 'SOCKAUDIT_PROCESS_COUNT' in e]
        assert all((e['SOCKAUDIT_COMM'], e['SOCKAUDIT_PARENT_PID'], 'SOCKAUDIT_PID' in e) == ('noticed', str(parent.pid), False) for e in sums)
        assert len(singly) == len(set(singly)) and len(singly) + sum(int(e['SOCKAUDIT_PROCESS_COUNT']) for e in sums) == 200
        # Ten for each minute that began meanwhile.
        assert len(sums) >= 1 and len(singly) == 10 * len(sums)
        singles.append(set(singly))
    assert singles[0] == singles[1]


def test_zombie_is_seen_by_no_scan(audit, actor):
    """Who has ended is not there for a scan, either."""
    a = audit(CONFIG.replace('20s', '100ms').replace('1h', '1s'))
    parent = actor('noticed-parent')
    child = parent.do('os.fork() or time.sleep(60)')
    a.next('process-matched', PID=child)
    os.kill(child, signal.SIGKILL)
    a.next('process-gone', PID=child)
    a.cycles(25)
    assert len(a.of('process-matched', PID=child)) == 1


@pytest.fixture
def group():
    """A control group of the host; its processes are moved back at the end."""
    root = next(Path(line.split()[1]) for line in Path('/proc/mounts').read_text().splitlines() if line.split()[2] == 'cgroup2')
    path = root / f'sockaudit-moved-{os.getpid()}'
    path.mkdir()
    yield path / 'cgroup.procs'
    for pid in (path / 'cgroup.procs').read_text().split():
        (root / 'cgroup.procs').write_text(pid)
    path.rmdir()


def usual(config):
    """Looks and rescans follow each other as usual, but five times as fast."""
    return config.replace('20s', '200ms').replace('1h', '1s')


@pytest.mark.parametrize('comm', ['bystander', 'noticed'])
def test_moved_to_another_group(audit, actor, group, comm):
    """Who sleeps is moved by somebody else, watched before or not. One in eight is compared at each rescan: all are found by the eighth, not at once."""
    a = audit(usual(CONFIG.replace('watch:', 'watch:\n  - name: moved\n    match: {cgroup: "*/sockaudit-moved-*"}')))
    parent = actor(f'{comm}-parent')
    children = [parent.do('os.fork() or time.sleep(60)') for _ in range(8)]
    a.cycles(15)
    assert all(bool(a.of('process-matched', RULE='rule', PID=child)) == (comm == 'noticed') for child in children)
    before = time.time() * 1e6
    for child in children:
        group.write_text(str(child))
    found = [a.next('process-matched', PID=child, RULE='moved') for child in children]
    rescan = 1.2e6 + (1e6 if SANITIZED else 0.2e6)  # the first look after a second
    assert max(usec(e, 'NOT_AFTER') for e in found) < before + 8 * rescan
    assert len({e['SOCKAUDIT_NOT_AFTER'] for e in found}) > 1
    for child in children:
        os.kill(child, signal.SIGKILL)


def test_what_it_changes_itself(audit, actor):
    """Who leaves for another network namespace must run for that: found at the next rescan, or the one after it if he does while he is read."""
    a = audit(usual(CONFIG))
    moving = actor('bystander')
    a.cycles(15)
    for i in range(5):  # not by chance because it has its turn
        port = moving.do(f'(name(b"noticed-{i}"), ctypes.CDLL(None).unshare(0x40000000), '
                         'keep.setdefault(len(keep), socket.create_server(("0.0.0.0", 0))).getsockname()[1])[2]')
        made = time.time() * 1e6
        e = a.next('listener-appeared', 'listener-present', PID=moving.pid, LOCAL_PORT=port)
        assert usec(e, 'NOT_AFTER') < made + (6e6 if SANITIZED else 3e6)


def drops(pid):
    """Of the connector's sockets, by the kernel's own count: Drops, the last column but one, of netlink family 11."""
    rows = [line.split() for line in Path('/proc/net/netlink').read_text().splitlines()[1:]]
    inodes = {re.sub(r'\D', '', os.readlink(f'/proc/{pid}/fd/{fd}')) for fd in os.listdir(f'/proc/{pid}/fd')}
    return sum(int(r[8]) for r in rows if r[1] == '11' and r[9] in inodes)


def storm(seconds):
    """Renames itself as fast as it can."""
    return subprocess.Popen([sys.executable, '-c', f'''
import ctypes, time
prctl, end = ctypes.CDLL(None).prctl, time.monotonic() + {seconds}
while time.monotonic() < end:
    for i in range(1000): prctl(15, b"storm", 0, 0, 0)
'''])


def test_loss_is_exact_and_told(audit, actor):
    a = audit('collector: sock_diag\n' + CONFIG)
    os.kill(a.process.pid, signal.SIGSTOP)
    storm(3).wait(PATIENCE)
    late = actor('noticed-late')  # in the middle of what is lost
    lost = drops(a.process.pid)
    assert lost > 1000
    os.kill(a.process.pid, signal.SIGCONT)
    a.next('audit-lost')
    a.next('process-matched', PID=late.pid)
    a.until(lambda: sum(usec(e, 'LOST_COUNT') for e in a.of('audit-lost')) == drops(a.process.pid) >= lost, f'whole count of {lost}')
    assert {e['SOCKAUDIT_SEEN_BY'] for e in a.of('audit-lost')} == {'connector'}


def cpu(pid):
    fields = Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def test_storm_costs_little(audit, actor):
    """Whoever renames himself without end keeps the daemon no busier than it may be, and hides nobody."""
    a = audit(CONFIG.replace('20s', '1s').replace('1h', '5s').replace('50%', '5%'))
    before = cpu(a.process.pid)
    process = storm(8)
    time.sleep(1)
    hidden = actor('noticed-hidden')
    a.next('process-matched', PID=hidden.pid)
    process.wait(PATIENCE)
    used = (cpu(a.process.pid) - before) / 8
    assert used < (0.6 if SANITIZED else 0.15), f'{used:.0%} of a CPU'
    assert len(a.of('audit-lost')) <= 5


def test_elsewhere_it_is_said(tmp_path, ns):
    """In a namespace of its own the kernel acknowledges nothing."""
    a = Audit(tmp_path, 'collector: sock_diag\n' + CONFIG, ns)
    a.until(lambda: a.status.cycles >= 1, 'first cycle')
    a.until(lambda: any('no notices of processes here' in line for line in a.said), 'word of it')
    assert a.stop() == 0
