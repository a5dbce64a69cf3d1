# SPDX-License-Identifier: MIT
"""Trouble with the journal while 5,000 events a second are made: in the end each of them is in the journal, or counted as lost. Runs under with-journald.
FULL=1 makes it longer."""

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from daemon import BOTH, BUILD, CONFIG, Daemon, assert_complete, clean, is_empty, run_of, seqs, stored, wait  # noqa: F401
from journald import PATIENCE, journald, only_journald  # noqa: F401 (fixtures)

FULL = bool(os.environ.get('FULL'))
PAIRS = 1300  # a second: two sockets each, and each socket appears and vanishes
SOCKET = Path('/run/systemd/journal/socket')
JOURNAL = Path('/run/log/journal')
SETTLED = 300 if FULL else 60  # seconds: a bound
FLOOD = '''
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect('/run/systemd/journal/socket')
while True:
    s.send(b'MESSAGE=' + b'x' * 1500 + b'\\nPRIORITY=6\\n')
'''


@contextmanager
def fire(d, least=1, pairs=PAIRS):
    """Events from the begin of the block to its end."""
    before = d.json_path.stat().st_size
    passing = subprocess.Popen([BUILD / 'tests/live/churn', 'pass', 'tcp', str(pairs)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    began = time.monotonic()
    assert passing.stdout.readline() == b'ready\n'
    wait('it begins', lambda: d.json_path.stat().st_size > before)
    try:
        yield
    finally:
        time.sleep(max(0, began + least - time.monotonic()))
        opened, _ = passing.communicate(timeout=PATIENCE)
        took = time.monotonic() - began
        print(f'{took:.1f} s: {int(opened) * 4 / took:.0f} begins and ends of sockets a second')


def complete(d, seen=frozenset):
    """It has settled and ends; how many were lost."""
    wait('all is confirmed or lost', is_empty, SETTLED)
    d.stop()
    events = d.events()
    return assert_complete(events[0]['SOCKAUDIT_RUN'], events, seen())


@pytest.fixture
def daemon(tmp_path):
    d = Daemon(tmp_path, options=BOTH)
    yield d
    d.kill()


def test_killed_five_times(daemon, journald):
    with fire(daemon):
        for _ in range(5):
            time.sleep(2 if FULL else 0.2)
            journald.kill()
            time.sleep(0.1)
            journald.start()
    assert complete(daemon) == 0


def test_sleeps(daemon, journald):
    """And the daemon goes on."""
    with fire(daemon):
        journald.stop()
        time.sleep(30 if FULL else 2)
        before = daemon.json_path.stat().st_size
        wait('it makes events', lambda: daemon.json_path.stat().st_size > before)
        journald.go_on()
    assert complete(daemon) == 0


def test_socket_goes_away(daemon, journald):
    away = SOCKET.with_name('socket-away')
    with fire(daemon):
        SOCKET.rename(away)
        time.sleep(10 if FULL else 0.5)
        journald.kill()  # who is connected still reached it
        time.sleep(5 if FULL else 0.5)
        away.rename(SOCKET)
        journald.start()
    assert complete(daemon) == 0


@contextmanager
def other(journald, *settings):
    """A journald with these settings, and afterwards the usual one."""
    journald.kill()
    journald.start(*settings)
    yield
    journald.kill()
    journald.start()


@pytest.mark.parametrize('setting', ['MaxLevelStore=notice', 'Storage=none'])
def test_does_not_store(daemon, journald, setting):
    """What does not come back is sent twice, and then told as lost; what is stored all the same is not."""
    with other(journald, setting):
        with fire(daemon, 20 if FULL else 1):
            pass
        wait('a loss is told', lambda: 'events were sent twice and are not in it' in daemon.log())
    assert complete(daemon) > 0


class Keeper:
    """Has a second name for each file of the journal, so that what journald removes can still be read at the end."""

    def __init__(self):
        self.kept, self.over = JOURNAL / 'kept', threading.Event()
        self.kept.mkdir()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        with suppress(OSError):  # a file may live for half a second only, however busy the machine is
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        while not self.over.wait(0.02):
            for path in JOURNAL.glob('*/system*.journal*'):
                with suppress(FileNotFoundError, FileExistsError):
                    os.link(path, self.kept / f'{path.stat().st_ino}.journal')

    def end(self, run):
        """What was in them, of a run."""
        self.over.set()
        self.thread.join()
        found = seqs('--directory', str(self.kept), f'SOCKAUDIT_RUN={run}')
        shutil.rmtree(self.kept)
        return set(found)


def test_vacuumed(daemon, journald):
    """It keeps some 3,000 events. What is gone before it is read back may be told as lost; nothing else is."""
    run = run_of(daemon)
    before = set(stored(run))
    with other(journald, 'RuntimeMaxUse=4M'):
        keeper = Keeper()
        with fire(daemon, 30 if FULL else 2):
            pass
        complete(daemon, lambda: before | keeper.end(run))


def test_full_disk(daemon, journald):
    """Under the journal. What is in it before is hidden by another file system, as it is on a host that mounts /var late."""
    run = run_of(daemon)
    before = set(stored(run))
    settings = 'RuntimeKeepFree=1', 'RuntimeMaxUse=1G', 'RuntimeMaxFileSize=1M'
    journald.kill()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={512 if FULL else 64}m', 'tmpfs', JOURNAL], check=True)
    try:
        journald.start(*settings)
        keeper = Keeper()
        with fire(daemon, 10 if FULL else 2):  # journald takes a thousand a second while each fails
            with (JOURNAL / 'filler').open('wb', buffering=0) as filler, suppress(OSError):
                while True:
                    filler.write(b'x' * 65536)
            time.sleep(5 if FULL else 1)
        wait('a loss is told', lambda: 'events were sent twice and are not in it' in daemon.log(), SETTLED)
        journald.kill()  # which asks every 30 seconds only how much room there is
        (JOURNAL / 'filler').unlink()
        journald.start(*settings)
        complete(daemon, lambda: before | keeper.end(run))
    finally:
        keeper.over.set()
        journald.kill()
        subprocess.run(['umount', '-l', JOURNAL], check=True)
        journald.start()


def test_flood(daemon):
    """By processes of a user without privileges, whom journald hears as well as us."""
    flood = [subprocess.Popen(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', sys.executable, '-c', FLOOD]) for _ in range(4)]
    try:
        with fire(daemon, 30 if FULL else 2):
            pass
        time.sleep(5 if FULL else 1)
    finally:
        for process in flood:
            process.kill()
            process.wait()
    assert complete(daemon) == 0


def longest_turn(trace):
    """Of the event loop, in seconds: from one epoll_wait() that returns to the next that begins."""
    waits = [(float(at), float(took)) for at, took in re.findall(r'^([\d.]+) epoll_wait\(.*<([\d.]+)>$', trace.read_text(), re.M)]
    assert len(waits) > 100
    return max(later - (at + took) for (at, took), (later, _) in zip(waits, waits[1:]))


if FULL:
    def test_stopped_for_a_minute(tmp_path, journald):
        """Under 2,000 events a second: no turn of the loop takes longer than an interval."""
        trace = tmp_path / 'trace'
        d = Daemon(tmp_path, CONFIG.replace('100ms', '1s'), options=BOTH)
        tracer = subprocess.Popen(['strace', '-p', str(d.process.pid), '-ttt', '-T', '-e', 'trace=epoll_wait', '-o', trace], stderr=subprocess.DEVNULL)
        with fire(d, pairs=500):
            journald.stop()
            time.sleep(60)
            journald.go_on()
        tracer.terminate()
        tracer.wait(PATIENCE)
        assert complete(d) == 0
        print(f'longest turn: {longest_turn(trace) * 1000:.0f} ms')
        assert longest_turn(trace) < 1
