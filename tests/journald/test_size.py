# SPDX-License-Identifier: MIT
"""What the usual event costs in a journal on disk: new values, which fill the hash table that ends a journal file, and bytes. What journald adds
by itself is measured with entries that have nothing else, and counted apart. Runs under with-journald."""

import os
import socket
import struct
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / 'live'))
from audit import Actor  # noqa: E402
from daemon import Daemon, wait  # noqa: E402
from journald import journalctl  # noqa: E402

ROUNDS, AT_ONCE = 5, 1000
VALUES_MAX = 8
# By collector. Times of the kernel are of one event each: of programs in it a connection has two values more.
BYTES_MAX = {'sock_diag': 1250, 'bpf': 1400}  # 1040 on a machine that does nothing else, where closes share their times; half of them for what repeats: four in the entry for each field, and four to eight for the list of entries that have this value
CONFIG = '''
collector: {collector}
interval: 200ms
cpu_max: 100%
limits: {{peer_walks: 0}}     # as of peers that are elsewhere
watch:
  - name: singly
    match: {{comm: size-server}}
    sockets: {{transport: tcp}}
    changed: [peer, holders]
'''
# struct Header of systemd's journal-def.h: le64 of these numbers, from offset 88 on.
HEADER = 'header arena hash_offset hash_size fields_offset fields_size bytes objects entries tail_seq head_seq array head tail monotonic values names'.split()


def stored():
    """What all journal files hold: bytes up to the last object, entries, and values (data objects)."""
    journalctl('--sync')
    sums = Counter()
    for path in Path('/var/log/journal').glob('*/*.journal'):
        numbers = dict(zip(HEADER, struct.unpack_from(f'<{len(HEADER)}Q', path.read_bytes()[:88 + 8 * len(HEADER)], 88)))
        sums.update({k: numbers[k] for k in ('bytes', 'entries', 'values')})
    return sums


class Cost:
    """Of the entries that come within `with`, each."""

    def __enter__(self):
        self.before = stored()
        return self

    def __exit__(self, *_):
        grown = stored() - self.before
        self.entries = grown['entries']
        self.bytes, self.values = (grown[k] / self.entries for k in ('bytes', 'values'))


@pytest.fixture(scope='module')
def by_itself():
    """An entry with nothing in it but what journald adds."""
    subprocess.run(['journalctl', '--flush'], check=True, stderr=subprocess.DEVNULL)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s, Cost() as cost:
        s.connect('/run/systemd/journal/socket')
        for _ in range(ROUNDS * AT_ONCE):
            s.send(b'MESSAGE=\n')
    assert cost.entries >= ROUNDS * AT_ONCE
    return cost


def served(daemon):
    """Costs of connections that a server has, and that end, of 1,000 ports at once."""
    server, client = Actor('size-server'), Actor('size-client')
    port = server.do(f'keep.setdefault("l", socket.create_server(("127.0.0.1", 0), backlog={AT_ONCE})).getsockname()[1]')
    opened, closed = [], []

    def told(kind, count):
        wait(kind, lambda: sum(e['SOCKAUDIT_EVENT'] == kind for e in daemon.events()) >= count)

    wait('listener', lambda: any(e['SOCKAUDIT_EVENT'].startswith('listener') for e in daemon.events()))
    for n in range(ROUNDS):
        with Cost() as cost:
            client.do(f'[keep.setdefault(n, socket.create_connection(("127.0.0.1", {port}))).send(b"x" * n) for n in range({AT_ONCE})] and None')
            server.do(f'[keep.setdefault(n, keep["l"].accept()[0]).send(b"y" * 999) for n in range({AT_ONCE})] and None')
            told('connection-appeared', (n + 1) * AT_ONCE)
        opened.append(cost)
        with Cost() as cost:
            for actor in client, server:
                actor.do(f'[keep.pop(n).close() for n in range({AT_ONCE})] and None')
            told('connection-vanished', (n + 1) * AT_ONCE)
        closed.append(cost)
    daemon.stop()
    for actor in client, server:
        actor.end()
    sent = [sum(len(name) + len(value) + 2 for name, value in e.items()) for e in daemon.events() if e['SOCKAUDIT_EVENT'].startswith('connection')]
    print(f'sent: {sum(sent) / len(sent):.0f} bytes an event')
    return {'appeared': opened, 'vanished': closed}


@pytest.mark.parametrize('collector', BYTES_MAX)
def test_usual_event(tmp_path, by_itself, collector):
    """The lists of entries grow by doubling: now in the one kind, now in the other. So bytes are those of both."""
    print(f'journald alone: {by_itself.values:.2f} values, {by_itself.bytes:.0f} bytes an entry')
    sizes = []
    with closing(Daemon(tmp_path, CONFIG.format(collector=collector), ['--sink=journal', '--sink=json'])) as daemon:
        measured = served(daemon)
    for kind, costs in measured.items():
        values, size = (sum(getattr(c, k) for c in costs) / len(costs) - getattr(by_itself, k) for k in ('values', 'bytes'))
        print(f'{kind}: {values:.2f} new values and {size:.0f} bytes an event, beside those')
        assert 2 <= round(values, 1) <= VALUES_MAX  # MESSAGE and SEQ are always new; what else is told meanwhile is the rest
        sizes.append(size)
    assert sum(sizes) / len(sizes) <= BYTES_MAX[collector]
