# SPDX-License-Identifier: MIT
"""Independent eyes: tshark captures the same storm on loopback, and what its packets say agrees with what the daemon tells of the sockets: the same
connections, begun and ended at the same times, with the same bytes. FULL=1 in the environment: 10,000 connections."""

import os
import re
import select
import subprocess
from types import SimpleNamespace

from audit import PATIENCE
from storms import begin_storm, end_storm, wrong
from test_storm import Watched, key

COUNT = 10000 if os.environ.get('FULL') else 1000
RATE = 2000
FIELDS = ('frame.time_epoch', 'ip.src', 'tcp.srcport', 'ip.dst', 'tcp.dstport', 'tcp.flags', 'tcp.len')
FIN, SYN, ACK = 1, 2, 16
SLACK = 3000  # usec: the daemon's offset of the clocks is right to the millisecond, and a packet has its time beside the socket
MARK = ['bash', '-c', 'echo >/dev/udp/127.0.0.1/9']


class Capture:
    """What goes over lo of the namespace: from a datagram that it has seen to the next one."""

    def __init__(self, ns):
        self.ns = ns
        fields = [option for field in FIELDS for option in ('-e', field)]
        self.process = subprocess.Popen(ns.command('tshark', '-l', '-n', '-i', 'lo', '-B', '64', '-s', '128', '-f', 'tcp or udp port 9', '-T', 'fields', *fields),
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(PATIENCE * 10):
            self.mark()
            if select.select([self.process.stdout], [], [], 0.1)[0]:
                return
        raise AssertionError('tshark sees nothing')

    def mark(self):
        subprocess.run(self.ns.command(*MARK), check=True)

    def conversations(self):
        """By (client, server): when the SYN went, all FINs with their times, and the bytes each way."""
        self.mark()
        found = {}
        for line in self.process.stdout:
            when, source, source_port, to, to_port, flags, size = line.rstrip('\n').split('\t')
            if not flags:  # a datagram, at the end or before all
                if found:
                    break
                continue
            take(found, int(float(when) * 1e6), (source, int(source_port)), (to, int(to_port)), int(flags, 16), int(size))
        self.process.terminate()
        said = self.process.communicate(timeout=PATIENCE)[1]
        assert not re.search(r'[1-9]\d* packets? dropped', said), said
        return found


def take(found, when, source, to, flags, size):
    if flags & SYN and not flags & ACK:
        assert (source, to) not in found
        found[source, to] = SimpleNamespace(begun=when, ended=[], last=when, sent=0, received=0)
    c = found.get((source, to)) or found[to, source]
    c.last = when
    if flags & FIN:
        c.ended.append(when)
    if (source, to) in found:
        c.sent += size
    else:
        c.received += size


def same_times(c, e):
    """It began with its SYN, and ended between the first FIN and the last packet."""
    begun, ended = e['opened'], int(e['SOCKAUDIT_NOT_AFTER'])
    return c.begun - SLACK <= begun[1] and begun[0] <= c.begun + SLACK and c.ended[0] - SLACK <= ended <= c.last + SLACK


def same_bytes(c, e):
    """As many each way."""
    sides = (int(e['SOCKAUDIT_BYTES_SENT']), int(e['SOCKAUDIT_BYTES_RECEIVED']))
    return (c.sent, c.received) == (sides if e['SOCKAUDIT_DIRECTION'] == 'egress' else sides[::-1])


def test_tshark_sees_the_same(tmp_path):
    w = Watched(tmp_path)
    try:
        capture = Capture(w.ns)
        ends = end_storm(begin_storm(w.ns, 'apart', COUNT, RATE), PATIENCE * 10)
        conversations = capture.conversations()
        told = [event for _, event in w.told_of(ends)]
    finally:
        w.end()
    assert len(conversations) == COUNT
    by_ends = {key(e, 'LOCAL', 'PEER'): e for e in told}
    assert len(by_ends) == len(told) == 2 * COUNT
    pairs = [(c, by_ends[pair]) for (client, server), c in conversations.items() for pair in ((client, server), (server, client))]
    for check in same_times, same_bytes:
        assert wrong(pairs, check) == []
    seconds = [(int(e['SOCKAUDIT_NOT_AFTER']) - e['opened'][0]) - (c.last - c.begun) for c, e in pairs]
    print(f'{COUNT} conversations of {sum(c.sent + c.received for c in conversations.values())} bytes; ours last longer by {min(seconds)} to {max(seconds)} us')
