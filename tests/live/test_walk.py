# SPDX-License-Identifier: MIT
"""Sockets as the iterator in the kernel gives them, by who holds them: against what sock_diag, the text of /proc, ss(8) and /proc/PID/fd say of the same."""

import ctypes
import os
import re
import subprocess
import threading
from pathlib import Path

import pytest
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
