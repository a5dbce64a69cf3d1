# SPDX-License-Identifier: MIT
"""Connections that end while their process goes on holding the descriptor: they have vanished all the same, and when they did."""

import ctypes
import socket
import struct
import time
from pathlib import Path

import pytest

from audit import Audit

ME = 'ends-tester'
Path('/proc/self/comm').write_text(ME)
CONFIG = f'interval: 100ms\nrescan: 1s\ncpu_max: 100%\nwatch:\n  - name: me\n    match: {{comm: {ME}}}\n    sockets: {{transport: [tcp, udp]}}\n'


def now():
    return time.time_ns() // 1000


def pair(listener):
    client = socket.create_connection(listener.getsockname())
    return client, listener.accept()[0]


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    s.close()


def disconnect(s):
    assert ctypes.CDLL(None).connect(s.fileno(), struct.pack('=H14x', socket.AF_UNSPEC), 16) == 0


@pytest.fixture(params=['bpf', 'sock_diag', 'proc'])
def audit(request, tmp_path):
    a = Audit(tmp_path, f'collector: {request.param}\n{CONFIG}')
    yield a
    assert a.stop() == 0


def ended(a, local_port, before, after, kind='connection-vanished'):
    """It was told once, with bounds that contain the truth."""
    e = a.next(kind, LOCAL_PORT=local_port)
    assert int(e['SOCKAUDIT_NOT_BEFORE']) <= after and before <= int(e['SOCKAUDIT_NOT_AFTER']), e
    return e


def test_held_while_over(audit):
    with socket.create_server(('127.0.0.1', 0)) as at, socket.create_server(('127.0.0.1', 0)) as deaf, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        gone, waiting, alive = pair(at), pair(at), pair(at)
        udp.connect(('127.0.0.1', 9))
        ports = [s.getsockname()[1] for s in (gone[0], waiting[0], alive[0], deaf, udp)]
        for port in ports:
            audit.until(lambda p=port: audit.of(LOCAL_PORT=p), port)
        audit.cycles(1)
        before = now()
        reset(gone[1])                  # RST: gone[0] is out of the table
        waiting[0].shutdown(socket.SHUT_WR)
        waiting[1].close()              # waiting[0] is in TIME_WAIT
        deaf.shutdown(socket.SHUT_RDWR)
        disconnect(udp)
        after = now()
        ended(audit, ports[0], before, after)
        ended(audit, ports[1], before, after)
        ended(audit, ports[3], before, after, 'listener-vanished')
        ended(audit, ports[4], before, after)
        gone[0].close()
        audit.cycles(2)
        assert not audit.of('connection-vanished', LOCAL_PORT=ports[2])
        assert all(len(audit.of('connection-vanished', 'listener-vanished', LOCAL_PORT=p)) == 1 for p in (ports[0], ports[1], ports[3], ports[4]))
        for s in (*waiting, *alive):
            s.close()


def test_connected_again(audit):
    """One socket, one cookie, two connections."""
    with socket.create_server(('127.0.0.1', 0)) as at, socket.socket() as s:
        ids = []
        for _ in range(2):
            s.connect(at.getsockname())
            port = s.getsockname()[1]
            other = at.accept()[0]
            e = audit.next('connection-present', 'connection-appeared', LOCAL_PORT=port)
            ids.append(e['SOCKAUDIT_CONNECTION'])
            audit.cycles(1)
            before = now()
            disconnect(s)
            after = now()
            v = ended(audit, port, before, after)
            assert v['SOCKAUDIT_CONNECTION'] == ids[-1]
            other.close()
        assert ids[0] != ids[1]
