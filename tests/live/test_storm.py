# SPDX-License-Identifier: MIT
"""Nothing missed: connections of every kind, each shorter than a look, by processes some of which live for a millisecond. What the daemon tells of them is
what was made, end by end, and as many as the kernel itself has counted. FULL=1 in the environment makes as many as go on both processors for ten seconds."""

import json
import os
import signal
import time
from collections import Counter

import pytest

from audit import PATIENCE, Actor, Audit
from storms import KINDS, STORM, assert_in_time, begin_storm, calm_namespace, end_storm, kernel_opens, made_opens, pair_up, plain_address, storm, wrong

FULL = os.environ.get('FULL')
COUNT = 300
MANY = 125000 if FULL else 2000  # of each of two storms
TOGETHER = [('plain', 'plain'), ('apart', 'half'), ('reset-client', 'again-other'), ('nonblocking', 'unread-client')]
CONFIG = '''
interval: 200ms
cpu_max: 100%
rescan: 1s
balance: 1s
budget: 1T
collector: bpf
limits: {{queue: 1G, ring: {ring}}}
watch:
  - name: storm
    match: {{exe: {storm}}}
    sockets: {{transport: [tcp]}}
  - name: kept
    match: {{comm: {kept}}}
    sockets: {{transport: [tcp]}}
'''
ENDS = ('connection-completed', 'connection-failed', 'connection-vanished')
MILLISECOND = 1000  # as exactly as the daemon knows the offset between its clock and that of the wall


def offset():
    return (time.clock_gettime_ns(time.CLOCK_REALTIME) - time.clock_gettime_ns(time.CLOCK_BOOTTIME)) // 1000


def assert_nothing_lost(events):
    """Looks may come late on a machine with other work, and that is told."""
    assert [e['MESSAGE'] for e in events if e['SOCKAUDIT_EVENT'] in ('audit-lost', 'audit-degraded') or
            (e['SOCKAUDIT_EVENT'] == 'audit-gap' and e['SOCKAUDIT_GAP_REASON'] != 'cycle-missed')] == []


class Watched:
    """The daemon in a namespace of its own, in which one process that is watched stays."""

    def __init__(self, directory, ring='64M', prefix=()):
        self.ns = calm_namespace()
        self.name = f'kept-{os.urandom(4).hex()}'  # the programs see all namespaces, and in others others may run
        self.kept = Actor(self.name, self.ns)
        self.before = kernel_opens(self.ns)
        self.audit = Audit(directory, CONFIG.format(storm=STORM, kept=self.name, ring=ring), self.ns, prefix=prefix)
        self.audit.cycles(2)
        self.seen = 0
        self.made = (0, 0)

    def ends_told(self):
        return [e for e in self.audit.events[self.seen:] if e['SOCKAUDIT_EVENT'] in ENDS and e['SOCKAUDIT_NETNS'] == str(self.ns.inode())]

    def count_made(self, ends):
        self.made = tuple(map(sum, zip(self.made, made_opens(ends))))

    def told_of(self, ends):
        """Each end with the event that told how it ended."""
        self.count_made(ends)
        try:
            self.audit.until(lambda: len(self.ends_told()) >= len(ends), f'{len(ends)} ends')
        except AssertionError:
            told = Counter(key(e, 'LOCAL', 'PEER') for e in self.ends_told())
            print('missing:', Counter((e.kind, e.side) for e in ends if e.key not in told))
            raise
        self.audit.cycles(1)
        pairs, others = self.pair_up(ends)
        assert_nothing_lost(others)
        return pairs

    def pair_up(self, ends):
        """And all events beside them."""
        told, seen = self.ends_told(), self.audit.events[self.seen:]
        self.seen += len(seen)
        appeared = {e['SOCKAUDIT_CONNECTION']: e for e in seen if e['SOCKAUDIT_EVENT'] == 'connection-appeared'}
        for e in told:
            e['opened'] = opened_between(e, appeared.get(e['SOCKAUDIT_CONNECTION']))
        assert len({e['SOCKAUDIT_CONNECTION'] for e in told}) == len(told)
        return pair_up(ends, told, lambda e: key(e, 'LOCAL', 'PEER'), lambda e: e['opened']), seen

    def balance(self):
        """The first one that was begun after this call."""
        had = len(self.audit.of('audit-balance'))
        self.audit.until(lambda: len(self.audit.of('audit-balance')) > had + 1, 'balance')
        return self.audit.of('audit-balance')[-1]

    def end(self):
        try:
            assert self.audit.stop() == 0, self.audit.said[-5:]
        finally:
            self.kept.end()
            self.ns.close()


def opened_between(event, appeared):
    """A look that came between has only bounds."""
    if 'SOCKAUDIT_OPENED_AT' in event:
        return int(event['SOCKAUDIT_OPENED_NOT_BEFORE']), int(event['SOCKAUDIT_OPENED_AT'])
    return int(appeared['SOCKAUDIT_NOT_BEFORE']), int(appeared['SOCKAUDIT_NOT_AFTER'])


def key(event, *sides):
    return tuple(plain_address((event[f'SOCKAUDIT_{side}_ADDRESS'], event[f'SOCKAUDIT_{side}_PORT'])) for side in sides)


@pytest.fixture(scope='module')
def watched(tmp_path_factory):
    w = Watched(tmp_path_factory.mktemp('storm'))
    yield w
    w.end()


# ---- what is right ----------------------------------------------------------------------------------------------------------------


def comm_of(e, pid):
    if pid == e.listener or (e.side == 'active' and e.kind != 'passed'):
        return 'storm'
    return 'storm-server' if e.side == 'passive' else 'storm-keeper'


def right_process(e, s):
    """Who connected; of what was accepted who closed it, or, while nobody has done anything, who listens there; or whom a look has found holding it."""
    pids = {'opener': [e.pid], 'acceptor': [e.pid], 'closer': [e.holder], 'listener': [e.listener], None: [e.pid, e.holder]}
    pid = int(s['SOCKAUDIT_PID'])
    return pid in pids[s.get('SOCKAUDIT_ATTRIBUTION')] and (s['SOCKAUDIT_COMM'], s.get('SOCKAUDIT_EXE')) == (comm_of(e, pid), str(STORM))


def right_bytes(e, s):
    """As many as were sent and received."""
    return (int(s['SOCKAUDIT_BYTES_SENT']), int(s['SOCKAUDIT_BYTES_RECEIVED'])) == (e.sent, e.received)


def right_end(e, s):
    """How it ended, who ended it (that is not said of a reset) and the error."""
    kind = 'connection-failed' if e.end in ('refused', 'timed-out', 'unreachable') else ('connection-completed', 'connection-vanished')
    return (s['SOCKAUDIT_EVENT'] in kind and s.get('SOCKAUDIT_END') == e.end and s.get('SOCKAUDIT_ERROR', '') == e.error and
            (s['SOCKAUDIT_CLOSED_BY'] == e.closed_by if e.end == 'closed' else s.get('SOCKAUDIT_CLOSED_BY', e.closed_by) == e.closed_by))


def right_rest(e, s):
    """Which way, told by whom, under which rule."""
    return (s['SOCKAUDIT_DIRECTION'], s['SOCKAUDIT_SEEN_BY'], s['SOCKAUDIT_RULE']) == ('egress' if e.side == 'active' else 'ingress', 'bpf', 'storm')


def assert_told_right(pairs):
    for check in right_process, right_bytes, right_end, right_rest:
        assert wrong(pairs, check) == []
    shift = offset()
    assert_in_time(pairs, lambda s: [t - shift for t in s['opened']], lambda s: int(s['SOCKAUDIT_NOT_AFTER']) - shift, slack=MILLISECOND)


# ---- tests ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('kind', KINDS)
def test_each_kind(watched, kind):
    before = kernel_opens(watched.ns)
    ends = storm(watched.ns, kind, COUNT)
    assert made_opens(ends) == tuple(b - a for a, b in zip(before, kernel_opens(watched.ns)))
    assert_told_right(watched.told_of(ends))


def test_all_kinds_at_once(watched):
    """Beside each other, and in another order each time."""
    kinds = [kind for kind in KINDS if kind not in ('unreachable', 'timed-out')]
    running = [begin_storm(watched.ns, kind, COUNT // 3, rate=200) for kind in kinds]
    assert_told_right(watched.told_of([e for p in running for e in end_storm(p)]))


# The port is taken, towards that peer: the attempt fails before anything is sent.
TAKEN = '''
def taken(port):
    s = keep['taken'] = [socket.socket() for _ in range(2)]
    for one in s:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(('127.0.0.1', 7777))
    return [one.connect_ex(('127.0.0.1', port)) for one in s]
'''


def numbers(event, field):
    return tuple(int(n) for n in event[f'SOCKAUDIT_{field}'].split())[:2]


def test_the_books(watched):
    """Each link of the chain: kernel = hooked but for what was never sent, watched = recorded = reported = made."""
    port = watched.kept.do('listen()')
    watched.kept.do(f'exec({TAKEN!r})')
    errors = watched.kept.do(f'taken({port})')
    made = watched.made[0] + 2, watched.made[1] + 1
    watched.audit.cycles(1)
    b = watched.balance()
    print(b['MESSAGE'])
    assert errors == [0, 99]  # EADDRNOTAVAIL
    kernel = tuple(now - then for now, then in zip(kernel_opens(watched.ns), watched.before))
    assert numbers(b, 'OPENED_KERNEL') == kernel == (made[0] - 1, made[1])
    assert numbers(b, 'OPENED_HOOKED') == made and b['SOCKAUDIT_OPENED_UNSENT'] == '1'
    assert numbers(b, 'OPENED_WATCHED') == numbers(b, 'OPENED_RECORDED') == numbers(b, 'OPENED_REPORTED') == made
    assert b['PRIORITY'] == '6' and 'SOCKAUDIT_ESTIMATE' not in b and 'SOCKAUDIT_UNBALANCED' not in b
    watched.kept.do('[s.close() for s in keep.pop("taken")], keep.pop("l").close()')
    # A foreign process is the kernel's and the programs' business, and nobody else's.
    foreign = Actor('foreign', watched.ns)
    port = foreign.do('listen()')
    foreign.do(f'keep.update(c=socket.create_connection(("127.0.0.1", {port})), a=keep["l"].accept()[0])')
    foreign.end()
    b = watched.balance()
    assert numbers(b, 'OPENED_KERNEL') == (kernel[0] + 1, kernel[1] + 1) and numbers(b, 'OPENED_HOOKED') == (made[0] + 1, made[1] + 1)
    assert numbers(b, 'OPENED_WATCHED') == numbers(b, 'OPENED_RECORDED') == numbers(b, 'OPENED_REPORTED') == made


def lost_of(audit, pid):
    """Closes, bytes sent and received."""
    told = audit.of('audit-lost', PID=pid)
    return tuple(sum(int(e[f'SOCKAUDIT_{field}']) for e in told) for field in ('LOST_COUNT', 'BYTES_SENT', 'BYTES_RECEIVED'))


OPEN = 'keep.setdefault("c", []).append(socket.create_connection(keep["l"].getsockname())), keep.setdefault("a", []).append(keep["l"].accept()[0])'


def test_reader_stopped(tmp_path):
    """For a second, and there is little room: each close is told, or counted as lost of its process; then the map is right."""
    w = Watched(tmp_path, ring='64K')
    try:
        w.kept.do('listen()')
        for _ in range(3):
            w.kept.do(OPEN)
        w.audit.until(lambda: len(w.audit.of('connection-appeared', COMM=w.name)) == 6, 'what is kept')
        w.audit.process.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        ends = storm(w.ns, 'plain', 5000)
        w.kept.do('keep["c"].pop(0).close(), keep["a"].pop(0).close()')
        w.kept.do(OPEN)
        time.sleep(max(0, begun + 1 - time.monotonic()))
        w.audit.process.send_signal(signal.SIGCONT)
        pid, = {e.pid for e in ends}
        w.audit.until(lambda: lost_of(w.audit, pid)[0] > 0, 'loss')
        # What was opened meanwhile may be told as older: it is after a gap.
        shown = 'connection-appeared', 'connection-present'
        w.audit.until(lambda: len(w.audit.of('connection-vanished', COMM=w.name)) == 2 and len(w.audit.of(*shown, COMM=w.name)) == 8, 'healing')
        w.audit.cycles(2)
        # Of what was opened before the ring was full, and closed after, a look told the end, and that its notice was lost is true.
        told = [e for e in w.ends_told() if e['SOCKAUDIT_PID'] == str(pid) and 'SOCKAUDIT_END' in e]
        count, *lost = lost_of(w.audit, pid)
        print(f'{len(ends)} ends: {len(told)} told, {count} lost')
        assert count > 1000 and count + len(told) == len(ends) + 1  # which is the listener of the storm
        for i, side in enumerate(('sent', 'received')):
            assert lost[i] + sum(int(e[f'SOCKAUDIT_BYTES_{side.upper()}']) for e in told) == sum(getattr(e, side) for e in ends)
        # What nobody told is not made up: all of the storm is over, and what is kept is there.
        kinds = Counter(e['SOCKAUDIT_EVENT'] for e in w.audit.of(COMM=w.name) if e['SOCKAUDIT_EVENT'].startswith('connection-'))
        assert kinds['connection-vanished'] == 2 and sum(kinds[kind] for kind in shown) == 8 and sum(kinds.values()) == 10
    finally:
        w.end()


class Told:
    """Lines that the daemon writes into a file, without hurry."""

    def __init__(self, path):
        self.file, self.lines, self.begun = path.open('rb'), [], b''

    def count(self):
        *lines, self.begun = (self.begun + self.file.read()).split(b'\n')
        self.lines += [line for line in lines if b'"SOCKAUDIT_EVENT":"audit-balance"' not in line]
        return len(self.lines)


@pytest.mark.parametrize('kinds', TOGETHER if FULL else TOGETHER[:1], ids='+'.join)
def test_as_many_as_go(tmp_path, kinds):
    """All of them are told, whenever. That looks come late beside them is told, too."""
    path = tmp_path / 'events'
    w = Watched(tmp_path, ring='1G', prefix=('sh', '-c', f'exec "$@" >{path}', 'sh'))
    try:
        running = [begin_storm(w.ns, kind, MANY) for kind in kinds]
        ends = [e for p in running for e in end_storm(p, 300)]
        seconds = (max(e.closed[1] for e in ends) - min(e.opened[0] for e in ends)) / 1e6
        told = Told(path)
        w.audit.until(lambda: told.count() >= len(ends), f'{len(ends)} lines', 300)
        w.audit.cycles(2)
        assert w.audit.stop() == 0
        told.count()
        w.audit.events = [json.loads(line) for line in told.lines]
        pairs, others = w.pair_up(ends)
        print(f'{len(pairs) // 2} connections, {len(pairs) / 2 / seconds:.0f} a second')
        assert_told_right(pairs)
        assert made_opens(ends) == tuple(now - then for now, then in zip(kernel_opens(w.ns), w.before))
        assert_nothing_lost(others)
    finally:
        w.end()
