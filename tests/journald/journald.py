# SPDX-License-Identifier: MIT
"""For tests under with-journald: the journald there, and what is in its journal."""

import json
import os
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest

PATIENCE = 30 * int(os.environ.get('SLOWNESS', 1))  # seconds: a bound for what must happen, not a delay


def journalctl(*args):
    done = subprocess.run(['journalctl', '--no-pager', *args], capture_output=True, check=True, text=True, encoding='utf-8',
                          env={**os.environ, 'LC_ALL': 'C.UTF-8', 'TZ': 'UTC'})
    return done.stdout


def entries(*match):
    journalctl('--sync')
    return [json.loads(line) for line in journalctl('-q', '-o', 'json', *match).splitlines()]


class Journald:
    def __init__(self):
        self.pid = int(os.environ['JOURNALD_PID'])
        self.started = None
        self.conf = Path('/run/journald.conf').read_text()

    def stop(self):
        os.kill(self.pid, signal.SIGSTOP)
        while Path(f'/proc/{self.pid}/stat').read_text().rsplit(')', 1)[1].split()[0] != 'T':
            time.sleep(0.001)

    def go_on(self):
        os.kill(self.pid, signal.SIGCONT)

    def kill(self):
        fd = os.pidfd_open(self.pid)  # it may be a child of with-journald, which reaps it when it likes
        try:
            os.kill(self.pid, signal.SIGKILL)
            assert select.select([fd], [], [], PATIENCE)[0], 'journald does not end'
        finally:
            os.close(fd)
        if self.started:
            self.started.wait()
        self.pid = None

    def start(self, *settings):
        """Also with other settings: lines of journald.conf, each for the last start only."""
        Path('/run/journald.conf').write_text(self.conf + ''.join(f'{line}\n' for line in settings))
        self.started = subprocess.Popen([os.environ['JOURNALD']], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        self.pid = self.started.pid
        deadline = time.monotonic() + 10
        while subprocess.run(['journalctl', '--sync'], capture_output=True).returncode != 0:
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.fixture(scope='module')
def only_journald():
    journald = Journald()
    yield journald
    if journald.started:
        journald.started.terminate()
        journald.started.wait()


@pytest.fixture
def journald(only_journald):
    yield only_journald
    if only_journald.pid is None:  # a test that failed between kill() and start(): the next ones are not to blame
        only_journald.start()
    only_journald.go_on()
