# SPDX-License-Identifier: MIT
"""Sums and single events together, against what a driver has done, for each peer: while connections come and go, over kill -9, restarts and reloads."""

import itertools
import os
import random
import signal
import socket
import threading
import time
from collections import Counter
from types import SimpleNamespace

import pytest

from audit import PATIENCE, Audit

FULL = bool(os.environ.get('FULL'))
FIRST_LOOKS = 6  # what is newer than these, and was not there in the last one, has appeared since
PEERS = [f'127.0.{i % 3 + 1}.{i + 1}' for i in range(100 if FULL else 12)]
CONFIG = '''
interval: 100ms
cpu_max: 100%
watch:
  - name: in
    sockets: {{local: ":{0}"}}
    fold: {{by: [{1}], every: 1m, first: {2}}}
  - name: out
    sockets: {{peer: ":{0}"}}
    fold: {{by: [exe, peer, peer_port], every: 1m, first: 0}}
'''
UNFOLDED = '''
interval: 100ms
cpu_max: 100%
watch:
  - name: in
    sockets: {{local: ":{0}"}}
  - name: out
    sockets: {{peer: ":{0}"}}
'''


class Driver:
    """Connections from many addresses to a listener of our own, and what became of them: of the listener's side."""

    def __init__(self):
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.kept, self.log = [], []

    def open(self):
        c = SimpleNamespace(peer=random.choice(PEERS), sent=random.randrange(2000), received=random.randrange(2000), closed=None)
        c.opening = time.monotonic()
        c.client = socket.socket()
        c.client.bind((c.peer, 0))
        c.client.connect(('127.0.0.1', self.port))
        c.server, _ = self.listener.accept()
        c.opened = time.monotonic()
        for sender, receiver, size in ((c.client, c.server, c.received), (c.server, c.client, c.sent)):
            sender.sendall(bytes(size))
            while size:
                size -= len(receiver.recv(size))
        self.log.append(c)
        return c

    @staticmethod
    def close(c):
        for s in random.sample((c.client, c.server), 2):
            s.close()
        c.closed = time.monotonic()

    def burst(self, n, keep=0.2):
        for _ in range(n):
            c = self.open()
            if random.random() < keep:
                self.kept.append(c)
            else:
                self.close(c)

    def close_kept(self, share=1.0):
        random.shuffle(self.kept)
        for _ in range(int(len(self.kept) * share)):
            self.close(self.kept.pop())

    def end(self):
        self.close_kept()
        self.listener.close()


@pytest.fixture
def driver():
    random.seed(1)
    d = Driver()
    yield d
    d.end()


@pytest.fixture
def run(tmp_path):
    """run(config): one daemon after the other, with the same state directory."""
    runs, number = [], itertools.count()

    def begin(config):
        directory = tmp_path / str(next(number))
        directory.mkdir()
        runs.append(Audit(directory, config, None, environment={'STATE_DIRECTORY': str(tmp_path / 'state')}))
        runs[-1].cycles(FIRST_LOOKS)
        return runs[-1]

    begin.runs = runs
    yield begin
    for a in runs:
        assert a.stop() in (0, -signal.SIGKILL)


def kill(a):
    a.process.kill()
    a.process.wait(PATIENCE)
    for r in a.readers:
        r.join(PATIENCE)


def reload(a, config):
    count = len(a.of('audit-reloaded'))
    a.config.write_text(config)
    a.process.send_signal(signal.SIGHUP)
    a.until(lambda: len(a.of('audit-reloaded')) > count, 'reload')
    a.cycles(2)


def number(e, field):
    return int(e.get('SOCKAUDIT_' + field, 0))


def told(events):
    """Of the listener's side: (opened or missed, sent, received) of each peer; and sums of all."""
    peers, sums = {p: Counter() for p in PEERS}, Counter()
    for e in events:
        kind = e['SOCKAUDIT_EVENT']
        if e.get('SOCKAUDIT_RULE') != 'in':
            continue
        if kind == 'connection-summary':
            rows = [line.split() for line in e['SOCKAUDIT_PEERS'].split('\n')]
            assert len(rows) == number(e, 'PEER_COUNT') and rows == sorted(rows, key=lambda r: socket.inet_aton(r[0]))
            assert sum(int(r[1]) for r in rows) == number(e, 'OPENED') + number(e, 'MISSED'), e
            assert sum(int(r[2]) for r in rows) == number(e, 'BYTES_SENT') and sum(int(r[3]) for r in rows) == number(e, 'BYTES_RECEIVED')
            for peer, opened, sent, received, _ in rows:
                peers[peer].update(opened=int(opened), sent=int(sent), received=int(received))
            sums.update({k: number(e, k) for k in ('OPENED', 'CLOSED', 'MISSED', 'PRESENT', 'FAILED')}, summaries=1)
        elif kind.startswith('connection-'):
            ends = kind in ('connection-vanished', 'connection-completed', 'connection-missed')
            opens = kind in ('connection-appeared', 'connection-completed', 'connection-missed')
            peers[e['SOCKAUDIT_PEER_ADDRESS']].update(opened=opens, sent=ends * number(e, 'BYTES_SENT'), received=ends * number(e, 'BYTES_RECEIVED'))
            sums.update(single_opened=opens, single_closed=ends, single_present=kind == 'connection-present')
    return peers, sums


def done(log):
    peers = {p: Counter() for p in PEERS}
    for c in log:
        peers[c.peer].update(opened=1, ended=c.closed is not None, sent=c.sent if c.closed else 0, received=c.received if c.closed else 0)
    return peers


def check_exact(driver, events, present):
    peers, sums = told(events)
    for peer, is_so in done(driver.log).items():
        says = peers[peer]
        assert (says['opened'], says['sent']) == (is_so['opened'], is_so['sent']), (peer, says, is_so)
        assert 0 <= says['received'] - is_so['received'] <= is_so['ended'], (peer, says, is_so)  # the other side's end may count
    assert sums['CLOSED'] + sums['MISSED'] + sums['single_closed'] == len(driver.log), sums
    assert sums['PRESENT'] + sums['single_present'] == present and sums['FAILED'] == 0
    return sums


def test_exact_for_each_peer(driver, run):
    """Killed while nothing happens, so that all of it was seen: then all of it is told, once."""
    config = CONFIG.format(driver.port, 'exe, local_port', 3)
    present, rounds = 0, 10 if FULL else 4
    for i in range(rounds):
        present += len(driver.kept)
        a = run(config)
        driver.burst(500 if FULL else 60)
        a.cycles(3)
        driver.close_kept(0.5)
        a.cycles(3)
        if i == 1:
            config = CONFIG.format(driver.port, 'exe, local_port, direction, transport', 3)
            reload(a, config)
        if i == 2:
            assert a.stop() == 0  # and goes on: nothing is present anew
            present -= len(driver.kept)
        elif i < rounds - 1:
            kill(a)
    driver.close_kept()
    a.cycles(3)
    reload(a, UNFOLDED.format(driver.port))
    events = [e for r in run.runs for e in r.events]
    sums = check_exact(driver, events, present)
    assert {e['SOCKAUDIT_EARLY'] for e in a.of('connection-summary', RULE='in')} == {'reload'}
    assert sums['single_opened'] > 0 and sums['OPENED'] > 0 and sums['CLOSED'] > 0
    print(f'{len(driver.log)} connections of {len(PEERS)} peers, {len(run.runs)} runs: {dict(sums)}')


def test_killed_in_the_midst(driver, run):
    """What came and went while the daemon lived, and a second before it died, is told; and nothing more often than it was."""
    config = CONFIG.format(driver.port, 'local_port', 0)
    lives, over = [], threading.Event()

    def churn():
        while not over.is_set():
            driver.burst(5, keep=0.3)
            time.sleep(0.02)
            driver.close_kept(0.3)

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(6 if FULL else 2):
            a = run(config)
            began = time.monotonic()
            time.sleep(1.5)
            lives.append((began, time.monotonic() - 1))
            kill(a)
    finally:
        over.set()
        thread.join()
    driver.close_kept()
    a = run(config)
    reload(a, UNFOLDED.format(driver.port))
    peers, sums = told([e for r in run.runs for e in r.events])
    sure = [c for c in driver.log if any(began < c.opening and c.closed < died for began, died in lives)]
    for peer, all_of_it in done(driver.log).items():
        assert done(sure)[peer]['opened'] <= peers[peer]['opened'] <= all_of_it['opened'], (peer, peers[peer], all_of_it)
        assert done(sure)[peer]['sent'] <= peers[peer]['sent'] <= all_of_it['sent']
    assert len(sure) > 50
    print(f'{len(driver.log)} connections, {len(sure)} of them told for sure: {dict(sums)}')


def test_told_before_the_end_without_a_file(driver, tmp_path):
    state = tmp_path / 'state'
    state.write_text('')  # no directory
    a = Audit(tmp_path, CONFIG.format(driver.port, 'local_port', 0), None, environment={'STATE_DIRECTORY': str(state)})
    a.cycles(FIRST_LOOKS)
    assert 'sums of folded connections are lost if the daemon is killed' in a.next('audit-started')['SOCKAUDIT_DEGRADED']
    driver.burst(30)
    a.cycles(3)
    driver.close_kept()
    a.cycles(3)
    assert a.stop() == 0
    check_exact(driver, a.events, 0)
    kinds = [e['SOCKAUDIT_EVENT'] for e in a.events]
    assert {e['SOCKAUDIT_EARLY'] for e in a.of('connection-summary', RULE='in')} == {'stop'} and kinds[-1] == 'audit-stopped'


@pytest.mark.parametrize('what, said', [
    (b'hello', 'none of ours'),
    (b'sockaudf\x09' + bytes(5000), 'another version'),
    (b'sockaudf\x01\0\0\0' + bytes(5000), 'damaged'),
], ids=['foreign', 'future', 'damaged'])
def test_not_believed(driver, run, tmp_path, what, said):
    state = tmp_path / 'state'
    state.mkdir(mode=0o700)
    (state / 'fold').write_bytes(what)
    (state / 'fold').chmod(0o600)
    a = run(CONFIG.format(driver.port, 'local_port', 0))
    assert any('not believed' in line and said in line and 'fold.damaged-1' in line for line in a.said), a.said
    assert (state / 'fold.damaged-1').read_bytes() == what
    driver.burst(10, keep=0)
    a.cycles(3)
    reload(a, UNFOLDED.format(driver.port))
    check_exact(driver, a.events, 0)


def test_another_size(driver, run):
    """limits.fold_rows is another one: what there is is told, and the new one holds."""
    config = CONFIG.format(driver.port, 'local_port', 0)
    a = run(config)
    driver.burst(20, keep=0)
    a.cycles(3)
    kill(a)
    a = run('limits: {fold_rows: 1000}' + config)
    check_exact(driver, [e for r in run.runs for e in r.events], 0)
    assert {e['SOCKAUDIT_EARLY'] for e in a.of('connection-summary', RULE='in')} == {'stop'}
