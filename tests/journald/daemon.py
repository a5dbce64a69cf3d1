# SPDX-License-Identifier: MIT
"""For tests under with-journald: the daemon that delivers to it, what makes events, and whether all of them came."""

import json
import os
import re
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from journald import PATIENCE, entries

BUILD = Path(os.environ['BUILD_DIR'])
STATE = Path(os.environ['STATE_DIRECTORY'])
OUTBOX = STATE / 'outbox'
HEADER = b'sockaudit outbox 1\n'
CONFIG = '''
interval: 100ms
cpu_max: 100%
watch:
  - name: kept
    match: {comm: kept}
    sockets: {transport: tcp}
'''
SLOW = CONFIG.replace('100ms', '2s')
BOTH = ['--sink=journal', '--sink=json']


def wait(what, condition, patience=PATIENCE):
    end = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < end, what
        time.sleep(0.02)
    return found


class Daemon:
    """With the journal for a sink, its diagnostics in a file, and its events as JSON in another one if asked for."""

    def __init__(self, tmp_path, config=CONFIG, options=(), prefix=(), **env):
        (tmp_path / 'sockaudit.yaml').write_text(config)
        self.log_path = tmp_path / f'log-{time.monotonic_ns()}'
        self.json_path = self.log_path.with_suffix('.json')
        with self.log_path.open('wb') as log, self.json_path.open('wb') as out:
            self.process = subprocess.Popen([*prefix, BUILD / 'src/sockauditd', f'--config={tmp_path}/sockaudit.yaml', *options],
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=log, env={**os.environ, **env})
        started.append(self.process)
        wait('it starts', lambda: 'watching by' in self.log())

    def events(self):
        """All that it has made, with --sink=json; not what it is just writing."""
        return [json.loads(line) for line in self.json_path.read_text().splitlines(keepends=True) if line.endswith('\n')]

    def made(self):
        return self.json_path.read_bytes().count(b'\n')

    def log(self):
        return self.log_path.read_text()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        """Of a test that failed, too."""
        if self.process.poll() is None:
            self.kill()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(PATIENCE) == 0, self.log()


@contextmanager
def connections(count):
    """A process that opens so many at once, and closes them at the end."""
    kept = subprocess.Popen([BUILD / 'tests/live/churn', 'keep', 'tcp', str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert kept.stdout.readline() == b'ready\n'
    yield
    kept.communicate(timeout=PATIENCE)


def in_outbox():
    """Run and seq of all events that wait in it."""
    if not OUTBOX.exists():
        return []
    found = re.findall(rb'\nSOCKAUDIT_RUN=([0-9a-f]{32})\nSOCKAUDIT_SEQ=(\d+)\n', OUTBOX.read_bytes())
    return [(run.decode(), int(seq)) for run, seq in found]


def is_empty():
    return OUTBOX.stat().st_size == len(HEADER)


def seqs(*match):
    return sorted(int(e['SOCKAUDIT_SEQ']) for e in entries('--output-fields=SOCKAUDIT_SEQ', *match))


def stored(run):
    return seqs(f'SOCKAUDIT_RUN={run}')


def lost(events):
    """Ranges and count of what audit-lost has told of the journal."""
    told = [e for e in events if e['SOCKAUDIT_EVENT'] == 'audit-lost' and e.get('SOCKAUDIT_SINK') == 'journal']
    assert {e['SOCKAUDIT_GAP_REASON'] for e in told} <= {'journal-suppressed'}, told
    return sum(int(e['SOCKAUDIT_LOST_COUNT']) for e in told), told


def assert_complete(run, events, gone=frozenset()):
    """Each seq is stored or waits, and what does not is counted. gone: those that were stored, and may have been removed since."""
    made = {int(e['SOCKAUDIT_SEQ']) for e in events}
    assert made == set(range(1, max(made) + 1))
    in_journal = stored(run)
    here = set(in_journal) | {seq for r, seq in in_outbox() if r == run}
    count, told = lost(events)
    print(f'{len(made)} made, {len(here)} stored, {len(in_journal) - len(here)} of them twice, {len(gone - here)} gone since, {count} lost')
    assert here <= made and len(made - here - gone) <= count <= len(made - here)
    told_of = set().union(*(range(int(e['SOCKAUDIT_LOST_FIRST_SEQ']), int(e['SOCKAUDIT_LOST_LAST_SEQ']) + 1) for e in told))
    assert made - here - gone <= told_of, sorted(made - here - gone - told_of)
    return count


def run_of(d):
    return wait('audit-started', lambda: entries('SOCKAUDIT_EVENT=audit-started', f'SOCKAUDIT_PID={d.process.pid}'))[0]['SOCKAUDIT_RUN']


@contextmanager
def burst(d, count=1500):
    """So many events and more in one look; the block runs in the midst of it."""
    before = d.made()
    with connections(count):
        wait('it begins', lambda: d.made() > before + 10)
        yield
        wait('all are told', lambda: d.made() > before + count)


def bursts(d, times=1, count=1500):
    for _ in range(times):
        with burst(d, count):
            pass


started = []  # in this test


@pytest.fixture(autouse=True)
def clean():
    yield
    for process in started:  # of a test that failed before it stopped it
        if process.poll() is None:
            process.kill()
            process.wait()
    started.clear()
    for path in STATE.iterdir():
        path.unlink()
