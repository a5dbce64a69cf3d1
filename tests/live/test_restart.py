# SPDX-License-Identifier: MIT
"""The daemon stops, or is killed, and starts again. After a clean stop what was told goes on, and what happened meanwhile is told with bounds that span the
stop; after any other end everything is told anew; and never is anything told that did not happen, or told twice."""

import itertools
import os
import signal
import struct
import subprocess
import time
from types import SimpleNamespace

import pytest

from audit import CONNECT, LISTEN, PATIENCE, Audit, Namespace, actors

CONFIG = '''
interval: 100ms
cpu_max: 100%
rescan: 1s
watch:
  - name: kept
    match: {comm: kept}
    sockets: {transport: tcp}
'''
OF_CONNECTIONS = ('connection-present', 'connection-appeared', 'connection-changed', 'connection-vanished', 'connection-completed')
FIRST_LOOKS = 6  # what is newer than these, and was not there in the last one, has appeared since


def now():
    return time.time_ns() // 1000


@pytest.fixture
def ns():
    ns = Namespace()
    yield ns
    ns.close()


@pytest.fixture
def start(ns):
    with actors(ns) as start:
        yield start


@pytest.fixture
def run(tmp_path, ns):
    """run(config): one run after the other, with the same state directory."""
    runs, number = [], itertools.count()

    def begin(config=CONFIG, looks=FIRST_LOOKS, ns=ns):
        directory = tmp_path / str(next(number))
        directory.mkdir()
        began = now()
        runs.append(Audit(directory, config, ns, environment={'STATE_DIRECTORY': str(tmp_path / 'state')}))
        runs[-1].began = began
        runs[-1].cycles(looks)
        return runs[-1]

    yield begin
    for a in runs:
        assert a.stop() in (0, -signal.SIGKILL)
        assert [int(e['SOCKAUDIT_SEQ']) for e in a.events] == list(range(1, len(a.events) + 1))


@pytest.fixture
def state(tmp_path):
    return tmp_path / 'state' / 'map'


@pytest.fixture
def sides(start):
    """A server that is not watched, and a process that is."""
    server, kept = start('server'), start('kept')
    port = server.do(LISTEN.format('l'))

    def connect(name):
        local = kept.do(CONNECT.format(name, port))
        server.do(f'keep.update({{{name!r}: keep["l"].accept()[0]}})')
        return local

    return SimpleNamespace(server=server, kept=kept, port=port, connect=connect)


def close(actor, name):
    actor.do(f'keep.pop({name!r}).close()')


def stop(a):
    before = now()
    assert a.stop() == 0
    return SimpleNamespace(before=before, after=now())


def kill(a):
    a.process.kill()
    a.process.wait(PATIENCE)
    for r in a.readers:
        r.join(PATIENCE)
    return now()


def bounds(e):
    return int(e.get('SOCKAUDIT_NOT_BEFORE', 0)), int(e['SOCKAUDIT_NOT_AFTER'])


def of(a, local):
    return a.of(*OF_CONNECTIONS, LOCAL_PORT=local)


def kinds(events):
    return [e['SOCKAUDIT_EVENT'] for e in events]


def gaps(a):
    """Those that a start tells. (On a busy machine there may be others.)"""
    return [e for e in a.of('audit-gap') if e['SOCKAUDIT_GAP_REASON'] in ('stopped', 'crashed', 'boot')]


def span(a, e, stopped):
    """It happened between the last look before the stop and the first after it."""
    not_before, not_after = bounds(e)
    assert not_before <= stopped.after and a.began <= not_after and not_after - not_before < 1e6 * PATIENCE


def test_what_happened_meanwhile(run, sides):
    names = ('stays', 'closed', 'reset', 'changes')
    ports = {name: sides.connect(name) for name in names}
    first = run()
    told = {name: first.next('connection-present', LOCAL_PORT=port) for name, port in ports.items()}
    stopped = stop(first)
    close(sides.kept, 'closed')
    sides.kept.do('reset(keep.pop("reset"))')
    close(sides.server, 'changes')
    ports['new'] = sides.connect('new')
    brief = sides.connect('brief')
    close(sides.kept, 'brief')

    a = run()
    assert kinds(a.events)[:2] == ['audit-started', 'audit-gap']
    gap, = gaps(a)
    assert gap['SOCKAUDIT_GAP_REASON'] == 'stopped' and gap['PRIORITY'] == '5'
    span(a, gap, stopped)
    assert a.events[0]['SOCKAUDIT_RUN'] != first.events[0]['SOCKAUDIT_RUN']
    assert not a.of('process-matched') and not a.of('connection-present')

    assert not of(a, ports['stays']) and not of(a, brief)
    a.next('connection-changed', LOCAL_PORT=ports['changes'])
    assert kinds(of(a, ports['changes'])) == ['connection-changed']
    assert kinds(of(a, ports['new'])) == ['connection-appeared']
    for name in ('closed', 'reset'):
        a.next('connection-vanished', LOCAL_PORT=ports[name])
        assert kinds(of(a, ports[name])) == ['connection-vanished']
    for name in ('closed', 'reset', 'changes', 'new'):
        e, = of(a, ports[name])
        span(a, e, stopped)
        assert e['SOCKAUDIT_PID'] == str(sides.kept.pid) and e['SOCKAUDIT_COMM'] == 'kept'
        if name in told:
            assert e['SOCKAUDIT_CONNECTION'] == told[name]['SOCKAUDIT_CONNECTION']
            assert e['SOCKAUDIT_PEER_PID'] == str(sides.server.pid)

    # And what lived on ends as it would have.
    closing = now()
    close(sides.kept, 'stays')
    e = a.next('connection-vanished', LOCAL_PORT=ports['stays'])
    assert e['SOCKAUDIT_CONNECTION'] == told['stays']['SOCKAUDIT_CONNECTION']
    assert bounds(e)[0] > a.began and bounds(e)[1] >= closing


def test_run_after_run(run, sides):
    """Nothing is told by three runs in which nothing happens."""
    local = sides.connect('c')
    a = run()
    a.next('connection-present', LOCAL_PORT=local)
    for _ in range(3):
        stop(a)
        a = run(looks=3)
        assert {e['SOCKAUDIT_EVENT'] for e in a.events} <= {'audit-started', 'audit-gap', 'audit-balance'}
    close(sides.kept, 'c')
    a.next('connection-vanished', LOCAL_PORT=local)


def test_processes_that_end(run, sides, start):
    """One ends, one gives its connection to its child, and one has another's number when the daemon comes back."""
    gone, parent = start('kept'), start('kept')
    local = gone.do(CONNECT.format('c', sides.port))
    inherited = parent.do(CONNECT.format('c', sides.port))
    first = run()
    first.next('connection-present', LOCAL_PORT=local)
    first.next('connection-present', LOCAL_PORT=inherited)
    stopped = stop(first)
    gone.end()
    child = parent.do('os.fork() or (sys.stdin.read(), time.sleep(1000))')
    parent.process.kill()
    parent.process.wait(PATIENCE)
    for _ in range(20):
        with open('/proc/sys/kernel/ns_last_pid', 'w') as f:
            f.write(str(gone.pid - 1))
        again = start('kept')
        if again.pid == gone.pid:
            break

    a = run()
    vanished = a.next('connection-vanished', LOCAL_PORT=local)
    span(a, vanished, stopped)
    assert vanished['SOCKAUDIT_PID'] == str(gone.pid)
    ended = a.next('process-gone', PID=gone.pid)
    assert ended['SOCKAUDIT_PROCESS_ENTITY'] == vanished['SOCKAUDIT_PROCESS_ENTITY']
    assert bounds(ended)[0] <= stopped.after and bounds(ended)[1] >= stopped.after
    matched = a.next('process-matched', PID=again.pid)
    assert matched['SOCKAUDIT_PROCESS_ENTITY'] != ended['SOCKAUDIT_PROCESS_ENTITY']
    a.next('process-gone', PID=parent.pid)
    # What the child has is its connection from now on.
    assert not of(a, inherited)
    os.kill(child, signal.SIGKILL)
    assert a.next('connection-vanished', LOCAL_PORT=inherited)['SOCKAUDIT_PID'] == str(child)


def test_somebody_else_s(run, sides, start):
    """A connection of nobody who is watched was there before the stop: it has not appeared when somebody who is has it."""
    other = start('other')
    old = other.do(CONNECT.format('old', sides.port))
    a = run()
    assert not of(a, old)
    stop(a)
    new = other.do(CONNECT.format('new', sides.port))
    other.do('name(b"kept")')
    a = run()
    assert kinds(of(a, old)) == ['connection-present']
    assert kinds(of(a, new)) == ['connection-appeared']


def test_another_configuration(run, sides, start):
    db = start('db')
    told, begins = sides.connect('c'), db.do(CONNECT.format('c', sides.port))
    a = run()
    a.next('connection-present', LOCAL_PORT=told)
    stop(a)
    a = run(CONFIG.replace('kept', 'db'))
    a.next('connection-present', LOCAL_PORT=begins)
    a.next('process-gone', COMM='kept')
    assert not of(a, told)
    close(sides.kept, 'c')
    close(db, 'c')
    a.next('connection-vanished', LOCAL_PORT=begins)
    assert not of(a, told)


def test_namespaces(run, ns, sides):
    """Others than the daemon's: one in which a process lives on, and one that is gone meanwhile."""
    others = [Namespace(), Namespace()]
    with actors(others[0]) as here, actors(others[1]) as there:
        ports = []
        for begin in (here, there):
            actor = begin('kept')
            server = actor.do(LISTEN.format('l'))
            ports.append(actor.do(CONNECT.format('c', server)))
        a = run()
        told = [a.next('connection-present', LOCAL_PORT=p) for p in ports]
        stopped = stop(a)
        actor.end()
        others[1].close()
        a = run()
        e = a.next('connection-vanished', CONNECTION=told[1]['SOCKAUDIT_CONNECTION'])
        span(a, e, stopped)
        assert not of(a, ports[0]) or ports[0] == ports[1]
        assert not a.of('connection-present', 'connection-appeared')
    others[0].close()


def test_kill(run, sides):
    local = sides.connect('c')
    first = run('balance: 1s\n' + CONFIG)
    first.next('connection-present', LOCAL_PORT=local)
    first.next('audit-balance')
    looked = now()
    first.until(lambda: len(first.of('audit-balance')) > 2, 'balance')
    killed = kill(first)
    a = run()
    gap, = gaps(a)
    assert gap['SOCKAUDIT_GAP_REASON'] == 'crashed' and gap['PRIORITY'] == '4'
    assert looked - 1e6 < bounds(gap)[0] <= killed and bounds(gap)[1] >= a.began
    assert kinds(of(a, local)) == ['connection-present']
    a.next('process-matched', PID=sides.kept.pid)


def test_believed_once(run, sides, state):
    """A run that was killed has not left the map that it found."""
    local = sides.connect('c')
    stop(run())
    saved = state.read_bytes()
    a = run(looks=1)
    assert not of(a, local) and len(state.read_bytes()) < len(saved)
    kill(a)
    close(sides.kept, 'c')
    a = run()
    assert gaps(a)[0]['SOCKAUDIT_GAP_REASON'] == 'crashed' and not of(a, local)


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def flip(data):
    return data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]


def sealed(data):
    return data[:12] + struct.pack('=I', crc32c(data[16:])) + data[16:]


@pytest.mark.parametrize('spoil, said, reason', [
    (lambda d: d[:len(d) // 2], 'it is damaged', 'crashed'),
    (flip, 'it is damaged', 'crashed'),
    (lambda d: b'', 'it is none of ours', 'crashed'),
    (lambda d: b'something else' * 100, 'it is none of ours', 'crashed'),
    (lambda d: sealed(d[:-9]), 'it cannot be', 'stopped'),
    (lambda d: d[:8] + struct.pack('=I', 99) + d[12:], 'another version made it', 'stopped'),
    (lambda d: sealed(d[:16] + b'0' * 32 + d[48:]), None, 'boot'),
], ids=['cut', 'bit', 'empty', 'foreign', 'wrong', 'future', 'boot'])
def test_not_believed(run, sides, state, spoil, said, reason):
    local = sides.connect('c')
    stopped = stop(run())
    state.write_bytes(spoil(state.read_bytes()))
    close(sides.kept, 'c')
    other = sides.connect('d')
    a = run()
    gap, = gaps(a)
    assert gap['SOCKAUDIT_GAP_REASON'] == reason
    if reason == 'crashed':
        assert 'SOCKAUDIT_NOT_BEFORE' not in gap
    else:
        span(a, gap, stopped)
    assert said is None or any(said in line and 'not believed' in line for line in a.said)
    assert kinds(of(a, other)) == ['connection-present'] and not of(a, local)


def test_another_user_s_file(run, sides, state):
    local = sides.connect('c')
    stop(run())
    os.chown(state, 1, 1)
    a = run()
    assert any('not believed' in line for line in a.said) and kinds(of(a, local)) == ['connection-present']
    stop(a)
    assert state.stat().st_uid == 0 and state.stat().st_mode & 0o777 == 0o600
    a = run()
    assert not of(a, local)


@pytest.fixture
def disk(tmp_path):
    """The state directory is a small file system of its own."""
    (tmp_path / 'state').mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=16k,mode=700', 'tmpfs', tmp_path / 'state'], check=True)
    yield tmp_path / 'state'
    subprocess.run(['umount', '-l', tmp_path / 'state'], check=True)


def test_full_disk(disk, run, sides):
    """The map does not fit: the start after that knows by the file before it that something is missing."""
    local = sides.connect('c')
    a = run()
    with pytest.raises(OSError), open(disk / 'other', 'wb', buffering=0) as f:
        while True:
            f.write(bytes(4096))
    stop(a)
    assert any('cannot be saved' in line for line in a.said)
    (disk / 'other').unlink()
    a = run()
    assert [e['SOCKAUDIT_GAP_REASON'] for e in gaps(a)] == ['crashed'] and kinds(of(a, local)) == ['connection-present']


def test_read_only_disk(disk, run, sides):
    """What cannot be taken away is not believed: it would be again at the next start."""
    local = sides.connect('c')
    stop(run())
    subprocess.run(['mount', '-o', 'remount,ro', disk], check=True)
    for _ in range(2):
        a = run()
        assert any('cannot be used' in line for line in a.said) and kinds(of(a, local)) == ['connection-present']
        stop(a)


def test_disk_that_becomes_read_only(disk, run, sides):
    """While it runs: degraded, and restored."""
    sides.connect('c')
    a = run('balance: 1s' + CONFIG)
    subprocess.run(['mount', '-o', 'remount,ro', disk], check=True)
    a.until(lambda: a.of('audit-degraded'), 'degraded')
    degraded = a.of('audit-degraded')[0]
    assert (degraded['SOCKAUDIT_CONDITION'], degraded['SOCKAUDIT_ERROR']) == ('map', 'EROFS')
    subprocess.run(['mount', '-o', 'remount,rw', disk], check=True)
    a.until(lambda: a.of('audit-restored'), 'restored')
    restored = a.of('audit-restored')[0]
    assert restored['SOCKAUDIT_NOT_BEFORE'] == degraded['SOCKAUDIT_NOT_AFTER']
    assert len(a.of('audit-degraded')) == 1
    stop(a)


def test_another_daemon(run, sides):
    """Two at once do not take each other's map."""
    local = sides.connect('c')
    first, second = run(), run()
    assert any('another sockauditd uses it' in line for line in second.said)
    for a in (first, second):
        assert kinds(of(a, local)) == ['connection-present']
    stop(first)
    stop(second)
    assert not of(run(), local)


def test_nobody_reads(tmp_path, ns, sides):
    """Without a journal, and a state directory, nothing is kept."""
    before = os.path.exists('/var/lib/sockaudit/map')
    for name in ('a', 'b'):
        (tmp_path / name).mkdir()
        a = Audit(tmp_path / name, CONFIG, ns)
        a.cycles(2)
        assert not gaps(a)
        stop(a)
    assert os.path.exists('/var/lib/sockaudit/map') == before
