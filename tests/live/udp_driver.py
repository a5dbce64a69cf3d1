# SPDX-License-Identifier: MIT
"""udp_driver.py PORT COUNT: COUNT short lives of UDP sockets of each kind that LIVES names, whose other end, where they have one, is PORT of this host, which
echoes. Each kind is a process, called udp-KIND. Waits for a line on stdin first, as udp-driver. Then prints one line of JSON for each socket that was used: its kind, cookie, process and
the ports that it had at its end (0: none)."""

import ctypes
import json
import os
import signal
import socket
import struct
import sys

PORT, COUNT = map(int, sys.argv[1:])
SO_COOKIE, PR_SET_NAME = 57, 15
HERE = ('127.0.0.1', PORT)


def name(comm):
    ctypes.CDLL(None).prctl(PR_SET_NAME, comm.encode()[:15], 0, 0, 0)


def told(s, peer):
    cookie, = struct.unpack('Q', s.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8))
    return {'cookie': cookie, 'pid': os.getpid(), 'local': s.getsockname()[1], 'peer': peer}


def connected(family=socket.AF_INET, to=HERE):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.connect(to)
        s.send(b'x')
        yield told(s, PORT)


def connected6():
    return connected(socket.AF_INET6, ('::1', PORT))


def mapped():
    return connected(socket.AF_INET6, ('::ffff:127.0.0.1', PORT))


def unconnected(family=socket.AF_INET, to=HERE):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        for _ in range(3):
            s.sendto(b'x', to)
        yield told(s, 0)


def unconnected6():
    return unconnected(socket.AF_INET6, ('::1', PORT))


def mapped_unconnected():
    return unconnected(socket.AF_INET6, ('::ffff:127.0.0.1', PORT))


def bound():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(('127.0.0.1', 0))
        yield told(s, 0)


def bound6():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
        s.bind(('::1', 0))
        yield told(s, 0)


def query():
    """As a resolver does it: what is not answered is asked again."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(HERE)
        s.settimeout(0.1)
        while True:
            s.send(b'query')
            try:
                s.recv(100)
                break
            except TimeoutError:
                pass
        yield told(s, PORT)


def another():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(('127.0.0.2', 9))
        s.connect(HERE)
        yield told(s, PORT)


def disconnected():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(HERE)
        ctypes.CDLL(None).connect(s.fileno(), bytes(16), 16)  # AF_UNSPEC
        yield told(s, 0)


def unreachable():
    """Its connect fails, and has given it a port all the same."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(('203.0.113.1', 9))
            raise AssertionError('there is a route')
        except OSError:
            yield told(s, 0)


def unused():
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    yield from ()


def in_a_child(end):
    """A child that lives for less than a millisecond, and has closed nothing when it ends."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.connect(HERE)
        s.send(b'x')
        os.write(writer, json.dumps(told(s, PORT)).encode())
        end()
    os.close(writer)
    line = os.read(reader, 4096)
    os.close(reader)
    os.waitpid(child, 0)
    yield json.loads(line)


def child():
    return in_a_child(lambda: os._exit(0))


def killed():
    return in_a_child(lambda: os.kill(os.getpid(), signal.SIGKILL))


LIVES = (connected, connected6, mapped, unconnected, unconnected6, mapped_unconnected, bound, bound6, query, another, disconnected, unreachable, unused, child, killed)


def main():
    children = []
    name('udp-driver')
    if not sys.stdin.readline():
        return
    for life in LIVES:
        children.append(os.fork())
        if children[-1] == 0:
            name(f'udp-{life.__name__}')
            for _ in range(COUNT):
                for told_of in life():
                    os.write(1, (json.dumps({'kind': life.__name__, **told_of}) + '\n').encode())
            os._exit(0)
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * len(children)


main()
