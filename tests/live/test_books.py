# SPDX-License-Identifier: MIT
"""The books against the kernel's own counters: each way to open, and not to open, a TCP connection, in a namespace of its own."""

import ctypes
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from audit import PATIENCE, Actor, Audit, Namespace

CONFIG = '''
interval: 100ms
cpu_max: 100%
rescan: 1s
balance: 1s
collector: {collector}
watch:
  - name: rule
    match: {{comm: "watched*"}}
    sockets: {{transport: [tcp]}}
'''

SERVER = 'keep.update(l=socket.create_server(("127.0.0.1", 8000)), held=[], taken=[])'
CONNECT = 'keep["held"].append(socket.create_connection(("127.0.0.1", 8000)))'
ACCEPT = 'keep["taken"].append(keep["l"].accept()[0])'
CLOSE = '[s.close() for s in keep["held"] + keep["taken"]]'
LOOK = None  # a look must see what there is by now

REFUSED = 'keep.setdefault("r", socket.socket()).connect_ex(("127.0.0.1", 9))'
# connect(AF_UNSPEC): the socket is unconnected again, and the same.
AGAIN = ('keep.setdefault("u", socket.socket()).connect(("127.0.0.1", 8000)); keep["taken"].append(keep["l"].accept()[0]); '
         'assert ctypes.CDLL(None).connect(keep["u"].fileno(), bytes(16), 16) == 0')
SELF = 'keep["s"] = socket.socket(); keep["s"].bind(("127.0.0.1", 7000)); keep["s"].connect(("127.0.0.1", 7000))'
# TCP_REPAIR, as checkpoints are restored: connected, and nothing was sent.
REPAIR = ('keep["p"] = socket.socket(); keep["p"].setsockopt(6, 19, 1); keep["p"].bind(("127.0.0.1", 7100)); '
          'keep["p"].connect(("127.0.0.1", 7200)); keep["p"].setsockopt(6, 19, -1)')
MPTCP = ['keep.update(m=socket.socket(2, 1, 262), c=socket.socket(2, 1, 262))', 'keep["m"].bind(("0.0.0.0", 8000)); keep["m"].listen()',
         'keep["c"].connect(("127.0.0.1", 8000)); keep["a"] = keep["m"].accept()[0]',
         'keep["c"].send(b"x"); keep["a"].recv(1); keep["a"].send(b"x"); keep["c"].recv(1)']
SUBFLOWS = '''ip mptcp limits set subflow 2 add_addr_accepted 2
              ip mptcp endpoint add 127.0.0.2 dev lo subflow
              ip mptcp endpoint add 127.0.0.3 dev lo subflow'''

# What is done; what the kernel counts for it (active, passive); what collectors that poll record of it (active, passive, either; None: that
# depends on when they look). The difference is the blur of the manual. Programs in the kernel record what it counts, but for EXACT.
CASES = {
    'opened and closed': ([SERVER, CONNECT, ACCEPT, LOOK, CLOSE], (1, 1), (1, 1, 0)),
    'never connected': (['[socket.socket().close() for _ in range(3)]'], (0, 0), (0, 0, 0)),
    'refused': ([REFUSED], (1, 0), (0, 0, 0)),
    'refused five times': ([REFUSED] * 5, (5, 0), (0, 0, 0)),
    'used five times': ([SERVER] + [AGAIN] * 5, (5, 5), (0, 0, 0)),
    'reset': ([SERVER, CONNECT, ACCEPT, LOOK, 'reset(keep["held"][0])'], (1, 1), (1, 1, 0)),
    'never accepted': ([SERVER, CONNECT, CONNECT, CONNECT, LOOK], (3, 3), (3, 3, 0)),
    'to itself': ([SELF, LOOK], (1, 0), (0, 0, 1)),
    'repaired': ([REPAIR, LOOK], (0, 0), (0, 0, 1)),
    'subflows': ([*MPTCP, LOOK], (3, 3), None),
    'short': ([SERVER] + [CONNECT, ACCEPT, CLOSE] * 5, (5, 5), None),
    'with its namespace': ([SERVER, CONNECT, ACCEPT, LOOK], (1, 1), (1, 1, 0)),
}

# Subflows are no connections of their own; a repaired one is, and was never counted.
EXACT = {'subflows': (0, 0), 'repaired': (1, 0)}


def kernel(pid):
    """(ActiveOpens, PassiveOpens), names and values side by side."""
    names, values = (line.split() for line in Path(f'/proc/{pid}/net/snmp').read_text().splitlines() if line.startswith('Tcp:'))
    counters = dict(zip(names, values))
    return int(counters['ActiveOpens']), int(counters['PassiveOpens'])


def unsynchronised():
    """Status of adjtimex(2), an int behind five longs, has the bit 64."""
    timex = (ctypes.c_byte * 208)()
    assert ctypes.CDLL(None).adjtimex(timex) >= 0
    return ctypes.c_int.from_buffer(timex, 5 * ctypes.sizeof(ctypes.c_long)).value & 64


def numbers(event, field):
    return tuple(int(n) for n in event[f'SOCKAUDIT_{field}'].split())


def rows(event):
    """Of the namespaces that do not balance, by inode: kernel, recorded, uncertain."""
    return {int(row.split()[0]): {k: tuple(map(int, v.split(','))) for k, v in re.findall(r'(\w+)=(\S+)', row)}
            for row in event.get('SOCKAUDIT_UNBALANCED', '').split('; ') if row}


def next_balance(a):
    """One whose looks and readings all came after this call."""
    seen = len(a.of('audit-balance'))
    a.until(lambda: len(a.of('audit-balance')) > seen + 1, 'balance')
    return a.of('audit-balance')[-1]


@pytest.fixture(params=['bpf', 'sock_diag', 'proc'])
def audit(tmp_path, request):
    """In a namespace of its own, where four connections were opened before."""
    ns = Namespace()
    past = Actor('past', ns)
    past.do(SERVER)
    for _ in range(4):
        past.do(CONNECT)
    past.end()
    a = Audit(tmp_path, CONFIG.format(collector=request.param), ns)
    a.ns, a.collector = ns, request.param
    a.cycles(2)
    yield a
    assert a.stop() == 0
    ns.close()


def balances(counted, recorded):
    active, passive = counted[0] - recorded[0], counted[1] - recorded[1]
    return active >= 0 and passive >= 0 and active + passive == recorded[2]


def play(audit, actors):
    """Each step of all of them, side by side."""
    for step in range(max(len(orders) for orders, _, _ in CASES.values())):
        orders = {case: orders[step] for case, (orders, _, _) in CASES.items() if step < len(orders)}
        for case, order in orders.items():
            if order is not LOOK:
                actors[case].do(order)
        if LOOK in orders.values():
            audit.cycles(2)


def wait_for_subflows(actor):
    for _ in range(PATIENCE * 10):
        if kernel(actor.pid)[0] >= 3 and kernel(actor.pid)[1] == 3:
            return
        time.sleep(0.1)


def test_each_way(audit):
    namespaces = {case: Namespace() for case in CASES}
    cases = {ns.inode(): case for case, ns in namespaces.items()}
    subprocess.run(namespaces['subflows'].command('sh', '-ec', SUBFLOWS), check=True)
    actors = {case: Actor('watched', ns) for case, ns in namespaces.items()}
    audit.until(lambda: audit.of('audit-balance', PROCESS_COUNT=len(CASES)), 'actors')  # of so many not each is told singly
    assert numbers(next_balance(audit), 'OPENED_KERNEL') == (0, 0)
    play(audit, actors)
    wait_for_subflows(actors['subflows'])

    counted = {case: kernel(actor.pid) for case, actor in actors.items()}
    # The kernel joins a further subflow once more where its first attempt came too early: it counts each.
    joined = counted.pop('subflows')
    assert joined[0] >= 3 and joined[1] == 3
    assert counted == {case: c for case, (_, c, _) in CASES.items() if case != 'subflows'}
    counted['subflows'] = joined
    e = next_balance(audit)
    print(e['MESSAGE'], e.get('SOCKAUDIT_UNBALANCED'))
    total = tuple(map(sum, zip(*counted.values())))
    assert numbers(e, 'OPENED_KERNEL') == total
    if audit.collector == 'bpf':
        check_exact(e, counted)
    else:
        check_estimate(e, counted, cases)
    # Whatever was recorded, a rule told.
    assert e['SOCKAUDIT_OPENED_RECORDED'] == e['SOCKAUDIT_OPENED_REPORTED']

    # What is gone stays in the sums.
    actors.pop('with its namespace').end()
    namespaces.pop('with its namespace').close()
    audit.until(lambda: audit.of('audit-balance')[-1]['SOCKAUDIT_NAMESPACE_COUNT'] == str(len(CASES) - 1), 'namespace less')
    assert numbers(audit.of('audit-balance')[-1], 'OPENED_KERNEL') == total
    for case, actor in actors.items():
        actor.end()
        namespaces[case].close()


def check_exact(e, counted):
    recorded = tuple(map(sum, zip(*(EXACT.get(case, c) for case, c in counted.items()))))
    repaired = EXACT['repaired'][0]
    assert numbers(e, 'OPENED_HOOKED') == (numbers(e, 'OPENED_KERNEL')[0] + repaired, numbers(e, 'OPENED_KERNEL')[1]) and e['SOCKAUDIT_OPENED_UNSENT'] == str(repaired)
    assert numbers(e, 'OPENED_WATCHED') == recorded and numbers(e, 'OPENED_RECORDED') == (*recorded, 0)
    assert e['SOCKAUDIT_NAMESPACE_COUNT'] == e['SOCKAUDIT_BALANCED_COUNT'] and e['PRIORITY'] == '6' and 'SOCKAUDIT_ESTIMATE' not in e


def check_estimate(e, counted, cases):
    assert e['SOCKAUDIT_ESTIMATE'] == 'yes' and e['PRIORITY'] == '6'
    assert 'an estimate for ' in e['MESSAGE'] and 'balanced' not in e['MESSAGE']
    told = {cases[inode]: row for inode, row in rows(e).items()}
    for case, (_, _, recorded) in CASES.items():
        c = counted[case]
        assert case not in told or told[case]['kernel'] == c, case
        if recorded is not None:
            assert (case not in told) == balances(c, recorded), (case, told.get(case))
            assert case not in told or told[case]['recorded'] == recorded, case
    assert int(e['SOCKAUDIT_NAMESPACE_COUNT']) - int(e['SOCKAUDIT_BALANCED_COUNT']) == len(told)


def test_since_the_start(audit):
    """A namespace that was there counts from then on. At the stop the counters are read once more, and the count of events is right."""
    actor = Actor('watched', audit.ns)
    audit.next('process-matched', PID=actor.pid)
    audit.cycles(1)  # at the end of the first one the counters have their zero
    for order in SERVER, CONNECT, ACCEPT:
        actor.do(order)
    audit.cycles(2)
    e = next_balance(audit)
    assert kernel(actor.pid) == (5, 5)
    assert numbers(e, 'OPENED_KERNEL') == (1, 1) and numbers(e, 'OPENED_RECORDED') == (1, 1, 0)
    assert (e['SOCKAUDIT_NAMESPACE_COUNT'], e['SOCKAUDIT_BALANCED_COUNT']) == ('1', '1')
    audit.process.send_signal(signal.SIGSTOP)  # no look sees these
    for order in CONNECT, ACCEPT, CLOSE:
        actor.do(order)
    assert audit.stop() == 0
    e, stopped = audit.events[-2:]
    assert (e['SOCKAUDIT_EVENT'], stopped['SOCKAUDIT_EVENT']) == ('audit-balance', 'audit-stopped')
    assert numbers(e, 'OPENED_KERNEL') == (2, 2)
    for event in e, stopped:
        counts = dict(c.split('=') for c in event['SOCKAUDIT_COUNTS'].split())
        before = [x['SOCKAUDIT_EVENT'] for x in audit.events if int(x['SOCKAUDIT_SEQ']) < int(event['SOCKAUDIT_SEQ'])]
        assert {kind: before.count(kind) for kind in set(before)} == {kind: int(n) for kind, n in counts.items()}
    actor.end()


def test_heartbeat(audit):
    """One event a host, as often as asked for."""
    audit.until(lambda: len(audit.of('audit-balance')) > 4, 'balances')
    times = [int(e['SOCKAUDIT_NOT_AFTER']) for e in audit.of('audit-balance')]
    assert all(1_000_000 <= b - a < 3_000_000 for a, b in zip(times, times[1:])), times
    assert audit.of('audit-balance')[-1]['SOCKAUDIT_CLOCK_SYNC'] == ('no' if unsynchronised() else 'yes')
