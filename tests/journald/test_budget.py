# SPDX-License-Identifier: MIT
"""The budget against a real journal: spent in the midst of a burst, made good while time flies, and spent again. What is told singly and what is in sums are
together all that there was, for every peer. Runs under with-journald."""

import re
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'live'))
from audit import Actor  # noqa: E402
from daemon import BUILD, Daemon, wait  # noqa: E402
from journald import entries, journald, only_journald  # noqa: E402, F401 (fixtures)

CONFIG = '''
interval: 100ms
cpu_max: 100%
budget: 4M      # 170 KiB an hour, or some 120 events
watch:
  - name: mark      # what is above priority 6 is told as ever
    match: {comm: budget-mark}
    sockets: {transport: tcp, listen: yes}
  - name: served
    match: {comm: budget-server}
    sockets: {transport: tcp, listen: no}
    changed: [peer]
'''
PEERS = 30


class Drivers:
    """A server, and a client that comes from many addresses: what was opened, and what was sent, by them."""

    def __init__(self):
        self.server, self.client, self.mark = Actor('budget-server'), Actor('budget-client'), Actor('budget-mark')
        self.port = self.server.do('keep.setdefault("l", socket.create_server(("0.0.0.0", 0), backlog=1000)).getsockname()[1]')
        self.opened, self.sent, self.received = Counter(), Counter(), Counter()
        self.count = 0

    def open(self, count):
        numbers = f'range({self.count}, {self.count + count})'
        self.client.do(f'[keep.setdefault(n, socket.create_connection(("127.0.0.1", {self.port}), source_address=(f"127.0.1.{{n % {PEERS}}}", 0)))'
                       f'.send(b"x" * (n + 1)) for n in {numbers}] and None')
        for n, address in self.server.do(f'[(n, (keep.setdefault(n, keep["l"].accept()[0]).getpeername()[0])) for n in {numbers}]'):
            self.server.do(f'keep[{n}].recv(100000) and keep[{n}].send(b"y" * 7) and None')
            self.opened[address] += 1
            self.sent[address] += 7
            self.received[address] += n + 1
        self.count += count

    def close(self, first, last):
        for actor in self.client, self.server:
            actor.do(f'[keep.pop(n).close() for n in range({first}, {last})] and None')

    def settle(self, daemon):
        """Until the daemon has dealt with all that was done before. Who accepts a connection is known one look later."""
        for _ in range(2):
            port = self.mark.do('keep.setdefault(len(keep), socket.create_server(("127.0.0.1", 0))).getsockname()[1]')
            wait('a listener is told', lambda: any(e['SOCKAUDIT_EVENT'].startswith('listener-') and e['SOCKAUDIT_LOCAL_PORT'] == str(port)
                                                   for e in daemon.events()))

    def end(self):
        for actor in self.client, self.server, self.mark:
            actor.end()


class Told:
    """What the events say, by peers."""

    def __init__(self, events):
        self.opened, self.sent, self.received = Counter(), Counter(), Counter()
        self.closed = self.singly = self.folded = 0
        for e in events:
            kind, of = e['SOCKAUDIT_EVENT'], {k.removeprefix('SOCKAUDIT_'): v for k, v in e.items()}
            if kind in ('connection-appeared', 'connection-vanished', 'connection-completed'):
                self.single(kind, of)
            elif kind == 'connection-summary' and of.get('RULE') == 'served':
                self.closed += int(of.get('CLOSED', 0))
                self.folded += int(of.get('OPENED', 0)) + int(of.get('CLOSED', 0))
                for row in of['PEERS'].split('\n'):
                    self.peer(row.split()[0], *map(int, row.split()[1:4]))

    def single(self, kind, of):
        self.singly += 1
        ends = kind != 'connection-appeared'
        self.closed += ends
        self.peer(of['PEER_ADDRESS'], kind != 'connection-vanished', int(of['BYTES_SENT']) if ends else 0, int(of['BYTES_RECEIVED']) if ends else 0)

    def peer(self, address, opened, sent, received):
        self.opened[address] += opened
        self.sent[address] += sent
        self.received[address] += received


def preloaded(clocks):
    linked = subprocess.run(['ldd', BUILD / 'src/sockauditd'], capture_output=True, text=True, check=True).stdout
    sanitizer = re.findall(r'=> (\S*libasan\S*)', linked)  # wants to be the first
    return {'LD_PRELOAD': ':'.join([*sanitizer, str(BUILD / 'tests/live/libclocks.so')]), 'CLOCKS': str(clocks)}


def play(daemon, drivers, clocks):
    def conditions():
        return [e['SOCKAUDIT_EVENT'] for e in daemon.events() if e.get('SOCKAUDIT_CONDITION') == 'budget']

    def appeared():
        return sum(e['SOCKAUDIT_EVENT'] == 'connection-appeared' for e in daemon.events())

    def later(hours):
        new = clocks.with_suffix('.new')
        new.write_text(f'0 {hours * 3600 * 1000000}')
        new.rename(clocks)

    wait('both are known', lambda: sum(e['SOCKAUDIT_EVENT'] == 'process-matched' for e in daemon.events()) == 2)
    drivers.settle(daemon)
    drivers.open(300)
    drivers.settle(daemon)
    wait('spent', lambda: conditions() == ['audit-degraded'])
    before = Told(daemon.events())
    assert 50 < before.singly < 150 and before.folded == 0
    # Of those that were told, and of those that were not.
    drivers.close(50, 250)
    drivers.open(100)
    drivers.settle(daemon)
    wait('what was told ends', lambda: Told(daemon.events()).closed > 0)
    later(4)
    wait('made good', lambda: conditions() == ['audit-degraded', 'audit-restored'])
    again = appeared()
    drivers.open(30)
    drivers.settle(daemon)
    assert appeared() == again + 30
    drivers.close(0, 50)
    drivers.close(250, 430)
    drivers.open(150)
    wait('spent again', lambda: len(conditions()) >= 3)
    drivers.settle(daemon)
    drivers.close(430, 580)
    drivers.settle(daemon)
    later(5)
    wait('made good again', lambda: conditions()[-1] == 'audit-restored' and len(conditions()) >= 4)
    daemon.stop()
    drivers.end()


def test_sums_and_singles(tmp_path):
    clocks = tmp_path / 'clocks'
    clocks.write_text('0 0')
    drivers = Drivers()
    # Nothing outlives it: so all sums are told before its end.
    with closing(Daemon(tmp_path, CONFIG, ['--sink=journal', '--sink=json'], STATE_DIRECTORY='/proc/nowhere', **preloaded(clocks))) as daemon:
        play(daemon, drivers, clocks)
    told = Told(daemon.events())
    print(f'{told.singly} singly, {told.folded} in sums, {sum(told.opened.values())} opened, {told.closed} closed')
    assert (told.opened, told.sent, told.received, told.closed) == (drivers.opened, drivers.sent, drivers.received, drivers.count)
    folded = [int(e['SOCKAUDIT_BUDGET_FOLDED']) for e in daemon.events() if e['SOCKAUDIT_EVENT'] == 'audit-restored']
    assert len(folded) >= 2 and 0 < sum(folded) <= told.folded
    stored = entries('SOCKAUDIT_EVENT=connection-summary', f'SOCKAUDIT_RUN={daemon.events()[0]["SOCKAUDIT_RUN"]}')
    assert len(stored) == sum(e['SOCKAUDIT_EVENT'] == 'connection-summary' for e in daemon.events())
