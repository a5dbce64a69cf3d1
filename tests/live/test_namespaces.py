# SPDX-License-Identifier: MIT
"""Watched processes in network namespaces of their own: these are looked at, and not held."""

import re
import subprocess
import time
from contextlib import contextmanager

import pytest

from audit import GROWTH, PATIENCE, Actor, Audit, Namespace

CONFIG = '''
interval: 100ms
cpu_max: 100%
rescan: 1s
collector: {collector}
watch:
  - name: rule
    match: {{comm: "watched*"}}
    sockets: {{transport: [tcp, udp]}}
'''
LISTEN = 'keep.setdefault("l", socket.create_server(("127.0.0.1", 0))).getsockname()[1]'
CONNECT = 'keep.setdefault("c", socket.create_connection(("127.0.0.1", {0}))).getsockname()[1]'
ACCEPT = 'keep.setdefault("a", keep["l"].accept()[0]).fileno()'
SHORT = ('import socket,time; s=socket.create_server(("127.0.0.1",0)); c=socket.create_connection(s.getsockname()); '
         'open("/proc/self/comm","w").write("watched-short"); time.sleep(1.5)')  # longer than a rescan


ENTER = 'ctypes.CDLL(None).setns(os.open("/proc/{0.process.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC), 0x40000000)'


@contextmanager
def auditing(directory, collector, config=CONFIG):
    """In a namespace of its own, so that nothing else is in the map."""
    ns = Namespace()
    a = Audit(directory, config.format(collector=collector), ns, '--log-level=debug')
    a.ns, a.collector = ns, collector
    a.cycles(2)
    yield a
    assert a.stop() == 0
    ns.close()


@pytest.fixture(params=['bpf', 'sock_diag', 'proc'])
def audit(tmp_path, request):
    with auditing(tmp_path, request.param) as a:
        yield a


def counts(a):
    """Sockets, processes and namespaces of the last STATUS."""
    m = re.search(r'STATUS=(\d+) sockets of (\d+) matching processes in (\d+) namespaces', a.status.last)
    return tuple(map(int, m.groups()))


def test_its_sockets_are_told_with_its_namespace(audit):
    ns = Namespace()
    process = Actor('watched-inside', ns)
    audit.next('process-matched', PID=process.pid)
    port = process.do(LISTEN)
    client = process.do(CONNECT.format(port))
    process.do(ACCEPT)
    inode = ns.inode()
    assert audit.next('listener-appeared', 'listener-present', LOCAL_PORT=port)['SOCKAUDIT_NETNS'] == str(inode)
    for field in ('LOCAL_PORT', 'PEER_PORT'):
        e = audit.next('connection-appeared', 'connection-present', **{field: client})
        assert (e['SOCKAUDIT_NETNS'], e['SOCKAUDIT_PID']) == (str(inode), str(process.pid))
    # The namespace lives on after its last watched process.
    process.end()
    audit.next('listener-vanished', LOCAL_PORT=port)
    audit.until(lambda: len(audit.of('connection-vanished')) == 2, 'both ends')
    ns.close()
    audit.until(lambda: counts(audit)[0] == 0, 'empty map')
    audit.cycles(3)
    assert len(audit.of('connection-vanished')) == 2 and len(audit.of('listener-vanished')) == 1
    assert len(audit.of('process-gone')) == 1


@pytest.mark.parametrize('collector', ['bpf', 'sock_diag', 'proc'])
@pytest.mark.parametrize('leaves', ['moves', 'ends'])
def test_who_came_in_unnoticed(tmp_path, collector, leaves):
    """Nobody tells of setns(2), and all are read again only in an hour. The one who was known to live there leaves: it is looked at without a gap."""
    with auditing(tmp_path, collector, CONFIG.replace('rescan: 1s', 'rescan: 1h')) as audit:
        ns = Namespace()
        resident, guest = Actor('watched-old', ns), Actor('watched-new', audit.ns)
        for a in resident, guest:
            audit.next('process-matched', PID=a.pid)
        audit.cycles(2)  # what comes between the walk and the first look there is found at a rescan
        port = resident.do(LISTEN)
        audit.next('listener-appeared', 'listener-present', LOCAL_PORT=port)
        assert guest.do(ENTER.format(ns)) == 0
        if leaves == 'moves':
            assert resident.do(ENTER.format(audit.ns)) == 0
        else:
            resident.end()
        audit.cycles(3)
        client = guest.do(CONNECT.format(guest.do(LISTEN)))
        e = audit.next('connection-appeared', LOCAL_PORT=client)
        assert (e['SOCKAUDIT_NETNS'], e['SOCKAUDIT_PID']) == (str(ns.inode()), str(guest.pid)) and int(e['SOCKAUDIT_NOT_BEFORE']) > 0
        assert len(audit.of('listener-vanished', LOCAL_PORT=port)) == (leaves == 'ends')
        assert not audit.of('audit-gap', GAP_REASON='namespace-lost')
        for a in (guest, resident)[:1 + (leaves == 'moves')]:
            a.end()
        ns.close()


def test_who_has_left_everybody_out_of_sight(audit):
    """It took its listener along, and nobody lives there any more: that is a gap with two ends, and the listener is gone when it is closed."""
    ns = Namespace()
    process = Actor('watched-away', ns)
    port = process.do(LISTEN)
    audit.next('listener-appeared', 'listener-present', LOCAL_PORT=port)
    inode = str(ns.inode())
    assert process.do(ENTER.format(audit.ns)) == 0
    ns.close()
    begun = audit.next('audit-gap', GAP_REASON='namespace-lost', GAP_TABLE='tcp')
    audit.cycles(12)  # and a rescan
    assert begun['SOCKAUDIT_NETNS'] == inode and not audit.of('listener-vanished')
    closing = process.do('now()')
    process.do('keep.pop("l").close()')
    gone = audit.next('listener-vanished', LOCAL_PORT=port)
    assert closing <= int(gone['SOCKAUDIT_NOT_AFTER']) and (gone['SOCKAUDIT_SEEN_BY'] == 'bpf' or int(gone['SOCKAUDIT_NOT_BEFORE']) <= closing)
    audit.until(lambda: len(audit.of('audit-gap', GAP_REASON='namespace-lost')) == 2, 'the end of the gap')
    over = audit.of('audit-gap', GAP_REASON='namespace-lost')[1]
    assert over['SOCKAUDIT_NOT_BEFORE'] == begun['SOCKAUDIT_NOT_BEFORE'] and int(over['SOCKAUDIT_NOT_AFTER']) > closing
    process.end()


def test_namespace_is_not_held(audit):
    """A veth ends with the namespace of its other end: within a second, or somebody holds it."""
    name = 'sa-attack'
    ns = Namespace()
    audit_ns = f'/proc/{audit.ns.process.pid}/ns/net'
    subprocess.run(['nsenter', f'--net={audit_ns}', 'ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'inner', 'netns', str(ns.process.pid)], check=True)
    process = Actor('watched-inside', ns)
    client = process.do(CONNECT.format(process.do(LISTEN)))
    audit.next('connection-appeared', 'connection-present', LOCAL_PORT=client)
    process.end()
    ns.close()

    def link():
        return subprocess.run(['nsenter', f'--net={audit_ns}', 'ip', 'link', 'show', name], capture_output=True).returncode == 0
    ended = time.monotonic()
    audit.until(lambda: not link(), 'end of the veth')
    took = time.monotonic() - ended
    audit.until(lambda: len(audit.of('connection-vanished', 'connection-completed')) == 2, 'both ends')
    audit.cycles(3)
    assert len(audit.of('connection-vanished', 'connection-completed')) == 2 and len(audit.of('listener-vanished')) == 1
    assert took < 3, 'one second, and what a busy machine adds'


def test_namespaces_come_and_go(audit):
    """200 of them (100 by text) leave nothing behind."""
    def batch(n):
        running = [subprocess.Popen(['unshare', '--net', 'sh', '-c', 'ip link set lo up; exec /usr/bin/env python3 -c "$1"', 'sh', SHORT]) for _ in range(n)]
        assert [p.wait(PATIENCE) for p in running] == [0] * n
    batch(50)
    while not audit.of('connection-present', 'connection-appeared'):
        batch(10)  # what it opens for the first namespace of another it keeps
    audit.until(lambda: counts(audit)[:2] == (0, 0), 'empty map')
    audit.cycles(3)
    descriptors, resident = audit.descriptors(), audit.resident()
    for _ in range(3 if audit.collector == 'sock_diag' else 1):
        batch(50)
    audit.until(lambda: counts(audit)[:2] == (0, 0), 'empty map')
    audit.cycles(3)
    assert counts(audit) == (0, 0, 0)
    assert audit.descriptors() == descriptors
    assert audit.resident() - resident < GROWTH
    # What was told to be there was told to be gone, once.
    opened = [e['SOCKAUDIT_CONNECTION'] for e in audit.of('connection-appeared', 'connection-present', 'listener-appeared', 'listener-present')]
    gone = [e['SOCKAUDIT_CONNECTION'] for e in audit.of('connection-vanished', 'listener-vanished')]
    assert len(opened) > 50 and sorted(opened) == sorted(gone) and len(set(opened)) == len(opened)
    assert len(audit.of('process-matched')) == len(audit.of('process-gone'))
