# SPDX-License-Identifier: MIT
"""Each call of libc and libsystemd that the daemon makes fails once, at each place from which it is called (faults.c), while connections are there, come and
go at known times. It lives, or says why not; it leaks nothing; and what it tells happened. A sample, by SEED in the environment; FULL=1: every place, told
apart by three callers. Runs under with-journald, so that it delivers, too."""

import mmap
import os
import signal
import struct
import subprocess
import time
from pathlib import Path

import pytest

from audit import LISTEN, Audit, Namespace, actors

BUILD = Path(os.environ['BUILD_DIR'])
FULL = bool(os.environ.get('FULL'))
SEED = int(os.environ.get('SEED', 1))
DEPTH, ONE_OF, FAULTS = (3, 1, 5000) if FULL else (2, 16, 40)
AT_ONCE = 1 if FULL else 4  # failures between two times at which all must be well
STABLE, FIRST_PORT = 5, 10000
CONNECT = 'bool(keep.setdefault({0!r}, socket.create_connection(("127.0.0.1", {1}), source_address=("127.0.0.1", {2}))))'
CONFIG = '''
interval: 100ms
cpu_max: 100%
rescan: 1s
balance: 1s
watch:
  - name: kept
    match: {comm: kept}
    sockets: {transport: tcp}
'''
OF_LIVES = 'connection-present', 'connection-appeared', 'connection-vanished', 'connection-completed', 'connection-missed'


class Faults:
    """The file by which they are permitted."""

    def __init__(self, directory):
        self.done = directory / 'done'
        path = directory / 'permitted'
        path.write_bytes(bytes(8))
        with path.open('r+b') as f:
            self.map = mmap.mmap(f.fileno(), 8)
        self.environment = {'FAULTS': str(path), 'FAULTS_DONE': str(self.done), 'FAULTS_DEPTH': str(DEPTH), 'FAULTS_ONE_OF': str(ONE_OF), 'FAULTS_SEED': str(SEED)}

    def made(self):
        return struct.unpack('II', self.map[:8])[1]

    def permit(self, count):
        self.map[:4] = struct.pack('I', count)

    def clear(self):
        self.map[:8] = bytes(8)

    def told(self, count=AT_ONCE + 1):
        """The last ones, with the places in the sources."""
        lines = self.done.read_text().splitlines()[-count:] if self.done.exists() else []
        return [f'{name} at ' + subprocess.run(['addr2line', '-s', '-e', BUILD / 'tests/live/sockauditd-faulty', *addresses], capture_output=True, text=True,
                                               check=True).stdout.replace('\n', ' ') for name, *addresses in map(str.split, lines)]


class World:
    """Connections of a process that is watched: some are always there, one comes and goes."""

    def __init__(self, start):
        self.server, self.kept = start('server'), start('kept')
        self.port = self.server.do(LISTEN.format('l'))
        self.lives = {}  # by local port: before and after it opened, before and after it closed
        for n in range(STABLE):
            self.open(n)

    def open(self, name):
        """From a port of its own, which is its name in the events."""
        before, local = time.time_ns() // 1000, FIRST_PORT + len(self.lives)
        self.kept.do(CONNECT.format(name, self.port, local))
        self.lives[local] = [before, time.time_ns() // 1000]
        self.server.do(f'keep.update({{{name!r}: keep["l"].accept()[0]}})')
        return local

    def close(self, name, local):
        self.lives[local].append(time.time_ns() // 1000)
        self.kept.do(f'keep.pop({name!r}).close()')
        self.server.do(f'keep.pop({name!r}).close()')

    def check(self, events):
        """What they tell of it can be."""
        told = {}
        for e in events:
            if e['SOCKAUDIT_EVENT'] in OF_LIVES and e.get('SOCKAUDIT_LOCAL_PORT') and int(e['SOCKAUDIT_LOCAL_PORT']) in self.lives:
                told.setdefault(int(e['SOCKAUDIT_LOCAL_PORT']), []).append(e)
        for local, events_of_it in told.items():
            opened = self.lives[local][0]
            closed = self.lives[local][2] if len(self.lives[local]) > 2 else None
            kinds = [e['SOCKAUDIT_EVENT'] for e in events_of_it]
            assert len([k for k in kinds if k in OF_LIVES[:2]]) <= 1 and len([k for k in kinds if k in OF_LIVES[2:]]) <= 1, kinds
            for e in events_of_it:
                ends = e['SOCKAUDIT_EVENT'] in OF_LIVES[2:]
                assert int(e['SOCKAUDIT_NOT_AFTER']) >= opened, (e, opened)
                assert not ends or (closed and int(e['SOCKAUDIT_NOT_AFTER']) >= closed), (e, closed)
        assert not [e for e in events if e['SOCKAUDIT_EVENT'] == 'process-gone'], events[-20:]


@pytest.fixture
def ns():
    ns = Namespace()
    yield ns
    ns.close()


class Faulty:
    """The daemon, again and again: where it may not go on it says so and ends, and the next one does."""

    def __init__(self, tmp_path, ns, faults):
        self.tmp_path, self.ns, self.faults, self.runs, self.audit = tmp_path, ns, faults, 0, None

    def start(self):
        directory = self.tmp_path / str(self.runs)
        directory.mkdir()
        self.runs += 1
        self.audit = Audit(directory, CONFIG, self.ns, '--sink=journal', program=BUILD / 'tests/live/sockauditd-faulty',
                           environment={**self.faults.environment, 'STATE_DIRECTORY': str(self.tmp_path / 'state')})

    def ended(self):
        """It may, with a word: 2 if the configuration could not be read."""
        code = self.audit.process.poll()
        if code is None:
            return False
        self.audit.stop()
        lost = code == -signal.SIGABRT and 'netns.c' in ''.join(self.faults.told(AT_ONCE))  # in a foreign namespace, and no way back
        said = ''.join(self.audit.said)
        assert (lost or (code in (1, 2) and said)) and 'Sanitizer' not in said, (code, said[-3000:], self.faults.told())
        return True

    def cycles(self, n):
        """False: it has ended."""
        goal, end = self.audit.status.cycles + n, time.monotonic() + 30
        while self.audit.status.cycles < goal:
            if self.ended():
                return False
            assert time.monotonic() < end, ('no cycles', self.audit.said[-5:], self.faults.told())
            time.sleep(0.01)
        return True


def passes(faulty, world, faults):
    """A connection comes and goes while calls may fail. How many did."""
    local = world.open('passing')
    alive = faulty.cycles(3)
    world.close('passing', local)
    alive = alive and faulty.cycles(3)
    made = faults.made()
    faults.clear()
    return made, alive


def is_well(faulty, world):
    """Nothing fails any more: what comes and goes now is told. False: it has ended meanwhile."""
    local = world.open('checked')
    alive = faulty.cycles(2)
    if alive:
        faulty.audit.until(lambda: faulty.audit.of(*OF_LIVES[:2], LOCAL_PORT=local), 'what appears now')
    world.close('checked', local)
    if alive:
        faulty.audit.until(lambda: faulty.audit.of(*OF_LIVES[2:], LOCAL_PORT=local), 'what vanishes now')
    return alive


def test_every_call_fails_once(tmp_path, ns):
    print(f'SEED={SEED}')
    faults = Faults(tmp_path)
    faulty = Faulty(tmp_path, ns, faults)
    total = ends = 0
    with actors(ns) as start:
        world = World(start)
        try:
            # As long as one start after the other brings new ones, and each as long as there are any.
            more = True
            while more and total < FAULTS:
                before, idle, alive = total, 0, True
                faults.permit(AT_ONCE)
                faulty.start()
                while alive and idle < 3:
                    made, alive = passes(faulty, world, faults)
                    total, idle = total + made, 0 if made > 0 else idle + 1
                    alive = alive and is_well(faulty, world)
                    world.check(list(faulty.audit.events))
                    faults.permit(AT_ONCE)
                if alive:
                    faults.clear()
                    assert faulty.audit.stop() == 0, faulty.audit.said[-30:]
                else:
                    ends += 1
                    print(faulty.audit.status.cycles, 'cycles, then', ''.join(faulty.audit.said[-1:]).strip(), '<-', faults.told(AT_ONCE))
                more = total > before
        except AssertionError:
            print(f'after {total} failures, the last ones', faults.told())
            raise
    print(f'{total} failures, {ends} of which ended it')
    assert total > 5
