# SPDX-License-Identifier: MIT
"""A process that does as it is told: a line of Python an order, the answer as JSON. Its names: what the standard library has, and

    name(b'..')  calls itself so       keep  a dict of what it holds       give(path, fd)  take(path)  pass a descriptor
"""

import array
import ctypes
import json
import os
import re
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
