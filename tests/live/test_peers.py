# SPDX-License-Identifier: MIT
"""Who is at the other end, by the daemon and by `sockaudit list`: of unix sockets of each kind and name, of TCP and UDP in one namespace and across
two, of what waits to be accepted; in which namespaces it looks; and who tries to pass for somebody's peer and must fail."""

import json
import os
import re
import signal
import subprocess
import time

import pytest

from audit import BUILD, PATIENCE, Actor, Audit, Namespace

CONFIG = '''
interval: 100ms
cpu_max: 100%
rescan: 1s
collector: {collector}
intrusive: {intrusive}
limits: {{peer_walks: {peer_walks}}}
watch:
  - name: rule
    match: {{comm: "watched*"}}
    descendants: no
'''
OPENINGS = ('connection-appeared', 'connection-present', 'connection-completed')


def connect(kind, name):
    """An order: connect, and tell the inode."""
    return f'inode(keep.setdefault("c", (lambda s: s.connect({name!r}) or s)(socket.socket(socket.AF_UNIX, socket.{kind}))).fileno())'


def listen(kind, name):
    return f'(lambda s: s.bind({name!r}) or (s.type == socket.SOCK_DGRAM or s.listen(8)) and inode(s.fileno()))(keep.setdefault("l", socket.socket(socket.AF_UNIX, socket.{kind})))'


ACCEPT = 'inode(keep.setdefault("a", keep["l"].accept()[0]).fileno())'


class Stage:
    """A daemon in a namespace of its own, and the actors on it."""

    def __init__(self, directory, collector='sock_diag', intrusive='no', peer_walks=6000, prefix=()):
        self.ns, self.collector = Namespace(), collector
        self.audit = Audit(directory, CONFIG.format(collector=collector, intrusive=intrusive, peer_walks=peer_walks), self.ns, '--log-level=debug', prefix=prefix)
        self.audit.cycles(2)
        self.running = []

    def actor(self, comm, ns=None, **options):
        a = Actor(comm, ns or self.ns, **options)
        self.running.append(a)
        if comm.startswith('watched'):
            self.audit.next('process-matched', PID=a.pid)
        return a

    def opening(self, **fields):
        return self.audit.next(*OPENINGS, **fields)

    def close(self):
        for a in self.running:
            a.end()
        code = self.audit.stop()
        self.ns.close()
        assert code == 0


@pytest.fixture
def stage(tmp_path):
    s = Stage(tmp_path)
    yield s
    s.close()


def listed(stage, pid, inode):
    """What `sockaudit list` says of the socket of a process."""
    answer = subprocess.run(stage.ns.command(BUILD / 'src/sockaudit', 'list', '--json', f'--collector={stage.collector}', pid), capture_output=True,
                            text=True, timeout=PATIENCE, check=False)
    row, = [r for r in json.loads(answer.stdout) if (r['pid'], r['inode']) == (pid, inode)]
    return row


def assert_listed(stage, pid, inode, peer_pid, state, by, **fields):
    row = listed(stage, pid, inode)
    assert {h['pid'] for h in row.get('peer_holders', [])} == ({peer_pid} if peer_pid else set()), row
    assert (row.get('peer_state'), row.get('peer_by')) == (state, by), row
    assert {k: row.get(k) for k in fields} == fields


def shown(stage, *columns_and_target):
    """The table for people."""
    return subprocess.run(stage.ns.command(BUILD / 'src/sockaudit', 'list', *columns_and_target), capture_output=True, text=True, timeout=PATIENCE,
                          check=False).stdout


def peer(event):
    return {k.removeprefix('SOCKAUDIT_PEER_'): v for k, v in event.items() if k.startswith('SOCKAUDIT_PEER_')}


# --- unix ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize('kind', ['SOCK_STREAM', 'SOCK_SEQPACKET', 'SOCK_DGRAM'])
@pytest.mark.parametrize('name', ['path', b'\0abstract', b'\0with blank\nline\0nul\xff'])
def test_unix_client_meets_its_server(stage, tmp_path, kind, name):
    name = str(tmp_path / 'a b\nc').encode() if name == 'path' else name
    server = stage.actor('server')
    server_inode = server.do(listen(kind, name))
    client = stage.actor('watched-client')
    inode = client.do(connect(kind, name))
    if kind != 'SOCK_DGRAM':
        server_inode = server.do(ACCEPT)
    e = stage.opening(INODE=inode)
    if peer(e).get('STATE') == 'pending':  # the look was faster than the accept
        assert kind != 'SOCK_DGRAM'
    else:
        assert e['SOCKAUDIT_PEER_INODE'] == str(server_inode)
        assert peer(e)['STATE'] == 'accepted'
    assert (peer(e)['PID'], peer(e)['COMM'], peer(e)['BY'], peer(e)['UID']) == (str(server.pid), 'server', 'unix', '0')
    assert peer(e)['PROCESS_ENTITY'].split('-')[1] == str(server.pid)
    assert peer(e)['EXE'] == os.readlink(f'/proc/{server.pid}/exe')
    hexed = peer(e).get('PATH_HEX')
    assert (bytes.fromhex(hexed) if hexed else peer(e)['PATH'].encode().replace(b'@', b'\0', 1)) == name
    assert f'server[{server.pid}]' in e['MESSAGE']
    assert_listed(stage, client.pid, inode, server.pid, 'accepted', 'unix', peer_inode=server_inode)
    if b'\n' not in name:  # ss(8) breaks such lines
        assert re.search(rf' {inode} .* {server_inode} +users:.*pid={client.pid},', ss_peer(client.pid, '-x'))


def test_unix_server_meets_its_client(stage):
    server = stage.actor('watched-server')
    client = stage.actor('client')
    server.do(listen('SOCK_STREAM', b'\0name'))
    client_inode = client.do(connect('SOCK_STREAM', b'\0name'))
    inode = server.do(ACCEPT)
    e = stage.opening(INODE=inode)
    assert (peer(e)['PID'], peer(e)['INODE'], peer(e)['BY'], peer(e)['STATE']) == (str(client.pid), str(client_inode), 'unix', 'accepted')
    assert 'PATH' not in peer(e) and 'HOLDER_COUNT' not in peer(e)
    # It is still named when the client is gone.
    client.end()
    stage.running.remove(client)
    server.do('keep.pop("a").close()')
    gone = stage.audit.next('connection-vanished', CONNECTION=e['SOCKAUDIT_CONNECTION'])
    assert peer(gone)['PID'] == str(client.pid)


@pytest.mark.parametrize('kind', ['SOCK_STREAM', 'SOCK_SEQPACKET', 'SOCK_DGRAM'])
def test_socketpair_between_two_processes(stage, tmp_path, kind):
    a, b = stage.actor('one'), stage.actor('other')
    path = str(tmp_path / 'pass')
    # Both ends in one process: it is its own peer.
    inodes = a.do(f'[inode(s.fileno()) for s in keep.setdefault("p", socket.socketpair(socket.AF_UNIX, socket.{kind}))]')
    b.tell(f'keep["fd"] = take({path!r})')
    a.do('name(b"watched-one")')
    first = stage.opening(INODE=inodes[0])
    assert (peer(first)['PID'], peer(first)['INODE']) == (str(a.pid), str(inodes[1]))
    # One end in each, and one of them in both: not the process of this end.
    c = stage.actor('third')
    inodes = c.do(f'[inode(s.fileno()) for s in keep.setdefault("p", socket.socketpair(socket.AF_UNIX, socket.{kind}))]')
    c.do(f'give({path!r}, keep["p"][1].fileno())')
    b.answer()
    c.do('name(b"watched-third")')
    e = stage.opening(INODE=inodes[0])
    assert (peer(e)['PID'], peer(e)['HOLDER_COUNT']) == (str(b.pid), '2')


def test_unix_pending_names_the_listener(stage):
    server, client = stage.actor('server'), stage.actor('watched-client')
    server.do(listen('SOCK_STREAM', b'\0queue'))
    inode = client.do(connect('SOCK_STREAM', b'\0queue'))
    e = stage.opening(INODE=inode)
    assert (peer(e)['STATE'], peer(e)['PID'], peer(e)['PATH'], peer(e)['BY']) == ('pending', str(server.pid), '@queue', 'unix')
    assert_listed(stage, client.pid, inode, server.pid, 'pending', 'unix', peer_path='@queue')
    assert f'@queue (not accepted) server[{server.pid}]' in shown(stage, client.pid)
    stage.audit.cycles(3)
    client.do('keep.pop("c").close()')
    gone = stage.audit.next('connection-vanished', CONNECTION=e['SOCKAUDIT_CONNECTION'])
    assert peer(gone)['PID'] == str(server.pid) and 'STATE' not in peer(gone)


def test_unix_peer_that_is_gone(stage):
    server = stage.actor('server')
    server.do(listen('SOCK_STREAM', b'\0gone'))
    client = stage.actor('client')
    inode = client.do(connect('SOCK_STREAM', b'\0gone'))
    server.do(ACCEPT)
    server.do('keep.pop("a").close()')
    client.do('name(b"watched-late")')
    e = stage.opening(PID=client.pid)
    assert peer(e) == {'STATE': 'gone', 'BY': 'unix'}
    assert_listed(stage, client.pid, inode, None, 'gone', 'unix')
    assert ' (gone)' in shown(stage, client.pid)


def test_no_more_walks_than_allowed(tmp_path):
    """Then the other end has no process, and a gap says so, once; what the ledger knows anyway needs no walk. When walks are allowed again it is over."""
    stage = Stage(tmp_path, peer_walks=0)
    server, client = stage.actor('server'), stage.actor('watched-client')
    server.do(listen('SOCK_DGRAM', b'\0log'))
    for _ in range(3):
        e = stage.opening(INODE=client.do(connect('SOCK_DGRAM', b'\0log')))
        assert (peer(e)['BY'], peer(e)['PATH'], 'PID' in peer(e)) == ('unix', '@log', False)
        client.do('keep.pop("c")')
    gap, = stage.audit.of('audit-gap', GAP_REASON='over-limit')
    assert (gap['SOCKAUDIT_GAP_LIMIT'], gap['SOCKAUDIT_GAP_COUNT']) == ('peer_walks', '1')
    assert 'limits.peer_walks, count 1' in gap['MESSAGE']
    watched = stage.actor('watched-server')
    watched.do(listen('SOCK_DGRAM', b'\0other'))
    assert peer(stage.opening(INODE=client.do(connect('SOCK_DGRAM', b'\0other'))))['PID'] == str(watched.pid)
    assert stage.audit.of('audit-gap', GAP_REASON='over-limit') == [gap]

    stage.audit.config.write_text(CONFIG.format(collector='sock_diag', intrusive='no', peer_walks=6000))
    stage.audit.process.send_signal(signal.SIGHUP)
    stage.audit.until(lambda: len(stage.audit.of('audit-gap', GAP_LIMIT='peer_walks')) == 2, 'end of the gap')
    end = stage.audit.of('audit-gap', GAP_LIMIT='peer_walks')[1]
    assert (end['SOCKAUDIT_NOT_BEFORE'], end['SOCKAUDIT_GAP_COUNT']) == (gap['SOCKAUDIT_NOT_BEFORE'], '1')
    assert int(end['SOCKAUDIT_NOT_AFTER']) > int(gap['SOCKAUDIT_NOT_AFTER']) > int(gap['SOCKAUDIT_NOT_BEFORE'])
    client.do('keep.pop("c")')
    assert peer(stage.opening(INODE=client.do(connect('SOCK_DGRAM', b'\0log'))))['PID'] == str(server.pid)
    stage.close()


@pytest.mark.parametrize('clients', [1, 20])
def test_datagram_clients_of_one_server(stage, clients):
    server = stage.actor('server')
    server_inode = server.do(listen('SOCK_DGRAM', b'\0log'))
    client = stage.actor('watched-clients')
    inodes = client.do(f'[inode(keep.setdefault(i, (lambda s: s.connect(b"\\0log") or s)(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))).fileno()) for i in range({clients})]')
    for inode in inodes:
        e = stage.opening(INODE=inode)
        assert (peer(e)['PID'], peer(e)['INODE'], peer(e)['PATH']) == (str(server.pid), str(server_inode), '@log')
    assert_listed(stage, client.pid, inodes[0], server.pid, 'accepted', 'unix', peer_path='@log')
    assert_listed(stage, server.pid, server_inode, client.pid, None, None, client_count=clients if clients > 1 else 1)


def test_socket_activation_names_the_service(stage):
    """PID 1 holds the listener, and so does the service."""
    parent = stage.actor('parent')
    parent.do(listen('SOCK_STREAM', b'\0activated'))
    child = parent.do('keep.setdefault("child", os.fork() or (name(b"service"), time.sleep(3600)))')
    client = stage.actor('watched-client')
    inode = client.do(connect('SOCK_STREAM', b'\0activated'))
    e = stage.opening(INODE=inode)
    assert (peer(e)['STATE'], peer(e)['HOLDER_COUNT']) == ('pending', '2')
    assert peer(e)['PID'] == str(parent.pid), 'the older one; for PID 1 see the scenario'
    parent.do(f'os.kill({child}, 9) or os.waitpid({child}, 0)')


# --- TCP and UDP --------------------------------------------------------------------------------------

def tcp(family, address, listener=None):
    """Orders: listen, connect to a port, accept."""
    return (f'keep.setdefault("l", socket.create_server(({listener or address!r}, 0), family=socket.{family}, dualstack_ipv6={listener == "::" and address != "::1"})).getsockname()[1]',
            f'(lambda s: [inode(s.fileno()), s.getsockname()[1]])(keep.setdefault("c", socket.create_connection(({address!r}, {{0}}))))')


@pytest.mark.parametrize('family, address, listener', [('AF_INET', '127.0.0.1', None), ('AF_INET6', '::1', None), ('AF_INET6', '127.0.0.1', '::')],
                         ids=['ipv4', 'ipv6', 'mapped'])
@pytest.mark.parametrize('collector', ['bpf', 'sock_diag', 'proc'])
def test_tcp_on_loopback(tmp_path, collector, family, address, listener):
    stage = Stage(tmp_path, collector)
    server, client = stage.actor('watched-server'), stage.actor('watched-client')
    listening, connecting = tcp(family, address, listener)
    port = server.do(listening)
    inode, client_port = client.do(connecting.format(port))
    accepted = server.do(ACCEPT)
    for mine, theirs in ((dict(PEER_PORT=port, LOCAL_PORT=client_port), server), (dict(LOCAL_PORT=port, PEER_PORT=client_port), client)):
        e = stage.opening(**mine)
        assert (peer(e)['PID'], peer(e)['COMM'], peer(e)['BY']) == (str(theirs.pid), f'watched-{"server" if theirs is server else "client"}', 'tuple')
        assert peer(e)['STATE'] in ('accepted', 'pending')
    assert accepted != inode
    assert_listed(stage, client.pid, inode, server.pid, 'accepted', 'tuple', peer_inode=accepted)
    assert_listed(stage, server.pid, accepted, client.pid, 'accepted', 'tuple', peer_inode=inode)
    stage.close()


def test_tcp_pending_names_the_listener(stage):
    server, client = stage.actor('server'), stage.actor('watched-client')
    listening, connecting = tcp('AF_INET', '127.0.0.1')
    port = server.do(listening)
    inode, _ = client.do(connecting.format(port))
    e = stage.opening(INODE=inode)
    assert (peer(e)['STATE'], peer(e)['PID'], peer(e)['BY']) == ('pending', str(server.pid), 'tuple')
    assert_listed(stage, client.pid, inode, server.pid, 'pending', 'tuple')
    assert f'(not accepted) server[{server.pid}]' in shown(stage, client.pid)


@pytest.mark.parametrize('server_connects', [False, True])
def test_udp_on_loopback(stage, server_connects):
    server, client = stage.actor('server'), stage.actor('watched-client')
    port = server.do('(lambda s: s.bind(("127.0.0.1", 0)) or s.getsockname()[1])(keep.setdefault("u", socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))')
    bound = client.do('(lambda s: s.bind(("127.0.0.1", 0)) or s.getsockname()[1])(keep.setdefault("u", socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))')
    if server_connects:
        server.do(f'keep["u"].connect(("127.0.0.1", {bound}))')
    client.do(f'keep["u"].connect(("127.0.0.1", {port}))')
    stage.audit.until(lambda: any('SOCKAUDIT_PEER_PID' in e for e in stage.audit.of(LOCAL_PORT=bound)), 'peer')
    e, = [e for e in stage.audit.of(LOCAL_PORT=bound) if 'SOCKAUDIT_PEER_PID' in e]
    assert (peer(e)['PID'], peer(e)['BY'], peer(e)['PORT']) == (str(server.pid), 'tuple', str(port))
    assert 'STATE' not in peer(e)
    assert_listed(stage, client.pid, client.do('inode(keep["u"].fileno())'), server.pid, None, 'tuple')


# --- namespaces ---------------------------------------------------------------------------------------

def test_accepted_in_the_namespace_of_the_client(stage, tmp_path):
    """An accepted unix socket lives there: the server's event names that namespace and its own, and it is looked at from then on."""
    other = Namespace()
    server = stage.actor('watched-server')
    client = stage.actor('client', other)
    path = str(tmp_path / 'socket').encode()
    server.do(listen('SOCK_STREAM', path))
    client_inode = client.do(connect('SOCK_STREAM', path))
    inode = server.do(ACCEPT)
    e = stage.opening(INODE=inode)
    assert (e['SOCKAUDIT_NETNS'], e['SOCKAUDIT_PROCESS_NETNS']) == (str(other.inode()), str(stage.ns.inode()))
    assert (peer(e)['PID'], peer(e)['INODE'], e['SOCKAUDIT_LOCAL_PATH']) == (str(client.pid), str(client_inode), path.decode())
    assert_listed(stage, server.pid, inode, client.pid, 'accepted', 'unix', netns=other.inode(), process_netns=stage.ns.inode())
    assert f'{other.inode()} (process {stage.ns.inode()})' in shown(stage, '--columns=process,netns', server.pid)
    # The next one is a look away.
    client.do('keep.pop("c")')
    second = client.do(connect('SOCK_STREAM', path))
    server.do('keep.setdefault("old", keep.pop("a"))')
    server.do(ACCEPT)
    stage.opening(PEER_INODE=second)
    # Nobody lives there any more, but the server still holds its end; then it does not.
    client.end()
    stage.running.remove(client)
    other.close()
    stage.audit.cycles(3)
    assert not stage.audit.of('connection-vanished', CONNECTION=e['SOCKAUDIT_CONNECTION'])
    server.do('[keep.pop(x).close() for x in ("a", "old")]')
    stage.audit.next('connection-vanished', CONNECTION=e['SOCKAUDIT_CONNECTION'])


def test_datagram_server_in_another_namespace(stage, tmp_path):
    other = Namespace()
    server = stage.actor('server', other)
    path = str(tmp_path / 'log').encode()
    server_inode = server.do(listen('SOCK_DGRAM', path))
    client = stage.actor('watched-client')
    inode = client.do(connect('SOCK_DGRAM', path))
    e = stage.opening(INODE=inode)
    assert (peer(e)['PID'], peer(e)['INODE'], peer(e)['PATH'], peer(e)['NETNS']) == (str(server.pid), str(server_inode), path.decode(), str(other.inode()))
    assert_listed(stage, client.pid, inode, server.pid, 'accepted', 'unix', peer_path=path.decode())
    other.close()


def test_pending_in_another_namespace(stage, tmp_path):
    other = Namespace()
    server = stage.actor('server', other)
    path = str(tmp_path / 'socket').encode()
    server.do(listen('SOCK_STREAM', path))
    client = stage.actor('watched-client')
    inode = client.do(connect('SOCK_STREAM', path))
    e = stage.opening(INODE=inode)
    assert (peer(e)['STATE'], peer(e)['PID'], peer(e)['PATH'], peer(e)['NETNS']) == ('pending', str(server.pid), path.decode(), str(other.inode()))
    assert_listed(stage, client.pid, inode, server.pid, 'pending', 'unix', peer_path=path.decode())
    other.close()


@pytest.mark.parametrize('intrusive', ['yes', 'no'])
def test_a_socket_that_is_the_last_in_its_namespace(tmp_path, intrusive):
    """Passed to a watched process by one that left: only a copy of the descriptor can tell where it lives."""
    stage = Stage(tmp_path, intrusive=intrusive)
    other = Namespace()
    path = str(tmp_path / 'pass')
    giver, taker = stage.actor('giver', other), stage.actor('watched-taker')
    taker.tell(f'keep["fd"] = take({path!r})')
    port = giver.do('keep.setdefault("l", socket.create_server(("127.0.0.1", 0))).getsockname()[1]')
    giver.do(f'give({path!r}, keep["l"].fileno())')
    taker.answer()
    inode, socket_inode = other.inode(), taker.do('inode(keep["fd"])')
    giver.end()
    stage.running.remove(giver)
    other.close()
    row = listed(stage, taker.pid, socket_inode) # `list` may always
    assert (row['listed'], row['local_port'], row['netns'], row['process_netns']) == (True, port, inode, stage.ns.inode())
    if intrusive == 'yes':
        e = stage.audit.next('listener-present', 'listener-appeared', LOCAL_PORT=port)
        assert (e['SOCKAUDIT_PID'], e['SOCKAUDIT_NETNS']) == (str(taker.pid), str(inode))
        assert int(e['SOCKAUDIT_PROCESS_NETNS']) == stage.ns.inode()
        stage.audit.cycles(3)
        assert not stage.audit.of('listener-vanished')
        taker.do('os.close(keep["fd"])')
        stage.audit.next('listener-vanished', LOCAL_PORT=port)
    else:
        stage.audit.cycles(15)
        assert not stage.audit.of(LOCAL_PORT=port)
    stage.close()


def test_a_unix_socket_that_no_namespace_has_is_a_gap(tmp_path):
    """The last one in its namespace: nothing else would tell of it. Unix sockets without a name are in the table, and are none of these."""
    stage = Stage(tmp_path)
    other = Namespace()
    path = str(tmp_path / 'pass')
    giver, taker = stage.actor('giver', other), stage.actor('watched-taker')
    taker.do('keep.setdefault("pair", socket.socketpair()) and keep.setdefault("none", socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) and 0')
    stage.audit.cycles(15)
    assert not stage.audit.of('audit-gap', GAP_REASON='namespace-lost')
    taker.tell(f'keep["fd"] = take({path!r})')
    giver.do(listen('SOCK_STREAM', '\0lost'))
    giver.do(f'give({path!r}, keep["l"].fileno())')
    taker.answer()
    giver.end()
    stage.running.remove(giver)
    other.close()
    gap = stage.audit.next('audit-gap', GAP_REASON='namespace-lost')
    stage.audit.cycles(15)
    assert gap['SOCKAUDIT_GAP_COUNT'] == '1' and stage.audit.of('audit-gap', GAP_REASON='namespace-lost') == [gap]
    stage.close()


def test_without_the_right_to_enter_namespaces(tmp_path):
    """They are read as text, and it says so: in one of them other ends by loopback addresses are seen, across there are none."""
    no_admin = ['setpriv', '--bounding-set=-sys_admin']
    stage = Stage(tmp_path, prefix=no_admin)
    other = Namespace()
    server, client, inside = stage.actor('server', other), stage.actor('watched-client'), stage.actor('watched-inside', other)
    veth(client.pid, server.pid)
    port, mine = connected(client, server, THERE)
    assert no_peer(stage.opening(LOCAL_PORT=mine, PEER_PORT=port))
    server.do('keep.clear()')
    port, mine = connected(inside, server, '127.0.0.1')
    e = stage.opening(LOCAL_PORT=mine, PEER_PORT=port)
    assert (e['SOCKAUDIT_NETNS'], peer(e)['PID'], peer(e)['BY'], 'SOCKAUDIT_COOKIE' in e) == (str(other.inode()), str(server.pid), 'tuple', False)
    assert '2 namespaces (1 as text) by sock_diag' in stage.audit.status.last
    assert any('read as text' in line for line in stage.audit.said)
    answer = subprocess.run(stage.ns.command(*no_admin, BUILD / 'src/sockaudit', 'list', inside.pid), capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert '(1 network namespace as text, without unix peers)' in answer.stdout and f'server[{server.pid}]' in answer.stdout
    stage.close()
    other.close()


def test_a_container_that_ends_is_free_within_a_second(stage):
    """Its veth goes with its namespace, unless somebody holds that: it is watched, has connections and other ends here."""
    other = Namespace()
    server, client = stage.actor('watched-server', other), stage.actor('watched-client')
    veth(stage.ns.process.pid, server.pid, 'sa-free')
    port, mine = connected(client, server, THERE)
    stage.opening(LOCAL_PORT=mine, PEER_PORT=port)
    stage.opening(LOCAL_PORT=port, PEER_PORT=mine)

    def exists():
        return subprocess.run(['nsenter', f'--net=/proc/{client.pid}/ns/net', 'ip', 'link', 'show', 'sa-free'], capture_output=True).returncode == 0
    took = []
    assert exists()
    server.process.kill()
    other.process.kill()
    other.process.wait(PATIENCE)
    server.process.wait(PATIENCE)
    ended = time.monotonic()
    stage.running.remove(server)
    while exists():
        assert time.monotonic() - ended < PATIENCE
        time.sleep(0.01)
    took = time.monotonic() - ended
    assert took < 1
    stage.audit.next('process-gone', PID=server.pid)


# --- across namespaces, and who may not pass for a peer -----------------------------------------------

NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
OTHER_USER = ['unshare', '--user', '--map-root-user', '--net']
HERE, THERE = '10.99.0.1', '10.99.0.2'
HERE_SIX, THERE_SIX = 'fd00:99::1', 'fd00:99::2'


def ip(pid, *command):
    subprocess.run(['nsenter', f'--net=/proc/{pid}/ns/net', 'ip', *map(str, command)], check=True)


def veth(a, b, name='sa-veth'):
    """Between the namespaces of two processes: HERE in the first one, THERE in the second."""
    ip(a, 'link', 'add', name, 'type', 'veth', 'peer', 'name', name, 'netns', b)
    for pid, address, six in ((a, HERE, HERE_SIX), (b, THERE, THERE_SIX)):
        ip(pid, 'addr', 'add', f'{address}/24', 'dev', name)
        ip(pid, 'addr', 'add', f'{six}/64', 'dev', name, 'nodad')
        ip(pid, 'link', 'set', name, 'up')
        ip(pid, 'link', 'set', 'lo', 'up')


def connected(client, server, server_address, port=0):
    """A TCP connection between two actors: its ports."""
    port = server.do(f'keep.setdefault("l", socket.create_server(({server_address!r}, {port}))).getsockname()[1]')
    mine = client.do(f'keep.setdefault("c", socket.create_connection(({server_address!r}, {port}))).getsockname()[1]')
    server.do('keep.setdefault("a", keep["l"].accept()[0]).fileno()')
    return port, mine


def ss_peer(pid, *options):
    """Who has the sockets in the namespace of a process, as ss(8) tells."""
    return subprocess.run(['nsenter', f'--net=/proc/{pid}/ns/net', 'ss', '-Hnap', *options], capture_output=True, text=True, check=True).stdout


def test_tcp_and_udp_across_a_veth_pair(stage):
    other = Namespace()
    server, client = stage.actor('server', other), stage.actor('watched-client')
    veth(client.pid, server.pid)
    port, mine = connected(client, server, THERE)
    e = stage.opening(LOCAL_PORT=mine, PEER_PORT=port)
    assert (peer(e)['PID'], peer(e)['BY'], peer(e)['NETNS']) == (str(server.pid), 'tuple', str(other.inode()))
    assert f'pid={server.pid},' in ss_peer(server.pid, '-t', f'( sport = :{port} and dport = :{mine} )')
    assert_listed(stage, client.pid, client.do('inode(keep["c"].fileno())'), server.pid, 'accepted', 'tuple')
    # UDP, both connected
    ports = [a.do(f'(lambda s: s.bind(({address!r}, 0)) or s.getsockname()[1])(keep.setdefault("u", socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))')
             for a, address in ((client, HERE), (server, THERE))]
    server.do(f'keep["u"].connect(({HERE!r}, {ports[0]}))')
    client.do(f'keep["u"].connect(({THERE!r}, {ports[1]}))')
    stage.audit.until(lambda: any('SOCKAUDIT_PEER_PID' in e for e in stage.audit.of(LOCAL_PORT=ports[0])), 'peer')
    e, = [e for e in stage.audit.of(LOCAL_PORT=ports[0]) if 'SOCKAUDIT_PEER_PID' in e]
    assert peer(e)['PID'] == str(server.pid)
    other.close()


def no_peer(event):
    return not {'PID', 'BY', 'COMM', 'STATE'} & set(peer(event))


def test_a_namespace_of_another_user_is_not_believed(stage):
    """What looks like another machine: the real server has a user namespace of its own, and nobody can say who made it."""
    client = stage.actor('watched-client')
    outside = stage.actor('outside', prefix=OTHER_USER)
    veth(client.pid, outside.pid)
    port, mine = connected(client, outside, THERE)
    assert no_peer(stage.opening(LOCAL_PORT=mine, PEER_PORT=port))
    assert_listed(stage, client.pid, client.do('inode(keep["c"].fileno())'), None, None, None)


def forge(stage, client, outside, make, family='AF_INET', here=HERE, there=THERE):
    """A real connection to the outside, and a decoy with the swapped addresses, made by make(port, mine), when the daemon looks."""
    veth(client.pid, outside.pid)
    mine = client.do(f'(lambda s: s.bind(({here!r}, 0)) or s.getsockname()[1])(keep.setdefault("c", socket.socket(socket.{family})))')
    port = outside.do(f'keep.setdefault("l", socket.create_server(({there!r}, 0), family=socket.{family})).getsockname()[1]')
    stage.audit.process.send_signal(signal.SIGSTOP)
    client.do(f'keep["c"].connect(({there!r}, {port}))')
    outside.do('keep.setdefault("a", keep["l"].accept()[0]).fileno()')
    decoy = make(port, mine)
    stage.audit.process.send_signal(signal.SIGCONT)
    e = stage.opening(LOCAL_PORT=mine, PEER_PORT=port)
    assert f'pid={decoy.pid},' in ss_peer(decoy.pid, '-t', f'( sport = :{port} and dport = :{mine} )'), 'the decoy is in place'
    stage.audit.cycles(2)
    for event in stage.audit.of(CONNECTION=e['SOCKAUDIT_CONNECTION']):
        assert no_peer(event), event['MESSAGE']
    assert_listed(stage, client.pid, client.do('inode(keep["c"].fileno())'), None, None, None)


def decoy_with_both_ends(decoy, port, mine):
    """Both addresses on lo, and the very connection."""
    for command in (f'addr add {HERE}/32 dev lo', f'addr add {THERE}/32 dev lo', 'link set lo up'):
        assert decoy.do(f'os.system("ip {command}")') == 0
    decoy.do(f'keep.setdefault("l", socket.create_server(({THERE!r}, {port}))).fileno()')
    decoy.do(f'(lambda s: s.bind(({HERE!r}, {mine})) or s.connect(({THERE!r}, {port})))(keep.setdefault("c", socket.socket()))')
    decoy.do('keep.setdefault("a", keep["l"].accept()[0]).fileno()')
    return decoy


def test_nobody_forges_a_peer_in_a_namespace_of_his_own(stage):
    client = stage.actor('watched-client')
    outside = stage.actor('outside', prefix=OTHER_USER)
    decoy = stage.actor('decoy', prefix=[*NOBODY, *OTHER_USER])
    assert 'Uid:\t65534' in open(f'/proc/{decoy.pid}/status').read()
    forge(stage, client, outside, lambda port, mine: decoy_with_both_ends(decoy, port, mine))


def test_addresses_on_lo_are_not_believed(stage):
    """Not even where root has made the namespace."""
    ns = Namespace()
    client = stage.actor('watched-client')
    outside = stage.actor('outside', prefix=OTHER_USER)
    decoy = stage.actor('decoy', ns)
    forge(stage, client, outside, lambda port, mine: decoy_with_both_ends(decoy, port, mine))
    ns.close()


def udp_forge(stage, **options):
    """A UDP socket that names the outside, and a decoy in a namespace where the address is configured on a device, and the way back is: its event."""
    client = stage.actor('watched-client')
    outside = stage.actor('outside', prefix=OTHER_USER)
    veth(client.pid, outside.pid)
    decoy = stage.actor('decoy', **options)
    for command in ('link add d0 type veth peer name d1', f'addr add {THERE}/24 dev d0', 'link set d0 up', 'link set d1 up'):
        assert decoy.do(f'os.system("ip {command}")') == 0
    mine = client.do(f'(lambda s: s.bind(({HERE!r}, 0)) or s.getsockname()[1])(keep.setdefault("u", socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))')
    decoy.do(f'(lambda s: (s.bind(({THERE!r}, 53000)), s.connect(({HERE!r}, {mine})))[1])(keep.setdefault("u", socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))')
    assert f'pid={decoy.pid},' in ss_peer(decoy.pid, '-u', f'( sport = :53000 and dport = :{mine} )'), 'the decoy is in place'
    client.do(f'keep["u"].connect(({THERE!r}, 53000))')
    return client, decoy, stage.audit.next(LOCAL_PORT=mine, PEER_PORT=53000)


def test_nobody_forges_a_peer_with_devices_and_routes(stage):
    client, _, event = udp_forge(stage, prefix=[*NOBODY, *OTHER_USER])
    assert no_peer(event)
    assert_listed(stage, client.pid, client.do('inode(keep["u"].fileno())'), None, None, None)


def test_root_could(stage):
    """What the test above does wrong is only who does it: by these addresses a namespace that root has made is believed."""
    ns = Namespace()
    client, decoy, event = udp_forge(stage, ns=ns)
    assert (peer(event)['PID'], peer(event)['BY']) == (str(decoy.pid), 'tuple')
    assert_listed(stage, client.pid, client.do('inode(keep["u"].fileno())'), decoy.pid, None, 'tuple')
    ns.close()


def test_nobody_forges_a_peer_with_an_address_that_is_not_here(stage):
    """IPV6_FREEBIND lets any user take any address: in our own namespace he can try to connect from it, and of UDP be connected at once."""
    client = stage.actor('watched-client')
    outside = stage.actor('outside', prefix=OTHER_USER)
    decoy = stage.actor('decoy', prefix=NOBODY)

    def take(kind, port, to):
        decoy.do(f'(lambda s: (s.setsockopt(41, 78, 1), s.setblocking(False), s.bind(({THERE_SIX!r}, {port})), s.connect_ex(({HERE_SIX!r}, {to})))[3])'
                 f'(keep.setdefault({kind!r}, socket.socket(socket.AF_INET6, socket.{kind})))')
        return decoy
    forge(stage, client, outside, lambda port, mine: take('SOCK_STREAM', port, mine), 'AF_INET6', HERE_SIX, THERE_SIX)
    mine = client.do(f'(lambda s: s.bind(({HERE_SIX!r}, 0)) or s.getsockname()[1])(keep.setdefault("u", socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)))')
    take('SOCK_DGRAM', 53000, mine)
    assert f'pid={decoy.pid},' in ss_peer(decoy.pid, '-u', f'( sport = :53000 and dport = :{mine} )'), 'the decoy is in place'
    client.do(f'keep["u"].connect(({THERE_SIX!r}, 53000))')
    assert no_peer(stage.audit.next(LOCAL_PORT=mine, PEER_PORT=53000))
    assert_listed(stage, client.pid, client.do('inode(keep["u"].fileno())'), None, None, None)


def test_equal_loopback_addresses_in_two_namespaces(stage):
    """The other end of the watched one is gone; in another namespace the same pair of addresses lives."""
    ns = Namespace()
    client, server, twin = stage.actor('client'), stage.actor('server'), stage.actor('twin', ns)
    port, mine = connected(client, server, '127.0.0.1')
    twin.do(f'keep.setdefault("l", socket.create_server(("127.0.0.1", {port}))).fileno()')
    twin.do(f'(lambda s: s.bind(("127.0.0.1", {mine})) or s.connect(("127.0.0.1", {port})))(keep.setdefault("c", socket.socket()))')
    twin.do('keep.setdefault("a", keep["l"].accept()[0]).fileno()')
    server.do('[keep.pop(x).close() for x in "al"]')
    client.do('name(b"watched-late")')
    e = stage.opening(LOCAL_PORT=mine, PEER_PORT=port)
    assert peer(e).get('STATE') in (None, 'gone') and 'PID' not in peer(e)
    assert 'peer_holders' not in listed(stage, client.pid, client.do('inode(keep["c"].fileno())'))
    ns.close()
