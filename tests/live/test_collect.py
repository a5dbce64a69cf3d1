# SPDX-License-Identifier: MIT
"""What both collectors say about real sockets of each kind: against ss(8), against what was made, and against each other."""

import os
import subprocess

import pytest

COLLECTORS = ['sock_diag', 'proc']
NAMESPACES = [(), ('NETNS=new',)]

INET = [
    ('tcp4',), ('tcp6',), ('tcp4-pair', 'N=2', 'SEND=1000'), ('tcp6-pair', 'SEND=7'), ('tcp-mapped',), ('tcp-half-closed',),
    ('tcp-unaccepted', 'N=3'), ('tcp-reuseport', 'N=3'), ('udp4',), ('udp6',), ('udp-pair', 'SEND=700'), ('udp-reuseport', 'N=3'),
    ('raw4',), ('raw6',), ('tcp4-pair', 'UID=1234'), ('udp4', 'UID=65000'),
]
UNIX_TYPES = ['stream', 'dgram', 'seqpacket']

# The text of /proc does not have these (see procnet.h).
NOT_IN_TEXT = {'cookie', 'interface', 'bytes_sent', 'bytes_received', 'total_retransmits', 'rtt_usec', 'idle_usec', 'cgroup', 'timer_msec',
               'peer_inode', 'shutdown', 'netns', 'device'}


def name(value):
    return ' '.join(value) if isinstance(value, tuple) else value


def backlog_of_listeners_aside(row):
    return {**row, 'send_queue': 0} if row['state'] == 'listening' else row


def common(row):
    row = {k: v for k, v in backlog_of_listeners_aside(row).items() if k not in NOT_IN_TEXT}
    if row['family'] == 'unix':
        row.update(uid=None, send_queue=None, receive_queue=None)
    if row['family'] == 'netlink':
        row.update(uid=None)
    return row


def in_order(rows):
    """Once each: sock_diag lists a netlink socket that is in a group twice."""
    return sorted(set(map(repr, rows)))


def hexed(path):
    return path.encode().hex()


@pytest.mark.parametrize('namespace', NAMESPACES, ids=['own', 'new'])
@pytest.mark.parametrize('collector', COLLECTORS)
@pytest.mark.parametrize('kind', INET, ids=name)
def test_inet_as_ss(sockets, dump, ss, kind, collector, namespace):
    made = sockets(*kind, *namespace)
    expected = ss(made.pid)
    rows = dump(collector, made.pid)
    vsock = rows.coverage.pop('vsock')  # 'denied' where the kernel has no vsock_diag; nothing else suffers from that
    assert vsock in ('ok', 'denied') and rows.coverage == dict.fromkeys(('tcp', 'udp', 'raw', 'unix', 'udplite', 'packet', 'netlink'), 'ok')
    for socket in made.sockets:
        found = rows.of(socket)
        wanted = expected.get(socket.inode) or expected['raw', socket.port]
        if collector == 'proc':
            found, wanted = backlog_of_listeners_aside(found), backlog_of_listeners_aside(wanted)
        assert {k: found[k] for k in wanted if k != 'cookie'} == {k: v for k, v in wanted.items() if k != 'cookie'}
        assert found['cookie'] == (wanted.get('cookie', 0) if collector == 'sock_diag' else 0)


@pytest.mark.parametrize('kind', [*INET, ('icmp4',), ('udplite',), ('packet',), ('netlink',), ('tcp-syn-sent',),
                                  ('tcp-on-device',), ('tcp-unbound',), ('dup',), ('unix-pair', 'N=3'), ('unix-connected', 'PATH=0041'), ('unix', 'TYPE=dgram')], ids=name)
def test_both_collectors_say_the_same(sockets, dump, kind):
    made = sockets(*kind, 'NETNS=new')
    diag, text = dump('sock_diag', made.pid), dump('proc', made.pid)
    assert {s.inode for s in made.sockets if s.role not in ('unbound', 'bound') or kind[0] not in ('tcp-unbound', 'netlink')} <= \
        {r['inode'] for r in diag}
    assert in_order(map(common, diag)) == in_order(map(common, text))


def test_a_namespace_of_its_own(sockets, dump):
    made = sockets('tcp4-pair', 'NETNS=new')
    mine, theirs = dump('sock_diag'), dump('sock_diag', made.pid)
    assert len({r['netns'] for r in theirs}) == 1
    assert {r['netns'] for r in theirs}.isdisjoint(r['netns'] for r in mine)
    assert {r['inode'] for r in theirs} == {s.inode for s in made.sockets}
    assert not {s.inode for s in made.sockets} & {r['inode'] for r in mine}


def test_two_processes_of_one_namespace(sockets, dump):
    one, other = sockets('tcp4'), sockets('tcp4')
    assert dump('sock_diag', one.pid).of(one['listener'])['netns'] == dump('sock_diag', other.pid).of(one['listener'])['netns'] != 0


def test_many(sockets, dump):
    made = sockets('tcp4-pair', 'N=5000', 'NETNS=new')
    for collector in COLLECTORS:
        rows = dump(collector, made.pid)
        assert sorted(r['inode'] for r in rows) == sorted(s.inode for s in made.sockets)
        assert {r['state'] for r in rows} == {'established', 'listening'}


# ---- TCP: what is more than a row ----

def test_figures(sockets, dump):
    made = sockets('tcp4-pair', 'SEND=12345')
    rows = dump('sock_diag', made.pid)
    client, server, listener = rows.of(made['client']), rows.of(made['server']), rows.of(made['listener'])
    assert (client['bytes_sent'], client['bytes_received']) == (12345, 0)
    assert (server['bytes_sent'], server['bytes_received'], server['receive_queue']) == (0, 12345, 12345)
    assert client['rtt_usec'] > 0 and client['total_retransmits'] == 0
    assert client['idle_usec'] < 20_000_000
    assert client['cgroup'] > 0
    assert (listener['bytes_sent'], listener['rtt_usec'], listener['send_queue']) == (None, None, 4096)


@pytest.mark.parametrize('collector', COLLECTORS)
def test_mapped_addresses_stay_as_the_kernel_has_them(sockets, dump, collector):
    made = sockets('tcp-mapped')
    rows = dump(collector, made.pid)
    server, client = rows.of(made['server']), rows.of(made['client'])
    assert (server['family'], client['family']) == ('ipv6', 'ipv4')
    assert server['peer'] == ['::ffff:127.0.0.1', client['local'][1]]


@pytest.mark.parametrize('collector', COLLECTORS)
def test_half_closed(sockets, dump, collector):
    made = sockets('tcp-half-closed')
    rows = dump(collector, made.pid)
    assert rows.of(made['client'])['state'] == 'fin-wait-2'
    assert rows.of(made['server'])['state'] == 'close-wait'


@pytest.mark.parametrize('collector', COLLECTORS)
def test_unaccepted_children_have_no_inode(sockets, dump, collector):
    made = sockets('tcp-unaccepted', 'N=3', 'NETNS=new')
    rows = dump(collector, made.pid)
    children = [r for r in rows if r['inode'] == 0]
    assert len(children) == 3
    assert {r['peer'][1] for r in children} == {s.port for s in made.all('client')}
    assert rows.of(made['listener'])['receive_queue'] == 3


@pytest.mark.parametrize('collector', COLLECTORS)
def test_a_closed_half_is_a_mini_socket(sockets, dump, collector):
    """It goes on to show fin-wait-2; only its timer says that the socket is gone."""
    made = sockets('tcp-half-closed', 'NETNS=new')
    made.close(made['client'])
    mini, = [r for r in dump(collector, made.pid) if r['local'][1] == made['client'].port]
    assert (mini['state'], mini['timer'], mini['inode']) == ('fin-wait-2', 3, 0)


@pytest.mark.parametrize('collector', COLLECTORS)
def test_time_wait_is_not_told(sockets, dump, collector):
    made = sockets('tcp4-pair', 'NETNS=new')
    made.close(made['client'])
    made.close(made['server'])
    assert [r['state'] for r in dump(collector, made.pid)] == ['listening']


# ---- MPTCP ----

def test_mptcp_is_one_connection(sockets, dump):
    """Each of them has a row of MPTCP and, with the same inode, one of TCP: one is told."""
    made = sockets('mptcp-pair', 'NETNS=new')
    rows = dump('sock_diag', made.pid)
    assert sorted((r['inode'], r['transport'], r['state']) for r in rows) == \
        sorted((s.inode, 'mptcp', 'listening' if s.role == 'listener' else 'established') for s in made.sockets)
    # the text has the subflows only
    assert sorted((r['inode'], r['transport']) for r in dump('proc', made.pid)) == sorted((s.inode, 'tcp') for s in made.sockets)


def test_mptcp_that_speaks_tcp(sockets, dump):
    made = sockets('mptcp-fallback', 'NETNS=new')
    mptcp, tcp = made.all('listener')
    rows = dump('sock_diag', made.pid)
    assert sorted(r['inode'] for r in rows) == sorted(s.inode for s in made.sockets)
    by_role = {s.role: rows.of(s)['transport'] for s in made.sockets if s.role != 'listener'}
    assert by_role == {'tcp-client': 'tcp', 'tcp-server': 'tcp', 'client': 'mptcp', 'fallen-server': 'tcp'}
    assert (rows.of(mptcp)['transport'], rows.of(tcp)['transport']) == ('mptcp', 'tcp')


# ---- Packet, netlink, interfaces ----

@pytest.mark.parametrize('collector', COLLECTORS)
def test_packet(sockets, dump, collector):
    made = sockets('packet', 'NETNS=new')
    rows = dump(collector, made.pid)
    assert {s.role: (rows.of(s)['transport'], rows.of(s)['protocol'], rows.of(s)['interface'], rows.of(s)['uid']) for s in made.sockets} == \
        {'sniffer': ('raw', 3, 1, 0), 'dgram': ('dgram', 0x806, 0, 0), 'sender': ('raw', 0, 0, 0)}


@pytest.mark.parametrize('collector', COLLECTORS)
def test_netlink(sockets, dump, collector):
    """Not the ends of the kernel, not the one that is not bound, and not our own."""
    made = sockets('netlink', 'NETNS=new')
    rows = [r for r in dump(collector, made.pid) if r['family'] == 'netlink']
    assert {r['inode']: r['protocol'] for r in rows} == {made['rtnl'].inode: 0, made['uevent'].inode: 15, made['genl'].inode: 16}
    assert all(r['port_id'] != 0 for r in rows)


@pytest.mark.parametrize('kind, role', [('tcp-on-device', 'listener'), ('udp-on-device', 'bound'), ('packet', 'sniffer')])
@pytest.mark.parametrize('namespace', NAMESPACES, ids=['own', 'new'])
def test_interface(sockets, dump, kind, role, namespace):
    made = sockets(kind, *namespace)
    row = dump('sock_diag', made.pid).of(made[role])
    assert (row['interface'], row['device']) == (1, 'lo')


# ---- Unix ----

@pytest.mark.parametrize('namespace', NAMESPACES, ids=['own', 'new'])
@pytest.mark.parametrize('type', UNIX_TYPES)
@pytest.mark.parametrize('kind', ['path', 'abstract', 'pair', 'unnamed', 'unaccepted'])
def test_unix_as_ss(sockets, dump, ss_unix, tmp_path, kind, type, namespace):
    path = f'{tmp_path}/x' if kind == 'path' else f'\0{tmp_path}/y'
    if kind == 'unaccepted' and type == 'dgram':
        return  # nothing to accept
    parameters = [f'TYPE={type}', *namespace]
    made = {'pair': lambda: sockets('unix-pair', 'N=2', 'SEND=3', *parameters),
            'unnamed': lambda: sockets('unix', *parameters),
            'unaccepted': lambda: sockets('unix-unaccepted', 'N=2', f'PATH={hexed(path)}', *parameters),
            }.get(kind, lambda: sockets('unix-connected', 'SEND=3', f'PATH={hexed(path)}', *parameters))()
    rows, expected = dump('sock_diag', made.pid), ss_unix(made.pid)
    for socket in made.sockets:
        found = {**rows.of(socket)}
        assert found['cookie'] != 0 and found['uid'] == 0
        found['path'] = bytes.fromhex(found['path']).decode().replace('\0', '@')
        assert {k: found[k] for k in expected[socket.inode]} == expected[socket.inode]


def test_unix_peers(sockets, dump):
    made = sockets('unix-connected', 'PATH=0041', 'NETNS=new', 'UID=77')
    rows = dump('sock_diag', made.pid)
    listener, client, server = (rows.of(made[role]) for role in ('listener', 'client', 'server'))
    assert (client['peer_inode'], server['peer_inode'], listener['peer_inode']) == (server['inode'], client['inode'], 0)
    assert (listener['path'], client['path'], server['path']) == ('0041', '', '0041')
    assert {r['uid'] for r in rows} == {77}


NAMES = {
    'newline': b'/two\nlines', 'only-newlines': b'/\n\n', 'blank': b'/a b ', 'escape': b'/\x1b[2J\x07', 'latin1': b'/caf\xe9',
    'at': b'@not-abstract', 'abstract-newline': b'\0a\nb', 'abstract-nuls': b'\0a\0b\0', 'abstract-nul-alone': b'\0',
    'row': b'/x\n0000000000000000: 0 0 0 0 0 7 /y',
}


@pytest.mark.parametrize('which', NAMES)
def test_unix_names_exactly(sockets, dump, tmp_path, which, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wanted = NAMES[which]
    if wanted.startswith(b'/'):
        wanted = b'.' + wanted
        if which == 'row':
            (tmp_path / 'x\n0000000000000000: 0 0 0 0 0 7 ').mkdir()
    made = sockets('unix', f'PATH={wanted.hex()}', 'NETNS=new')
    row, = dump('sock_diag', made.pid)
    assert bytes.fromhex(row['path']) == wanted
    assert row['state'] == 'listening'
    # the text: '@' for NUL, and never another socket
    row, = dump('proc', made.pid)
    assert row['inode'] == made['listener'].inode
    assert bytes.fromhex(row['path'])[1:] == wanted.replace(b'\0', b'@')[1:]


@pytest.mark.parametrize('length', [1, 107, 108])
@pytest.mark.parametrize('abstract', [False, True], ids=['path', 'abstract'])
def test_unix_names_of_each_length(sockets, dump, tmp_path, monkeypatch, length, abstract):
    monkeypatch.chdir(tmp_path)
    wanted = (b'\0' if abstract else b'f') + b'x' * (length - 1)
    made = sockets('unix', f'PATH={wanted.hex()}', 'NETNS=new')
    for collector in COLLECTORS:
        row, = dump(collector, made.pid)
        assert bytes.fromhex(row['path']) == wanted


# ---- Asked for one by one ----

def test_confirm_alive(sockets, dump):
    tcp, local = sockets('tcp4-pair', 'N=3'), sockets('unix-connected', 'PATH=004142')
    rows = dump('sock_diag', 0, 'confirm')
    assert {rows.of(s)['confirm'] for s in tcp.all('client') + tcp.all('server') + local.sockets} == {1}
    mapped, v6 = sockets('tcp-mapped'), sockets('tcp6-pair')
    rows = dump('sock_diag', 0, 'confirm')
    assert {rows.of(m[role])['confirm'] for m in (mapped, v6) for role in ('client', 'server')} == {1}


def test_confirm_cannot_tell(sockets, dump):
    """An exact request answers ENOENT for living members of a SO_REUSEPORT group."""
    made = [sockets('tcp-reuseport', 'N=4'), sockets('udp-reuseport', 'N=4'), sockets('udp-pair'), sockets('raw4')]
    rows = dump('sock_diag', 0, 'confirm')
    assert {rows.of(s)['confirm'] for m in made for s in m.sockets} == {-95}
    made = sockets('tcp4-pair')
    assert dump('proc', 0, 'confirm').of(made['client'])['confirm'] == -95


def test_confirm_mini_socket_is_not_there(sockets, dump):
    made = sockets('tcp-half-closed', 'NETNS=new')
    made.close(made['client'])
    mini, = [r for r in dump('sock_diag', made.pid, 'confirm') if r['local'][1] == made['client'].port]
    assert mini['confirm'] == 0


def test_without_setns_the_text_is_read(sockets, dump):
    """CAP_SYS_ADMIN dropped: the same rows from the same namespace, but no cookies."""
    made = sockets('tcp4-pair', 'NETNS=new')
    out = subprocess.run(['setpriv', '--bounding-set=-sys_admin', '--inh-caps=-sys_admin', os.environ['BUILD_DIR'] + '/tests/live/dump',
                          'sock_diag', str(made.pid)], check=True, text=True, stdout=subprocess.PIPE).stdout
    full = dump('sock_diag', made.pid)
    poor = type(full)(out.splitlines())
    assert poor.coverage == full.coverage
    assert {r['cookie'] for r in poor} == {0}
    assert in_order(map(common, poor)) == in_order(map(common, full))
