# SPDX-License-Identifier: MIT
"""Sockets as the iterator in the kernel gives them, by who holds them: against what sock_diag, the text of /proc, ss(8) and /proc/PID/fd say of the same."""

import ctypes
import os
import re
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import pytest
from audit import CONNECT, LISTEN, Audit, Namespace, actors
from test_collect import INET, NAMESPACES, UNIX_TYPES, common, hexed, in_order, name

HOLDER = ('pid', 'start', 'fd')
MOVES = {'idle_usec', 'timer_msec'}  # between two readings
FORMS = ['walk', 'walk-one']

KINDS = [*INET, ('tcp-syn-sent',), ('tcp-unbound',), ('udp-unbound',), ('mptcp-pair',), ('udplite',), ('netlink',),
         ('icmp4',), ('icmp6',), ('dup',), ('unix-pair', 'N=3', 'SEND=5'), ('unix-pair', 'TYPE=dgram', 'SEND=5'), ('unix-pair', 'TYPE=seqpacket', 'SEND=5'),
         ('unix-connected', 'PATH=0041'), ('unix', 'TYPE=dgram'), ('unix-unaccepted', 'N=2', 'PATH=0042'), ('unix-shutdown',)]


def comparable(row):
    """Of raw sockets sock_diag may have the text only."""
    if row['transport'] in ('raw', 'icmp') and row['family'] in ('ipv4', 'ipv6'):
        return common(row)
    moves = MOVES | ({'retransmits', 'total_retransmits', 'timer'} if row['state'] == 'syn-sent' else set())
    return {k: v for k, v in row.items() if k not in moves}


def without_holder(row):
    return {k: v for k, v in row.items() if k not in HOLDER}


def sockets_of(rows):
    return in_order(comparable(without_holder(r)) for r in rows)


def by_process(rows):
    found = {}
    for r in rows:
        found.setdefault(r['pid'], []).append(r)
    return found


def check_as_sock_diag(kind, made, walked, listed):
    """All but what nobody holds."""
    assert sockets_of(walked) == in_order(comparable(r) for r in listed if r['inode'] != 0), kind
    if kind[0] != 'dup':
        assert {(r['fd'], r['inode']) for r in walked} <= {(s.fd, s.inode) for s in made.sockets}, kind


def test_as_sock_diag(sockets, dump):
    """All namespaces in one walk."""
    made = [sockets(*kind, 'NETNS=new') for kind in KINDS]
    walked = by_process(dump('walk', 0, 'all'))
    for kind, m in zip(KINDS, made, strict=True):
        check_as_sock_diag(kind, m, walked.get(m.pid, []), dump('sock_diag', m.pid))


@pytest.mark.parametrize('form', FORMS)
@pytest.mark.parametrize('kind', [('tcp-on-device',), ('udp-on-device',), ('packet',)], ids=name)
def test_interface(sockets, dump, kind, form):
    made = sockets(*kind, 'NETNS=new')
    check_as_sock_diag(kind, made, dump(form, made.pid), dump('sock_diag', made.pid))


@pytest.mark.parametrize('namespace', NAMESPACES, ids=['own', 'new'])
def test_inet_as_ss(sockets, dump, ss, namespace):
    made = [sockets(*kind, *namespace) for kind in INET]
    rows = by_process(dump('walk', 0, 'all'))
    for m in made:
        expected, found = ss(m.pid), {r['inode']: r for r in rows[m.pid]}
        for socket in m.sockets:
            wanted = {'cookie': found[socket.inode]['cookie'], **(expected.get(socket.inode) or expected['raw', socket.port])}
            if wanted['transport'] == 'icmp6' and wanted['local'][1] == 58:
                wanted['transport'] = 'raw'  # as ss names a raw socket of that protocol, where the kernel lists such (raw_diag)
            assert {k: found[socket.inode][k] for k in wanted} == wanted


def test_unix_as_ss(sockets, dump, ss_unix, tmp_path):
    made = [sockets('unix-connected', 'SEND=3', f'PATH={hexed(str(tmp_path / type))}', f'TYPE={type}') for type in UNIX_TYPES]
    rows, expected = dump('walk'), ss_unix(made[0].pid)
    for socket in (s for m in made for s in m.sockets):
        found = {**rows.of(socket), 'path': bytes.fromhex(rows.of(socket)['path']).decode()}
        assert {k: found[k] for k in expected[socket.inode]} == expected[socket.inode]


def test_unix_names_of_each_length(sockets, dump, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wanted = [first + b'x' * (length - 1) for first in (b'f', b'\0') for length in (1, 107, 108)]
    made = [sockets('unix', f'PATH={path.hex()}') for path in wanted]
    rows = dump('walk')
    assert [bytes.fromhex(rows.of(m['listener'])['path']) for m in made] == wanted


def descriptors():
    """(pid, fd, inode) of each descriptor that is a socket, of all processes: as lsof finds them."""
    found = set()
    for path in Path('/proc').glob('[0-9]*/fd/*'):
        try:
            link = re.fullmatch(r'socket:\[(\d+)\]', os.readlink(path))
        except FileNotFoundError:
            continue
        if link:
            found.add((int(path.parts[2]), int(path.name), int(link[1])))
    return found


def test_holders_are_those_of_proc(sockets, dump):
    made = [sockets('tcp4-pair', 'N=40'), sockets('unix-pair', 'N=40'), sockets('dup'), sockets('udp4', 'NETNS=new'), sockets('netlink'), sockets('packet')]
    pids = {m.pid for m in made}
    walked = {(r['pid'], r['fd'], r['inode']) for r in dump('walk', 0, 'all') if r['pid'] in pids}
    listed = {r['inode'] for m in made for r in dump('sock_diag', m.pid)}
    assert walked == {d for d in descriptors() if d[0] in pids and d[2] in listed}
    assert walked == {(r['pid'], r['fd'], r['inode']) for m in made for r in dump('walk-one', m.pid, 'all')}


def test_start_is_that_of_proc(sockets, dump):
    made = sockets('udp4')
    stat = Path(f'/proc/{made.pid}/stat').read_text(encoding='ascii').rsplit(')', 1)[1].split()
    assert {r['start'] for r in dump('walk-one', made.pid)} == {int(stat[19])}


def test_many(sockets, dump):
    made = sockets('tcp4-pair', 'N=5000', 'NETNS=new')
    for form in FORMS:
        rows = dump(form, made.pid)
        assert [r['fd'] for r in rows] == sorted(s.fd for s in made.sockets)  # which is the order in which the ledger wants them
        assert sorted(r['inode'] for r in rows) == sorted(s.inode for s in made.sockets)


def test_one_that_is_gone(dump):
    """Says nothing; that it is gone is for others to find."""
    process = subprocess.Popen(['true'])
    process.wait()
    assert dump('walk-one', process.pid, 'all') == []


def in_a_process(run):
    """pid of a child of ours in which `run` goes on; what it writes to the pipe is read first."""
    ready, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        run(write)
        os._exit(1)
    os.close(write)
    assert os.read(ready, 1) == b'x'
    os.close(ready)
    return pid


def headless(write):
    def sleep():
        while ' Z ' not in Path(f'/proc/{os.getpid()}/stat').read_text(encoding='ascii'):
            pass
        os.write(write, b'x')
        threading.Event().wait(600)

    for _ in range(3):
        threading.Thread(target=sleep).start()
    ctypes.CDLL(None).syscall(60, 0)


def threaded(write):
    for _ in range(3):
        threading.Thread(target=lambda: threading.Event().wait(600)).start()
    os.write(write, b'x')
    threading.Event().wait(600)


@pytest.mark.parametrize('what', [headless, threaded])
def test_each_descriptor_once(sockets, dump, what):
    """A process has them once, however many threads there are, and though the first one has ended."""
    made = sockets('udp4')
    fd = os.pidfd_open(made.pid)
    mine = ctypes.CDLL(None).syscall(438, fd, made['bound'].fd, 0)  # pidfd_getfd(2)
    try:
        pid = in_a_process(what)
        for form in FORMS:
            rows = [r for r in dump(form, pid, 'all') if r['pid'] == pid and r['inode'] == made['bound'].inode]
            assert [r['fd'] for r in rows] == [mine]
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    finally:
        os.close(mine)
        os.close(fd)


# --- the daemon ------------------------------------------------------------------------------------------

CONFIG = '''
collector: bpf
interval: 100ms
rescan: 1s
cpu_max: 100%
watch:
  - name: rule
    match: {comm: "watched*"}
    sockets: {transport: tcp}
'''
ACCEPT = 'keep.setdefault({0!r}, keep["l"].accept()[0]) and None'


@pytest.fixture
def ns():
    with closing(Namespace()) as ns:
        yield ns


@pytest.fixture
def actor(ns):
    with actors(ns) as start:
        yield start


def test_older_than_the_programs(tmp_path, ns, actor):
    """What was there before them is marked when it is walked: its end is told with its time, and so is what its listener gets from then on."""
    server, client = actor('watched-server'), actor('bystander')
    to = server.do(LISTEN.format('l'))
    old = client.do(CONNECT.format('old', to))
    server.do(ACCEPT.format('old'))
    a = Audit(tmp_path, CONFIG, ns)
    a.next('connection-present', PEER_PORT=old, PID=server.pid)
    a.cycles(2)
    new = client.do(CONNECT.format('new', to))
    assert a.next('connection-appeared', PEER_PORT=new)['SOCKAUDIT_SEEN_BY'] == 'bpf'
    server.do('keep.pop("old").close()')
    client.do('keep.pop("old").close()')
    gone = a.next('connection-vanished', PEER_PORT=old)
    assert gone['SOCKAUDIT_SEEN_BY'] == 'bpf' and gone['SOCKAUDIT_NOT_BEFORE'] == gone['SOCKAUDIT_NOT_AFTER']
    assert a.stop() == 0


def test_another_s(tmp_path, ns, actor):
    """A connection of somebody who is not watched is as old as it was when it is passed on to somebody who is; its end is then told with its time."""
    server, foreign, watched = actor('bystander'), actor('bystander'), actor('watched-taker')
    to = server.do(LISTEN.format('l'))
    a = Audit(tmp_path, CONFIG, ns)
    a.next('process-matched', PID=watched.pid)
    a.cycles(2)
    port = foreign.do(CONNECT.format('c', to))
    a.cycles(4)
    watched.tell(f'keep.setdefault("fd", take({str(tmp_path / "pass")!r}))')
    foreign.do(f'[give({str(tmp_path / "pass")!r}, keep["c"].fileno()), keep.pop("c").close()] and None')
    fd = watched.answer()
    told = a.next('connection-appeared', 'connection-present', LOCAL_PORT=port)
    assert (told['SOCKAUDIT_EVENT'], told['SOCKAUDIT_PID'], told['SOCKAUDIT_FD']) == ('connection-present', str(watched.pid), str(fd))
    watched.do(f'os.close({fd})')
    server.do('keep["l"].accept()[0].close()')
    gone = a.next('connection-vanished', LOCAL_PORT=port)
    assert gone['SOCKAUDIT_SEEN_BY'] == 'bpf'
    assert a.stop() == 0


def test_waits_to_be_accepted(tmp_path, ns, actor):
    """Nobody holds it: the kernel's table is asked."""
    server, client = actor('watched-server'), actor('bystander')
    to = server.do(LISTEN.format('l'))
    a = Audit(tmp_path, CONFIG, ns)
    a.next('listener-present', LOCAL_PORT=to)
    a.cycles(2)
    port = client.do(CONNECT.format('c', to))
    told = a.next('connection-appeared', PEER_PORT=port)
    assert told['SOCKAUDIT_PID'] == str(server.pid)
    a.cycles(5)
    assert not a.of('connection-vanished', 'connection-completed')
    server.do(ACCEPT.format('a'))
    a.cycles(2)
    server.do('keep.pop("a").close()')
    client.do('keep.pop("c").close()')
    a.next('connection-vanished', PEER_PORT=port)
    assert a.stop() == 0


def test_nobody_who_can_be_seen(tmp_path, ns, actor):
    """It is in a message: released, and not gone."""
    server, watched = actor('bystander'), actor('watched')
    to = server.do(LISTEN.format('l'))
    a = Audit(tmp_path, CONFIG, ns)
    a.next('process-matched', PID=watched.pid)
    port = watched.do(CONNECT.format('c', to))
    a.next('connection-appeared', LOCAL_PORT=port)
    a.cycles(12)  # and a rescan
    watched.do('[keep.setdefault("s", socket.socketpair()), socket.send_fds(keep["s"][0], [b"x"], [keep["c"].fileno()]), keep.pop("c").close()] and None')
    changed = a.next('connection-changed', LOCAL_PORT=port)
    assert (changed['SOCKAUDIT_CHANGED'], changed['SOCKAUDIT_HOLDER_COUNT']) == ('holders', '0')
    a.cycles(3)
    assert not a.of('connection-vanished')
    watched.do('keep.pop("s")[1].close()')
    server.do('keep["l"].accept()[0].close()')
    a.next('connection-vanished', LOCAL_PORT=port)
    assert a.stop() == 0
