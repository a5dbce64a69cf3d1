# SPDX-License-Identifier: MIT
"""Who is at the other end, by the daemon and by `sockaudit list`: of unix sockets of each kind and name, of TCP and UDP in one namespace and across
two, of what waits to be accepted; in which namespaces it looks; and who tries to pass for somebody's peer and must fail."""

import re
import subprocess

import pytest

from audit import PATIENCE, Actor, Audit, Namespace

CONFIG = '''
interval: 100ms
cpu_max: 100%
rescan: 1s
collector: {collector}
limits: {{peer_walks: 6000}}
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

    def __init__(self, directory, collector='sock_diag'):
        self.ns = Namespace()
        self.audit = Audit(directory, CONFIG.format(collector=collector), self.ns, '--log-level=debug')
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
    assert peer(e)['EXE'].startswith('/usr/bin/python3')
    hexed = peer(e).get('PATH_HEX')
    assert (bytes.fromhex(hexed) if hexed else peer(e)['PATH'].encode().replace(b'@', b'\0', 1)) == name
    assert f'server[{server.pid}]' in e['MESSAGE']


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
    stage.audit.cycles(3)
    client.do('keep.pop("c").close()')
    gone = stage.audit.next('connection-vanished', CONNECTION=e['SOCKAUDIT_CONNECTION'])
    assert peer(gone)['PID'] == str(server.pid) and 'STATE' not in peer(gone)


def test_unix_peer_that_is_gone(stage):
    server = stage.actor('server')
    server.do(listen('SOCK_STREAM', b'\0gone'))
    client = stage.actor('client')
    client.do(connect('SOCK_STREAM', b'\0gone'))
    server.do(ACCEPT)
    server.do('keep.pop("a").close()')
    client.do('name(b"watched-late")')
    e = stage.opening(PID=client.pid)
    assert peer(e) == {'STATE': 'gone', 'BY': 'unix'}


@pytest.mark.parametrize('clients', [1, 20])
def test_datagram_clients_of_one_server(stage, clients):
    server = stage.actor('server')
    server_inode = server.do(listen('SOCK_DGRAM', b'\0log'))
    client = stage.actor('watched-clients')
    inodes = client.do(f'[inode(keep.setdefault(i, (lambda s: s.connect(b"\\0log") or s)(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))).fileno()) for i in range({clients})]')
    for inode in inodes:
        e = stage.opening(INODE=inode)
        assert (peer(e)['PID'], peer(e)['INODE'], peer(e)['PATH']) == (str(server.pid), str(server_inode), '@log')


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
@pytest.mark.parametrize('collector', ['sock_diag', 'proc'])
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
    stage.close()


def test_tcp_pending_names_the_listener(stage):
    server, client = stage.actor('server'), stage.actor('watched-client')
    listening, connecting = tcp('AF_INET', '127.0.0.1')
    port = server.do(listening)
    inode, _ = client.do(connecting.format(port))
    e = stage.opening(INODE=inode)
    assert (peer(e)['STATE'], peer(e)['PID'], peer(e)['BY']) == ('pending', str(server.pid), 'tuple')


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
