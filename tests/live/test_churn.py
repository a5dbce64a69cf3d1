# SPDX-License-Identifier: MIT
"""Dumps skip living sockets when others beside them are opened and closed (rule 4 of the ledger): nothing of what nobody touches may be told as
vanished, or as appeared. FULL=1 in the environment takes 1,000 looks, which finds more of what is rare."""

import os
import subprocess
import time

import pytest

from audit import BUILD, PATIENCE, Audit, Namespace

FULL = os.environ.get('FULL')
LOOKS, SECONDS = 1000, 3600 if FULL else 4
CHURN = BUILD / 'tests/live/churn'
SMALL_TABLE = 'sysctl -qw net.ipv4.tcp_child_ehash_entries=8192'  # as on a small host: long chains
COUNT = {'unix': 16000, 'tcp': 16000, 'udp': 15000 if FULL else 6000}  # /proc/net/udp takes the kernel the square of it
CONFIG = '''
interval: 100ms
cpu_max: 100%
rescan: 1s
collector: {collector}
limits: {{queue: 256M}}
watch:
  - name: kept
    match: {{comm: kept}}
    sockets: {{transport: {transport}}}
'''


class Churn:
    def __init__(self, ns, *arguments, as_nobody=False):
        user = ['setpriv', '--reuid=65534', '--clear-groups'] if as_nobody else []
        self.process = subprocess.Popen(ns.command(*user, CHURN, *arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == 'ready\n'

    def end(self):
        said = self.process.communicate(timeout=PATIENCE)[0]
        assert self.process.returncode == 0
        return said


@pytest.fixture
def ns():
    ns = Namespace(SMALL_TABLE)
    yield ns
    ns.close()


@pytest.mark.parametrize('collector, kind', [(c, k) for c in ('bpf', 'sock_diag', 'proc') for k in COUNT if c != 'bpf' or k == 'tcp'])  # bpf: the others are dumped as by sock_diag
def test_nothing_untouched_moves(tmp_path, ns, collector, kind):
    inode = ns.inode()  # another run beside this one has its own
    transport = 'stream' if kind == 'unix' else kind
    kept = Churn(ns, 'keep', kind, COUNT[kind])
    stirrer = Churn(ns, 'stir', kind, as_nobody=True)
    a = Audit(tmp_path, CONFIG.format(collector=collector, transport=transport), ns, '--log-level=debug')
    try:
        a.cycles(1)
        # The first looks skip living sockets too; what is held, and in no dump yet, is told when a dump has it.
        a.until(lambda: len(a.of('connection-present', 'listener-present', NETNS=inode)) >= COUNT[kind], f'{COUNT[kind]} events')
        end = time.monotonic() + SECONDS
        while a.status.cycles < LOOKS and time.monotonic() < end and (FULL or a.suspects()[0] < 3):
            a.cycles(1)
        cycles = a.status.cycles
    finally:
        rounds = stirrer.end()
        code = a.stop()
        kept.end()
    asked, alive = a.suspects()
    print(f'{kind} by {collector}: {cycles} cycles, {rounds.strip()} rounds beside them, {asked} suspects of which {alive} were alive')
    # Closes in sums are those of the stirrer.
    told = [e for e in a.of(NETNS=inode) if e['SOCKAUDIT_EVENT'].startswith(('connection-', 'listener-')) and e['SOCKAUDIT_EVENT'] != 'connection-summary']
    wrong = [e for e in told if not e['SOCKAUDIT_EVENT'].endswith('-present')]
    assert code == 0 and int(rounds) > 1000
    assert [(len(wrong), e['MESSAGE']) for e in wrong[:5]] == []
    assert COUNT[kind] <= len(told) <= COUNT[kind] + 1  # and the listener of TCP
    assert len({e['SOCKAUDIT_CONNECTION'] for e in told}) == len(told)
