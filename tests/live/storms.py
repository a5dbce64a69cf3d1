# SPDX-License-Identifier: MIT
"""Connections as storm(.c) makes them, in a network namespace of their own, and what others have seen of them, compared.

    ns = calm_namespace()               # with neighbours that do not answer, for those who time out
    ends = storm(ns, 'plain', 300)      # what was made: an End for each end of a connection
    pair_up(ends, seen)                 # [(End, seen), ...]: each with the one that has its addresses
"""

import ipaddress
import json
import subprocess
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

from audit import BUILD, PATIENCE, Namespace

STORM = BUILD / 'tests/live/storm'
KINDS = subprocess.run([STORM, 'list'], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
# 192.0.2.2 is not there, and nobody will say so of 192.0.2.3. For the last of many the kernel has no TIME_WAIT else, and resets what was closed well.
NEIGHBOURS = '''sysctl -qw net.ipv4.tcp_max_tw_buckets=1000000
ip link add wire0 type veth peer name wire1
sysctl -qw net.ipv4.neigh.wire0.mcast_solicit=1 net.ipv4.neigh.wire0.retrans_time_ms=10
ip addr add 192.0.2.1/24 dev wire0
ip link set wire0 up
ip link set wire1 up
ip neigh add 192.0.2.3 lladdr 02:00:00:00:00:01 dev wire0 nud permanent'''
FEW = {'unreachable': 20}  # the kernel tells so much at once


def calm_namespace():
    ns = Namespace()
    subprocess.run(ns.command('sh', '-ec', NEIGHBOURS), check=True)
    return ns


def plain_address(pair):
    """An IPv4 address that is mapped is an IPv4 address."""
    ip, port = ipaddress.ip_address(pair[0]), pair[1]
    return str(getattr(ip, 'ipv4_mapped', None) or ip), int(port)


class End(SimpleNamespace):
    """One end of a connection: kind, side, listener, pid, holder, local, peer, sent, received, opened, closed, end, closed_by, error (storm.c)."""

    def __init__(self, line):
        super().__init__(**json.loads(line))
        self.key = plain_address(self.local), plain_address(self.peer)


def begin_storm(ns, kind, count, rate=0):
    return subprocess.Popen(ns.command(STORM, kind, min(count, FEW.get(kind, count)), rate), stdout=subprocess.PIPE, text=True)


def end_storm(process, patience=PATIENCE):
    said = process.communicate(timeout=patience)[0]
    assert process.returncode == 0
    return [End(line) for line in said.splitlines()]


def storm(ns, kind, count, rate=0):
    return end_storm(begin_storm(ns, kind, count, rate))


def kernel_opens(ns):
    """(ActiveOpens, PassiveOpens) of the namespace."""
    names, values = (line.split() for line in Path(f'/proc/{ns.process.pid}/net/snmp').read_text().splitlines() if line.startswith('Tcp:'))
    counters = dict(zip(names, values))
    return int(counters['ActiveOpens']), int(counters['PassiveOpens'])


def made_opens(ends):
    return tuple(sum(e.side == side for e in ends) for side in ('active', 'passive'))


def pair_up(ends, seen, key, opened):
    """Each end with the one of `seen` that has its addresses: key(seen); of several in turn, by opened(seen). What has no other must not be."""
    others = defaultdict(list)
    for s in sorted(seen, key=opened):
        others[key(s)].append(s)
    pairs, alone = [], []
    for e in sorted(ends, key=lambda e: e.opened):
        found = others[e.key]
        (pairs if found else alone).append((e, found.pop(0)) if found else e)
    left = [s for found in others.values() for s in found]
    assert (len(alone), alone[:3], len(left), left[:3]) == (0, [], 0, [])
    return pairs


def wrong(pairs, check):
    """Those of which check(end, seen) is not True, shortly, to be compared with []."""
    found = [(e, s, check.__doc__) for e, s in pairs if check(e, s) is not True]
    if found:
        print(len(found), 'as', *found[0], sep='\n')
    return found[:1]


def assert_in_time(pairs, opened, closed, slack=0):
    """opened(seen), between two times, within those that the driver took; not closed before it closed, and then at once, but for what the kernel puts off
    under load. slack: usec."""
    assert wrong(pairs, lambda e, s: e.opened[0] - slack <= opened(s)[1] and opened(s)[0] <= e.opened[1] + slack) == []
    assert wrong(pairs, lambda e, s: e.closed[0] - slack <= closed(s)) == []
    late = sum(closed(s) > e.closed[1] + slack for e, s in pairs)
    assert late <= len(pairs) // 10, (late, len(pairs))
