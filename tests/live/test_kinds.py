# SPDX-License-Identifier: MIT
"""Sockets without connections (sniffers and scanners), MPTCP, interfaces and Community IDs, as the daemon tells them."""

import base64
import hashlib
import socket
import struct
import subprocess

import pytest

from audit import Actor, Audit, Namespace

CONFIG = '''
interval: 100ms
cpu_max: 100%
rescan: 1s
collector: {collector}
community_id: yes
watch:
  - name: sniffers
    sockets: {{family: [ipv4, ipv6, packet], transport: [raw, dgram, packet]}}
  - name: netlink
    match: {{comm: watched}}
    sockets: {{family: netlink}}
  - name: tcp
    match: {{comm: watched}}
    sockets: {{transport: tcp}}
    missed: each
{more}'''


@pytest.fixture
def start(tmp_path):
    """The daemon in a namespace of its own, and processes there: a.actor(NAME)."""
    running, actors = [], []

    def actor(comm, ns):
        actors.append(Actor(comm, ns))
        return actors[-1]

    def run(collector='sock_diag', more='', prepare='true'):
        ns = Namespace(prepare)
        a = Audit(tmp_path, CONFIG.format(collector=collector, more=more), ns, '--log-level=debug')
        a.ns = ns
        a.actor = lambda comm, there=None: actor(comm, there or ns)
        a.cycles(2)
        running.append(a)
        return a

    yield run
    for left in actors:
        if not left.process.stdin.closed:
            left.end()
    for a in running:
        assert a.stop() == 0
        a.ns.close()


def opened(a):
    return [e for e in a.of() if e['SOCKAUDIT_EVENT'].endswith(('-appeared', '-present', '-completed'))]


@pytest.mark.parametrize('collector', ['bpf', 'sock_diag', 'proc'])
def test_sniffer_of_any_process(start, collector):
    a = start(collector)
    actor = a.actor('anybody')
    inode = actor.do('inode(keep.setdefault("p", socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))).fileno())')
    e = a.next('socket-appeared', INODE=inode)
    assert (e['PRIORITY'], e['SOCKAUDIT_PID']) == ('5', str(actor.pid))
    assert (e['SOCKAUDIT_FAMILY'], e['SOCKAUDIT_TRANSPORT'], e['SOCKAUDIT_PROTOCOL']) == ('packet', 'raw', 'all')
    assert e['MESSAGE'] == f'{e["SOCKAUDIT_COMM"]}[{actor.pid}] socket appeared: packet - protocol all (rule sniffers)'
    # A scanner, and the sniffer goes: by the process that had it, though that is gone.
    raw = actor.do('inode(keep.setdefault("r", socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)).fileno())')
    scanner = a.next('socket-appeared', INODE=raw)
    assert (scanner['SOCKAUDIT_FAMILY'], scanner['SOCKAUDIT_TRANSPORT'], scanner['SOCKAUDIT_PROTOCOL']) == ('ipv4', 'raw', 'icmp')
    actor.do('keep.pop("p").close()')
    assert a.next('socket-vanished', CONNECTION=e['SOCKAUDIT_CONNECTION'])['SOCKAUDIT_PID'] == str(actor.pid)
    actor.end()
    assert a.next('socket-vanished', CONNECTION=scanner['SOCKAUDIT_CONNECTION'])['SOCKAUDIT_PID'] == str(actor.pid)
    a.cycles(3)
    assert len(a.of('socket-appeared')) == len(a.of('socket-vanished')) == 2 and len(opened(a)) == 2


@pytest.mark.parametrize('collector', ['bpf', 'sock_diag', 'proc'])
def test_what_stays_does_not_vanish(start, collector):
    """Netlink, packet and unbound sockets of a watched process over many looks: told once, and not gone."""
    a = start(collector)
    actor = a.actor('watched')
    for key, arguments in ('n', 'socket.AF_NETLINK, socket.SOCK_RAW, 0'), ('k', 'socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x806)'):
        actor.do(f'keep.setdefault("{key}", socket.socket({arguments})).fileno()')
    actor.do('keep["n"].bind((0, 1))')
    for arguments in 'socket.AF_INET', 'socket.AF_INET6, socket.SOCK_DGRAM', 'socket.AF_NETLINK, socket.SOCK_DGRAM, 0', 'socket.AF_VSOCK':
        actor.do(f'keep.setdefault("{arguments}", socket.socket({arguments})).fileno()')
    netlink = a.next('socket-appeared', 'socket-present', FAMILY='netlink')
    assert (netlink['SOCKAUDIT_PROTOCOL'], netlink.get('SOCKAUDIT_TRANSPORT')) == ('rtnl', None)
    a.next('socket-appeared', 'socket-present', PROTOCOL='arp')
    a.cycles(10)
    assert len(opened(a)) == 2 and not a.of('socket-vanished') and {g['SOCKAUDIT_GAP_REASON'] for g in a.of('audit-gap')} <= {'cycle-missed'}
    actor.end()
    a.until(lambda: len(a.of('socket-vanished')) == 2, 'both gone')


def test_vsock_that_cannot_be_listed_is_said(start):
    """Once, to those who have asked for it; all else goes on."""
    a = start(more='  - name: machines\n    sockets: {family: vsock}\n')
    a.cycles(5)
    listed = 'vsock' in subprocess.run(['ss', '--vsock', '-H', '-a'], capture_output=True, text=True, check=False).stdout
    gaps = a.of('audit-gap', GAP_TABLE='vsock', NETNS=a.ns.inode())
    assert [(g['SOCKAUDIT_GAP_REASON'], g['SOCKAUDIT_ERROR']) for g in gaps] == ([] if listed else [('denied', 'ENOENT')])
    actor = a.actor('watched')
    actor.do('keep.setdefault("l", socket.create_server(("127.0.0.1", 0))).fileno()')
    a.next('listener-appeared', 'listener-present')


MPTCP = 262


def test_mptcp(start):
    """One connection with two subflows is one, its listener accepts who speaks TCP only, and a rule about tcp holds for it."""
    a = start()
    actor = a.actor('watched')
    port = actor.do(f'(keep.setdefault("l", socket.socket(socket.AF_INET, socket.SOCK_STREAM, {MPTCP})).bind(("127.0.0.1", 0)),'
                    ' keep["l"].listen(), keep["l"].getsockname()[1])[2]')
    a.next('listener-appeared', 'listener-present', TRANSPORT='mptcp', LOCAL_PORT=port)
    subprocess.run(a.ns.command('ip', 'mptcp', 'limits', 'set', 'subflow', '2', 'add_addr_accepted', '2'), check=True)
    subprocess.run(a.ns.command('ip', 'addr', 'add', '127.0.0.9/8', 'dev', 'lo'), check=True)
    subprocess.run(a.ns.command('ip', 'mptcp', 'endpoint', 'add', '127.0.0.9', 'dev', 'lo', 'subflow'), check=True)
    client = actor.do(f'(keep.setdefault("c", socket.socket(socket.AF_INET, socket.SOCK_STREAM, {MPTCP})).connect(("127.0.0.1", {port})),'
                      ' keep.setdefault("a", keep["l"].accept()[0]), keep["c"].send(b"x"), keep["a"].recv(1), keep["c"].getsockname()[1])[4]')
    # ss(8) sees the subflows.
    a.until(lambda: len(subprocess.run(a.ns.command('ss', '-tnH', 'state', 'established'), capture_output=True, text=True,
                                       check=True).stdout.splitlines()) >= 4, 'second subflow')
    ends = [a.next('connection-appeared', 'connection-present', LOCAL_PORT=client), a.next('connection-appeared', 'connection-present', PEER_PORT=client)]
    assert [e['SOCKAUDIT_TRANSPORT'] for e in ends] == ['mptcp', 'mptcp']
    assert ends[1]['SOCKAUDIT_DIRECTION'] == 'ingress'
    assert len({e['SOCKAUDIT_COMMUNITY_ID'] for e in ends}) == 1
    plain = actor.do(f'(keep.setdefault("t", socket.create_connection(("127.0.0.1", {port}))), keep.setdefault("b", keep["l"].accept()[0]),'
                     ' keep["t"].getsockname()[1])[2]')
    accepted = a.next('connection-appeared', 'connection-present', PEER_PORT=plain)
    assert (accepted['SOCKAUDIT_TRANSPORT'], accepted['SOCKAUDIT_DIRECTION']) == ('tcp', 'ingress')
    a.cycles(5)
    assert len(opened(a)) == 5  # a listener and four ends
    assert not a.of('connection-vanished', 'listener-vanished')
    actor.end()
    a.until(lambda: len(a.of('connection-vanished')) == 4, 'four ends')
    a.cycles(2)
    assert len(a.of('connection-vanished')) == 4 and len(opened(a)) == 5
    assert not a.of('connection-missed')  # of subflows the kernel tells the close, too


def test_interface_and_community_id(start):
    """The name is the one in the namespace of the socket; the id is what anybody can compute who has seen the packets."""
    a = start()
    there = Namespace()
    for ns, name in (a.ns, 'here0'), (there, 'there0'):
        subprocess.run(ns.command('ip', 'link', 'add', name, 'index', '77', 'type', 'veth', 'peer', 'name', 'other0'), check=True)
    bind = 'keep["l"].setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"{0}")'
    for ns, name in (a.ns, 'here0'), (there, 'there0'):
        actor = a.actor('watched', ns)
        inode = actor.do(f'(keep.setdefault("l", socket.create_server(("127.0.0.1", 0))), {bind.format(name)}, inode(keep["l"].fileno()))[2]')
        actor.do('keep.setdefault("done", 1)')
        e = a.next('listener-appeared', 'listener-present', INODE=inode)
        # It may have been seen before it was bound: then the name stands in what comes after.
        actor.end()
        last = a.next('listener-vanished', CONNECTION=e['SOCKAUDIT_CONNECTION'])
        assert e.get('SOCKAUDIT_INTERFACE', name) == last['SOCKAUDIT_INTERFACE'] == name
    actor = a.actor('watched')
    port = actor.do('keep.setdefault("l", socket.create_server(("127.0.0.1", 0))).getsockname()[1]')
    client = actor.do(f'keep.setdefault("c", socket.create_connection(("127.0.0.1", {port}))).getsockname()[1]')
    e = a.next('connection-appeared', 'connection-present', LOCAL_PORT=client)
    low, high = sorted((port, client))
    seen = b'\0\0' + socket.inet_aton('127.0.0.1') * 2 + b'\6\0' + struct.pack('>HH', low, high)
    assert e['SOCKAUDIT_COMMUNITY_ID'] == '1:' + base64.b64encode(hashlib.sha1(seen).digest()).decode()
    assert 'SOCKAUDIT_COMMUNITY_ID' not in a.next('listener-appeared', 'listener-present', LOCAL_PORT=port)
    actor.end()
    there.close()
