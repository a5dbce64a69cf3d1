# SPDX-License-Identifier: MIT
"""Five watched processes open, close, reset, shut down, fork and pass on at random, and write down when; then every event is held against that
log. SEED in the environment repeats a run; FULL=1 makes it longer."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from audit import PATIENCE, Audit, Namespace

FULL = os.environ.get('FULL')
SECONDS = 120 if FULL else 12
INTERVAL = 0.1
CONFIG = '''
interval: 100ms
cpu_max: 100%
rescan: 1s
collector: {collector}
limits: {{queue: 256M}}
watch:
  - name: random
    match: {{comm: random-driver}}
    sockets: {{transport: tcp}}
'''


class Driver:
    """The log of all connections. A side of a connection is in the kernel from before `opened` ended to `closed` at the earliest."""

    def __init__(self, ns, seed):
        self.process = subprocess.Popen(ns.command(sys.executable, Path(__file__).parent / 'random_driver.py', seed, SECONDS),
                                        stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == 'ready\n'

    def run(self):
        out, _ = self.process.communicate('go\n', timeout=SECONDS * 3 + PATIENCE)
        assert self.process.returncode == 0
        return json.loads(out)


def bounds(e):
    return int(e.get('SOCKAUDIT_NOT_BEFORE', 0)), int(e['SOCKAUDIT_NOT_AFTER'])


def check(events, sides, longest):
    """sides: {(local port, peer port): {open: [before, after], close: [before, after], pids: [..]}}, times in usec. Problems, as text."""
    problems, by_side = [], {}
    for e in events:
        kind = e['SOCKAUDIT_EVENT']
        if not kind.startswith('connection-') or 'SOCKAUDIT_CLOSED' in e:
            continue  # closes that are folded are not about one side
        ports = int(e['SOCKAUDIT_LOCAL_PORT']), int(e.get('SOCKAUDIT_PEER_PORT', 0))
        if ports not in sides:
            problems.append(f'invented: {e["MESSAGE"]}')
            continue
        side = sides[ports]
        not_before, not_after = bounds(e)
        if kind != 'connection-changed':
            by_side.setdefault(ports, []).append(e)
        elif not (not_before <= side['close'][1] and side['open'][0] <= not_after):
            problems.append(f'changed while it was not there: {e["MESSAGE"]}')
        if kind == 'connection-changed':
            pass
        elif kind in ('connection-appeared', 'connection-present'):
            if not (not_before <= side['open'][1] and side['open'][0] <= not_after):
                problems.append(f'opened {side["open"]}, told {not_before}..{not_after}: {e["MESSAGE"]}')
            if kind == 'connection-present':
                problems.append(f'not older than the daemon: {e["MESSAGE"]}')
        else:
            # What is closed lives on in the kernel until the other side has acknowledged that: seldom, for a retransmission's time.
            lives_on = e.get('SOCKAUDIT_STATE') in ('fin-wait-1', 'closing', 'last-ack')
            if not ((lives_on or not_before <= side['close'][1]) and side['close'][0] <= not_after):
                problems.append(f'closed {side["close"]}, told {not_before}..{not_after}: {e["MESSAGE"]}')
        if int(e.get('SOCKAUDIT_PID', 0)) not in side['pids']:
            problems.append(f'held by {side["pids"]}: {e["MESSAGE"]}')
    for ports, side in sides.items():
        kinds = [e['SOCKAUDIT_EVENT'] for e in by_side.get(ports, [])]
        lived = side['close'][0] - side['open'][1]
        if kinds not in (['connection-appeared', 'connection-vanished'], ['connection-completed'], ['connection-missed'], []):
            problems.append(f'{ports} told as {kinds}')
        if kinds in ([], ['connection-missed']) and lived > longest:
            problems.append(f'{ports} lived for {lived // 1000} ms and was never told')
    return problems


@pytest.mark.parametrize('collector', ['sock_diag', 'proc'])
def test_every_event_is_true(tmp_path, collector):
    seed = int(os.environ.get('SEED', random.randrange(1 << 32)))
    ns = Namespace()
    inode = ns.inode()  # another run beside this one has its own
    driver = Driver(ns, seed)
    a = Audit(tmp_path, CONFIG.format(collector=collector), ns, '--log-level=debug')
    try:
        a.cycles(2)
        sides = {tuple(map(int, k.split())): v for k, v in driver.run().items()}
        a.cycles(8)
    finally:
        driver.process.kill()
        code = a.stop()
        ns.close()
    # A look that was late saw less: what must be told is what lived through two of them.
    gaps = [b - a for a, b in map(bounds, a.of('audit-gap', GAP_REASON='cycle-missed'))]
    longest = int(3 * INTERVAL * 1e6) + 2 * max(gaps, default=0)
    problems = check(a.of(NETNS=inode), sides, longest)
    kinds = {k: len(a.of(f'connection-{k}', NETNS=inode)) for k in ('appeared', 'vanished', 'completed')}
    print(f'seed {seed} by {collector}: {len(sides)} sides, {kinds}, {a.suspects()} suspects, {len(gaps)} late, longest {longest} us')
    Path(tmp_path / 'sides').write_text(json.dumps({f'{a} {b}': side for (a, b), side in sides.items()}))
    Path(tmp_path / 'events').write_text('\n'.join(map(json.dumps, a.events)))
    assert problems == [], f'seed {seed}: {len(problems)} problems'
    assert code == 0 and kinds['appeared'] > 50 and [int(e['SOCKAUDIT_SEQ']) for e in a.events] == list(range(1, len(a.events) + 1))
