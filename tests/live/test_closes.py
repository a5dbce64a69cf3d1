# SPDX-License-Identifier: MIT
"""Closes as they happen. A watched process makes connections that live shorter than a look, and some that live longer, and writes down when it closed them
and how much it sent. Every close of it must be told: as one that vanished, was completed, or was missed; their number and their bytes are those of the
process, and of the kernel's counters."""

import os
import re
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from audit import PATIENCE, Actor, Audit, Namespace

COUNT = 4000
LONG = 100  # one in so many lives longer than a look
CONFIG = '''
interval: {interval}
cpu_max: 100%
rescan: 1s
collector: {collector}
limits: {{queue: 256M}}
watch:
  - name: watched
    match: {{comm: "watched*"}}
    sockets: {{transport: [tcp, udp]}}
'''
WITHOUT = {'second-text': 'sys_admin', 'own': '', 'second': ''}


class Stage:
    """Namespaces, actors and daemons of one test; what it did not end itself ends with it."""

    def __init__(self, tmp_path):
        self.path, self.all = tmp_path, []

    def namespace(self):
        self.all.append(Namespace())
        return self.all[-1]

    def actor(self, *arguments):
        self.all.append(Actor(*arguments))
        return self.all[-1]

    def audit(self, ns, collector='sock_diag', interval='200ms', drop='', cycles=2):
        """The daemon in `ns`, without a capability."""
        prefix = ['setpriv', '--bounding-set', f'-{drop}'] if drop else []
        a = Audit(self.path, CONFIG.format(collector=collector, interval=interval), Prefixed(ns, prefix))
        self.all.append(a)
        a.until(lambda: a.status.cycles > 0, 'first cycle')
        if cycles:
            a.cycles(cycles)
        return a

    def close(self):
        for x in reversed(self.all):
            if x.process.poll() is None:
                x.process.kill()
                x.process.wait()


@pytest.fixture
def stage(tmp_path):
    s = Stage(tmp_path)
    yield s
    s.close()


class Prefixed:
    def __init__(self, ns, prefix):
        self.ns, self.prefix = ns, prefix

    def command(self, *command):
        return self.ns.command(*self.prefix, *command)


def opens(pid):
    """Active and passive openings of a namespace."""
    names, values = [line.split() for line in Path(f'/proc/{pid}/net/snmp').read_text().splitlines() if line.startswith('Tcp:')]
    counts = dict(zip(names, values))
    return int(counts['ActiveOpens']), int(counts['PassiveOpens'])


def storm(a, process, count, every):
    """What of it lives longer has been told before it ends."""
    long = set(map(tuple, process.do(f'storm({count}, {every})')))
    a.until(lambda: long <= {ports(e) for e in a.of('connection-appeared', 'connection-present') if 'SOCKAUDIT_PEER_PORT' in e}, 'what lives longer')
    return process.do('calm()')


def number(e, field):
    return int(e[f'SOCKAUDIT_{field}'])


def ports(e):
    return number(e, 'LOCAL_PORT'), number(e, 'PEER_PORT')


def check_end(e, side, text):
    """An end that was told, against what the process wrote down."""
    assert number(e, 'NOT_AFTER') >= side['closing'], e['MESSAGE']
    assert int(e.get('SOCKAUDIT_NOT_BEFORE', 0)) <= side['closed'], (e['MESSAGE'], side)
    if text and e['SOCKAUDIT_SEEN_BY'] == 'snapshot' and 'SOCKAUDIT_BYTES_SENT' not in e:
        return  # a look was faster than the message
    assert number(e, 'BYTES_SENT') == side['sent'], e['MESSAGE']
    assert number(e, 'BYTES_RECEIVED') - side['received'] in (0, 1), e['MESSAGE']  # the other side's end may count


@pytest.mark.parametrize('where', ['own', 'second', 'second-text'])
def test_every_close_is_told(stage, where):
    home = stage.namespace()
    away = home if where == 'own' else stage.namespace()
    # No port twice, by which sides are known.
    subprocess.run(away.command('sysctl', '-qw', 'net.ipv4.tcp_tw_reuse=0'), check=True)
    a = stage.audit(home, drop=WITHOUT[where])
    process = stage.actor('watched-storm', away)
    try:
        listener = process.do('listen()')
        a.next('listener-appeared', 'listener-present', LOCAL_PORT=listener)
        before = opens(process.pid)
        sides = {(s['local'], s['peer']): s for s in storm(a, process, COUNT, LONG)}
        after = opens(process.pid)
        a.cycles(4)
    finally:
        process.end()
        code = a.stop()
        away.close()
        if home is not away:
            home.close()
    assert code == 0 and not a.of('audit-lost')
    assert after[0] - before[0] == after[1] - before[1] == COUNT == len(sides) // 2

    ends = a.of('connection-vanished') + a.of('connection-completed') + a.of('connection-failed')
    each, folded = a.of('connection-missed'), a.of('connection-summary')
    told = Counter(ports(e) for e in ends + each)
    assert [p for p, n in told.items() if n != 1 or p not in sides] == []
    for e in ends + each:
        check_end(e, sides[ports(e)], where == 'second-text')
    # The listener is told, so its side is told one by one. Of the other side nothing says whose it was: folded, and exact.
    untold = [s for p, s in sides.items() if p not in told]
    assert [s for s in untold if s['local'] == listener] == []
    assert sum(number(e, 'MISSED') for e in folded) == len(untold)
    assert sum(number(e, 'BYTES_SENT') for e in folded if 'SOCKAUDIT_BYTES_SENT' in e) == sum(s['sent'] for s in untold)
    assert sum(number(e, 'BYTES_RECEIVED') for e in folded if 'SOCKAUDIT_BYTES_RECEIVED' in e) - sum(s['received'] for s in untold) in range(len(untold) + 1)
    # Of those that lived long enough to be looked at, the process is known.
    long = [p for p, s in sides.items() if s['long']]
    assert len(long) == 2 * COUNT // LONG
    assert {p for p in long if p in map(ports, ends)} == set(long)
    assert [e for e in ends if e['SOCKAUDIT_PID'] != str(process.pid)] == []
    assert [e for e in each if e['SOCKAUDIT_ATTRIBUTION'] != 'listener' or e['SOCKAUDIT_PID'] != str(process.pid)] == []
    inode = {e['SOCKAUDIT_NETNS'] for e in ends + each + folded}
    assert len(inode) == 1
    opened = Counter(ports(e) for e in a.of('connection-appeared'))
    assert Counter(ports(e) for e in a.of('connection-vanished')) == opened
    print(f'{where}: {len(ends)} ended, {len(each)} missed each, {sum(number(e, "MISSED") for e in folded)} folded')


def test_a_number_that_is_used_again(stage):
    """The kernel gives the number of a dead namespace to the next one."""
    home = stage.namespace()
    a = stage.audit(home)
    numbers = []
    for i in range(4):
        ns = stage.namespace()
        process = stage.actor(f'watched-{i}', ns)
        port = process.do('listen()')
        a.next('listener-appeared', 'listener-present', LOCAL_PORT=port, NETNS=ns.inode(), PID=process.pid)
        numbers += re.findall(r'id (\d+)', subprocess.run(home.command('lsns', '-t', 'net'), capture_output=True, text=True).stdout)
        told = [(s['local'], s['peer'], s['sent']) for s in storm(a, process, 40, 1)]
        # With the bytes of its own storm, and none twice: what came from another namespace would be missed.
        a.until(lambda: sum(len(a.of(k, PID=process.pid)) for k in ('connection-vanished', 'connection-completed')) == 80, 'ends of 80 sides')
        ends = a.of('connection-vanished', PID=process.pid) + a.of('connection-completed', PID=process.pid)
        assert sorted((*ports(e), number(e, 'BYTES_SENT')) for e in ends) == sorted(told)
        assert {e['SOCKAUDIT_SEEN_BY'] for e in ends} == {'destroy'}
        process.end()
        ns.close()
        a.next('process-gone', PID=process.pid)
    a.cycles(2)
    assert a.stop() == 0
    home.close()
    assert [e['MESSAGE'] for e in a.of('connection-missed', 'connection-summary')] == []


def drops(a):
    """By the kernel's own list: the sock_diag socket of the daemon that is in groups."""
    for line in Path(f'/proc/{a.process.pid}/net/netlink').read_text().splitlines()[1:]:
        _, protocol, _, groups, queued, _, _, _, dropped, inode = line.split()
        if protocol == '4' and int(groups, 16) and any(os.readlink(fd) == f'socket:[{inode}]' for fd in Path(f'/proc/{a.process.pid}/fd').iterdir()):
            return int(dropped), int(queued)
    raise AssertionError('no such socket')


def test_loss_is_exact(stage):
    """The daemon is stopped while more sockets are closed than its buffer takes."""
    count = 80000
    ns = stage.namespace()
    process = stage.actor('watched-flood', ns)
    a = stage.audit(ns, interval='60s', cycles=0)
    a.process.send_signal(signal.SIGSTOP)
    process.do(f'[socket.socket(type=socket.SOCK_DGRAM).close() for _ in range({count})] and None')
    # The kernel's worker is done when the numbers stand still.
    last, still = None, 0
    end = time.monotonic() + PATIENCE
    while still < 20:
        now = drops(a)
        last, still = now, still + 1 if now == last else 0
        assert time.monotonic() < end
        time.sleep(0.05)
    assert 0 < last[0] < count
    cycles = a.status.cycles
    a.process.send_signal(signal.SIGCONT)
    a.next('audit-lost')
    a.until(lambda: a.status.cycles > cycles, 'healing look')  # the interval is a minute
    a.until(lambda: sum(number(e, 'LOST_COUNT') for e in a.of('audit-lost')) >= last[0], 'whole loss')
    dropped = drops(a)[0]
    process.end()
    assert a.stop() == 0
    ns.close()
    lost = sum(number(e, 'LOST_COUNT') for e in a.of('audit-lost'))
    assert lost == dropped
    assert 'SOCKAUDIT_SINK' not in a.of('audit-lost')[0]
    # What was not lost was counted: sockets without a peer.
    assert number(a.of('audit-balance')[-1], 'UNATTRIBUTABLE') == count - lost


def test_attempts(stage):
    """A listener whose queue is full leaves others in SYN_SENT. One is given up, one refused, one answered in the end."""
    ns = stage.namespace()
    a = stage.audit(ns)
    process = stage.actor('watched-attempts', ns)
    # Here nobody is looked at: its sockets are not told.
    server = stage.actor('server', ns)
    port = server.do('keep.setdefault("l", socket.create_server(("127.0.0.1", 0), backlog=0)).getsockname()[1]')
    process.do(f'keep.setdefault("full", socket.create_connection(("127.0.0.1", {port}))).getsockname()[1]')
    attempts = [process.do(f'attempt({i}, {port})') for i in range(3)]
    for p in attempts:
        e = a.next('connection-appeared', 'connection-present', LOCAL_PORT=p)
        assert e['SOCKAUDIT_STATE'] == 'syn-sent' and e['SOCKAUDIT_DIRECTION'] == 'egress'
    process.do('keep[0].close()')
    e = a.next('connection-failed', LOCAL_PORT=attempts[0])
    assert (number(e, 'PEER_PORT'), e['PRIORITY'], e['SOCKAUDIT_PID']) == (port, '5', str(process.pid)) and 'SOCKAUDIT_ERROR' not in e

    # The queue has room again: the next SYN is answered.
    server.do('keep.setdefault("a", keep["l"].accept()) and None')
    answered = None
    end = time.monotonic() + PATIENCE
    while answered is None:
        answered = next((i for i in (1, 2) if process.do(f'keep[{i}].getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]') == 1), None)
        assert time.monotonic() < end
        time.sleep(0.05)
    process.do(f'keep[{answered}].send(b"x" * 7)')
    process.do(f'keep[{answered}].close()')
    server.do('keep["l"].accept()[0].close()')
    e = a.next('connection-vanished', LOCAL_PORT=attempts[answered])
    assert number(e, 'BYTES_SENT') == 7

    # Nobody listens any more: the next SYN of the last one is refused, as the process finds when it looks.
    other = 3 - answered
    server.do('keep["l"].close()')
    while process.do(f'keep[{other}].getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]') in (1, 2):
        assert time.monotonic() < end + PATIENCE
        time.sleep(0.05)
    process.do(f'keep[{other}].close()')
    a.until(lambda: [e for e in a.of('connection-failed', 'connection-vanished') if number(e, 'LOCAL_PORT') == attempts[other]], 'end of the last one')
    for p in process, server:
        p.end()
    a.cycles(2)
    assert a.stop() == 0
    ns.close()
    # Each of them ended once; a look may have found the refused one gone first, and then cannot say why.
    ended = Counter(number(e, 'LOCAL_PORT') for e in a.of('connection-failed', 'connection-vanished') if number(e, 'LOCAL_PORT') in attempts)
    assert ended == Counter(attempts)
    assert not a.of('connection-failed', LOCAL_PORT=attempts[answered])


def test_reset_and_held(stage):
    """A connection that was reset is over. That its process closes the socket much later is not the close of another one."""
    ns = stage.namespace()
    a = stage.audit(ns)
    process = stage.actor('watched-held', ns)
    port = process.do('listen()')
    client = process.do('keep.setdefault("c", socket.create_connection(keep["l"].getsockname())).getsockname()[1]')
    process.do('keep.setdefault("a", keep["l"].accept()[0]).fileno()')
    a.next('connection-appeared', 'connection-present', LOCAL_PORT=client)
    process.do('reset(keep.pop("a"))')
    a.next('connection-vanished', LOCAL_PORT=client)
    a.cycles(6)
    process.do('keep.pop("c").close()')
    a.cycles(2)
    process.end()
    assert a.stop() == 0
    ns.close()
    assert a.of('connection-missed', 'connection-summary') == []
    assert len(a.of('connection-vanished', LOCAL_PORT=client)) == len(a.of('connection-vanished', LOCAL_PORT=port)) == 1


def test_udp(stage):
    ns = stage.namespace()
    a = stage.audit(ns)
    process = stage.actor('watched-udp', ns)
    port = process.do('keep.setdefault("u", udp(("127.0.0.1", 53))).getsockname()[1]')
    a.next('connection-appeared', 'connection-present', LOCAL_PORT=port)
    process.do('keep["u"].close()')
    e = a.next('connection-vanished', LOCAL_PORT=port)
    assert (e['SOCKAUDIT_SEEN_BY'], e['SOCKAUDIT_TRANSPORT']) == ('destroy', 'udp')
    process.do('[udp(("127.0.0.1", 54)).close() for _ in range(20)] and None')
    process.end()
    assert a.stop() == 0
    ns.close()
    assert len(a.of('connection-missed', PEER_PORT=54)) + sum(number(e, 'MISSED') for e in a.of('connection-summary', PEER_PORT=54)) + \
        len([e for e in a.of('connection-vanished', 'connection-completed') if number(e, 'PEER_PORT') == 54]) == 20


@pytest.mark.parametrize('collector, drop, said', [
    ('proc', '', 'closes are not heard'),
    ('sock_diag', 'net_broadcast', 'closes in other network namespaces are not heard'),
    ('sock_diag', '', None),
])
def test_what_is_not_heard_is_said(stage, collector, drop, said):
    ns = stage.namespace()
    a = stage.audit(ns, collector, drop=drop)
    degraded = a.next('audit-started').get('SOCKAUDIT_DEGRADED')
    assert degraded is None if said is None else degraded.startswith(said)
    # It works all the same.
    process = stage.actor('watched-there', ns)
    process.do('listen()')
    a.next('process-matched', PID=process.pid)
    client = storm(a, process, 1, 1)[0]
    e = a.next('connection-vanished', LOCAL_PORT=client['local'])
    assert (e['SOCKAUDIT_SEEN_BY'] == 'destroy') == (collector == 'sock_diag')
    process.end()
    assert a.stop() == 0
    ns.close()
