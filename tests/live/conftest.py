# SPDX-License-Identifier: MIT
"""Real sockets (mksockets), what a collector says about them (dump), and what ss(8) says.

    def test_x(sockets, dump, ss):
        made = sockets('tcp4-pair', 'SEND=5', 'NETNS=new')
        made.pid; made['client'].inode; made.all('client'); made.close(made['client'])
        rows = dump('sock_diag', made.pid)      # a list of dicts; rows.coverage['tcp'] == 'ok'
        rows.of(made['client'])                 # by inode
        ss(made.pid)                            # {inode: dict} of tcp, udp and raw; see ss_unix for the rest
"""

import json
import os
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

BUILD = Path(os.environ['BUILD_DIR']) / 'tests/live'
ANSWER = 20 * int(os.environ.get('SLOWNESS', 1))  # seconds: a bound for what must happen, not a delay


class Made:
    """The sockets that one mksockets holds, until it is left."""

    def __init__(self, kind, *parameters, ns=None):
        command = [BUILD / 'mksockets', kind, *parameters]
        self.process = subprocess.Popen(ns.command(*command) if ns else command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        line = self.process.stdout.readline()
        assert line, f'mksockets {kind} failed'
        told = json.loads(line)
        self.pid = told['pid']
        self.sockets = [SimpleNamespace(**s) for s in told['sockets']]

    def all(self, role):
        return [s for s in self.sockets if s.role == role]

    def __getitem__(self, role):
        one, = self.all(role)
        return one

    def close(self, socket):
        self.process.stdin.write(f'close {socket.fd}\n')
        self.process.stdin.flush()
        assert self.process.stdout.readline() == 'ok\n'

    def leave(self):
        self.process.stdin.close()
        assert self.process.wait(ANSWER) == 0
        self.process.stdout.close()


class Rows(list):
    """Sockets as dicts, and the coverage of each table."""

    def __init__(self, lines):
        rows = [json.loads(line) for line in lines]
        super().__init__(r for r in rows if 'coverage' not in r)
        self.coverage = {r['table']: r['coverage'] for r in rows if 'coverage' in r}

    def of(self, socket):
        one, = [r for r in self if r['inode'] == socket.inode]
        return one


@pytest.fixture
def sockets():
    made = []

    def make(kind, *parameters):
        made.append(Made(kind, *parameters))
        return made[-1]

    yield make
    for m in made:
        m.leave()


@pytest.fixture
def dump():
    def run(kind, pid=0, *arguments):
        return Rows(subprocess.run([BUILD / 'dump', kind, str(pid), *arguments], check=True, text=True, timeout=ANSWER,
                                   stdout=subprocess.PIPE).stdout.splitlines())
    return run


def run_ss(pid, *options):
    return subprocess.run(['nsenter', f'--net=/proc/{pid}/ns/net', 'ss', '-H', '-n', '-a', '-e', '-O', *options], check=True, text=True,
                          timeout=ANSWER, stdout=subprocess.PIPE).stdout.splitlines()


SS_STATE = {'ESTAB': 'established', 'UNCONN': 'unconnected', 'LISTEN': 'listening'}


def ss_address(text):
    host, port = text.rsplit(':', 1)
    return [host.strip('[]').replace('*', '::'), 0 if port == '*' else int(port)]


def ss_inet_row(line):
    transport, state, receive, send, local, peer, rest = f'{line} -'.split(None, 6)
    detail = dict(re.findall(r'(uid|ino|sk):(\w+)', rest))
    row = {'transport': transport.replace('???', 'raw'),  # which ss has no name for where the kernel has a diag of it
           'state': SS_STATE.get(state, state.lower()), 'receive_queue': int(receive), 'send_queue': int(send),
           'local': ss_address(local), 'peer': ss_address(peer)}
    if detail:
        row.update(uid=int(detail.get('uid', 0)), inode=int(detail['ino']), cookie=int(detail['sk'], 16))
    return row


@pytest.fixture
def ss():
    """By inode, all but TIME_WAIT; sockets without one are many, and left out. Raw sockets, of which ss knows no more where the kernel has
    no diag of them, by ('raw', port)."""
    def run(pid):
        rows = list(map(ss_inet_row, run_ss(pid, '-t', '-u', '-w', 'exclude', 'time-wait')))
        return {row['inode'] if 'inode' in row else (row['transport'], row['local'][1]): row for row in rows if row.get('inode') != 0}
    return run


def ss_unix_row(line):
    kind, state, receive, send, path, inode, _, peer = line.split()[:8]
    return {'transport': {'u_str': 'stream', 'u_dgr': 'dgram', 'u_seq': 'seqpacket'}[kind], 'state': SS_STATE[state],
            'receive_queue': int(receive), 'send_queue': int(send), 'path': '' if path == '*' else path,
            'inode': int(inode), 'peer_inode': int(peer)}


@pytest.fixture
def ss_unix():
    """For names without blanks and newlines: ss prints them as they are."""
    def run(pid):
        return {row['inode']: row for row in map(ss_unix_row, run_ss(pid, '-x'))}
    return run
