# SPDX-License-Identifier: MIT
"""A process that does as it is told: a line of Python an order, the answer as JSON. Its names: what the standard library has, and

    name(b'..')  calls itself so       keep  a dict of what it holds       give(path, fd)  take(path)  pass a descriptor
"""

import array
import ctypes
import json
import mmap
import os
import re
import select
import signal
import socket
import struct
import sys
import threading
import time

keep = {}


def name(comm):
    ctypes.CDLL(None).prctl(15, comm, 0, 0, 0)


def inode(fd):
    return int(re.sub(r'\D', '', os.readlink(f'/proc/self/fd/{fd}')))


def give(path, fd):
    with socket.socket(socket.AF_UNIX) as s:
        while s.connect_ex(path):
            time.sleep(0.01)
        s.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [fd]))])
        s.recv(1)


def take(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
        s.listen()
        with s.accept()[0] as c:
            fd = array.array('i', c.recvmsg(1, 64)[1][0][2])[0]
        os.unlink(path)
    return fd


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    s.close()


def now():
    return time.clock_gettime_ns(time.CLOCK_REALTIME) // 1000


def listen():
    keep['l'] = socket.create_server(('127.0.0.1', 0), backlog=64)
    return keep['l'].getsockname()[1]


def udp(peer):
    s = socket.socket(type=socket.SOCK_DGRAM)
    s.connect(peer)
    return s


def attempt(name, port):
    """One that may last: the port it comes from."""
    keep[name] = s = socket.socket()
    s.setblocking(False)
    s.connect_ex(('127.0.0.1', port))
    return s.getsockname()[1]


def close_both(c, a, pair):
    closing = now()
    c.close()
    a.close()
    for side in pair:
        side.update(closing=closing, closed=now())


def storm(count, every):
    """Connections to our own listener, closed at once, but for one of `every`, which lives until calm(): the ports of these."""
    keep['sides'], keep['long'] = sides, held = [], []
    if 'l' not in keep:
        listen()
    for i in range(count):
        c = socket.create_connection(keep['l'].getsockname())
        a, _ = keep['l'].accept()
        local, peer = c.getsockname()[1], c.getpeername()[1]
        c.sendall(b'x' * (i % 1000 + 1))
        a.sendall(b'y' * 3)
        a.recv(i % 1000 + 1, socket.MSG_WAITALL)
        c.recv(3, socket.MSG_WAITALL)
        pair = ({'local': local, 'peer': peer, 'sent': i % 1000 + 1, 'received': 3, 'long': i % every == 0},
                {'local': peer, 'peer': local, 'sent': 3, 'received': i % 1000 + 1, 'long': i % every == 0})
        sides.extend(pair)
        if i % every == 0:
            held.append((c, a, pair))
        else:
            close_both(c, a, pair)
    return [(s['local'], s['peer']) for _, _, pair in held for s in pair]


def calm():
    """Of each side of a storm: its ports, when it was closed (between two times, in usec), and its bytes."""
    for both in keep.pop('long'):
        close_both(*both)
    return keep.pop('sides')


def share(comm):
    """A child with the same table of descriptors, which then only sleeps."""
    pid = ctypes.CDLL(None).syscall(56, 0x400 | signal.SIGCHLD, 0, 0, 0, 0)  # clone, CLONE_FILES
    while pid == 0:
        name(comm)
        signal.pause()
    return pid


def hide_arguments(path):
    """Puts the file in place of a page of our command line, which must be long enough: it is what others read."""
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    with open('/proc/self/stat') as f:
        start, end = map(int, f.read().rsplit(')', 1)[1].split()[45:47])
    page = -(-start // 4096) * 4096
    assert page + 4096 <= end
    with open(path) as f:
        assert libc.mmap(ctypes.c_void_p(page), 4096, 1, 0x12, f.fileno(), 0) == page  # PROT_READ; MAP_PRIVATE | MAP_FIXED


def lock_memory(path):
    """A thread reads memory that is a file, which its file system first says to be broken and then does not give: the kernel asks that the last time with
    a lock on all our memory. Another thread, whose id is the answer, maps some when it is told to (keep['map']), and waits for that lock, too: who reads our
    memory now waits behind it. We should not do much ourselves after that."""
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long
    libc.memcmp.argtypes = ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t
    page = libc.mmap(None, 4096, mmap.PROT_READ, mmap.MAP_PRIVATE, os.open(path, os.O_RDONLY), 0)
    keep['map'] = threading.Event()

    def map_more():
        keep['map'].wait()
        libc.mmap(None, 4096, mmap.PROT_READ, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)

    mapper = threading.Thread(target=map_more, daemon=True)
    mapper.start()
    threading.Thread(target=libc.memcmp, args=(page, ctypes.addressof(ctypes.create_string_buffer(8)), 8), daemon=True).start()
    return mapper.native_id



if __name__ == '__main__':
    if len(sys.argv) > 1:
        name(os.fsencode(sys.argv[1]))
    print(json.dumps(os.getpid()), flush=True)
    for line in sys.stdin:
        try:
            answer = eval(line)
        except SyntaxError:
            answer = exec(line)
        print(json.dumps(answer, default=repr), flush=True)
