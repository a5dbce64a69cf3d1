# SPDX-License-Identifier: MIT
"""The daemon delivers: what it has made comes into a real journal, whatever happens to it and to journald meanwhile. Runs under with-journald."""

import json
import os
import re
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from journald import PATIENCE, entries, journald, only_journald  # noqa: F401 (fixtures)

BUILD = Path(os.environ['BUILD_DIR'])
STATE = Path(os.environ['STATE_DIRECTORY'])
OUTBOX = STATE / 'outbox'
SOCKET = Path('/run/systemd/journal/socket')
HEADER = b'sockaudit outbox 1\n'
CONFIG = '''
interval: 100ms
cpu_max: 100%
watch:
  - name: kept
    match: {comm: kept}
    sockets: {transport: tcp}
'''


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
        wait('it starts', lambda: 'watching by' in self.log())

    def events(self):
        """All that it has made, with --sink=json."""
        return [json.loads(line) for line in self.json_path.read_text().splitlines()]

    def made(self):
        return self.json_path.read_bytes().count(b'\n')

    def log(self):
        return self.log_path.read_text()

    def kill(self):
        self.process.kill()
        self.process.wait()

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
    return OUTBOX.read_bytes() == HEADER


def stored(run):
    return sorted(int(e['SOCKAUDIT_SEQ']) for e in entries('--output-fields=SOCKAUDIT_SEQ', f'SOCKAUDIT_RUN={run}'))


def lost(events):
    """Ranges and count of what audit-lost has told of the journal."""
    told = [e for e in events if e['SOCKAUDIT_EVENT'] == 'audit-lost' and e.get('SOCKAUDIT_SINK') == 'journal']
    assert all(e['SOCKAUDIT_GAP_REASON'] == 'journal-suppressed' for e in told)
    return sum(int(e['SOCKAUDIT_LOST_COUNT']) for e in told), told


def assert_complete(run, events):
    """Each seq is stored or waits, and what does not is counted."""
    seqs = {int(e['SOCKAUDIT_SEQ']) for e in events}
    assert seqs == set(range(1, max(seqs) + 1))
    here = set(stored(run)) | {seq for r, seq in in_outbox() if r == run}
    count, told = lost(events)
    print(f'{len(seqs)} made, {len(here)} stored, {len(stored(run)) - len(here)} of them twice, {count} lost')
    assert here <= seqs and len(seqs - here) == count
    for seq in seqs - here:
        assert any(int(e['SOCKAUDIT_LOST_FIRST_SEQ']) <= seq <= int(e['SOCKAUDIT_LOST_LAST_SEQ']) for e in told)
    return count


def run_of(pid):
    return wait('audit-started', lambda: entries('SOCKAUDIT_EVENT=audit-started', f'SOCKAUDIT_PID={pid}'))[0]['SOCKAUDIT_RUN']


@pytest.fixture(autouse=True)
def clean():
    yield
    for path in STATE.iterdir():
        path.unlink()


def test_killed_while_journald_sleeps(tmp_path, journald):
    """What it had made is sent by the next one."""
    d = Daemon(tmp_path)
    run = run_of(d.process.pid)
    journald.stop()
    with connections(1500):
        wait('events wait', lambda: len(in_outbox()) >= 1500)
        d.kill()
    waiting = in_outbox()
    assert {r for r, _ in waiting} == {run}
    last = waiting[-1][1]
    journald.go_on()
    d = Daemon(tmp_path)
    assert re.search(r'outbox: \d+ events of an earlier daemon wait in it', d.log())
    wait('all of them are stored', lambda: sorted(set(stored(run))) == list(range(1, last + 1)))
    wait('nothing waits', is_empty)
    again = run_of(d.process.pid)
    assert again != run
    d.stop()
    assert is_empty()
    assert stored(again) == list(range(1, len(stored(again)) + 1))


def test_stopped_while_journald_sleeps(tmp_path, journald):
    """What is left at the end waits for the next start, too."""
    d = Daemon(tmp_path)
    run = run_of(d.process.pid)
    journald.stop()
    with connections(1000):
        wait('events wait', lambda: len(in_outbox()) >= 1000)
        d.stop()
    assert 'they wait in the outbox for the next start' in d.log()
    last = in_outbox()[-1]
    assert last[0] == run
    journald.go_on()
    d = Daemon(tmp_path)
    wait('all of them are stored', lambda: sorted(set(stored(run))) == list(range(1, last[1] + 1)))
    assert entries(f'SOCKAUDIT_RUN={run}', 'SOCKAUDIT_EVENT=audit-stopped')
    d.stop()


def test_damaged_outbox(tmp_path):
    """What cannot be read is set aside, and told."""
    OUTBOX.write_bytes(HEADER + b'this is no record')
    OUTBOX.chmod(0o600)
    d = Daemon(tmp_path)
    assert 'outbox: 17 bytes at its end cannot be read, since it is damaged; they are kept as outbox.damaged-1' in d.log()
    assert (STATE / 'outbox.damaged-1').read_bytes() == b'this is no record'
    d.stop()


@pytest.mark.parametrize('why', ['missing', 'in use', 'not ours alone'])
def test_without_outbox(tmp_path, why):
    """It works, and says what is worse."""
    first = Daemon(tmp_path) if why == 'in use' else None
    if why == 'not ours alone':
        STATE.chmod(0o755)
    d = Daemon(tmp_path, **({'STATE_DIRECTORY': '/proc/none'} if why == 'missing' else {}))
    assert d.log().count('outbox: the state directory cannot be used') == 1
    run = run_of(d.process.pid)
    started, = entries(f'SOCKAUDIT_RUN={run}', 'SOCKAUDIT_EVENT=audit-started')
    assert 'no outbox' in started['SOCKAUDIT_DEGRADED'] and 'no outbox' in started['MESSAGE']
    d.stop()
    STATE.chmod(0o700)
    assert entries(f'SOCKAUDIT_RUN={run}', 'SOCKAUDIT_EVENT=audit-stopped')
    if first:
        first.stop()


def test_none_for_standard_output(tmp_path):
    (tmp_path / 'sockaudit.yaml').write_text(CONFIG)
    done = subprocess.run([BUILD / 'src/sockauditd', f'--config={tmp_path}/sockaudit.yaml', '--sink=json', '--once'], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
    assert done.returncode == 0 and 'outbox' not in done.stderr
    assert list(STATE.iterdir()) == []


BOTH = ['--sink=journal', '--sink=json']
SLOW = CONFIG.replace('100ms', '2s')


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


def test_delivered_is_confirmed(tmp_path):
    """Nothing wrong: each event once, and the outbox is soon empty."""
    d = Daemon(tmp_path, options=BOTH)
    bursts(d, 3)
    wait('all is confirmed', is_empty)
    d.stop()
    assert is_empty()
    run = d.events()[0]['SOCKAUDIT_RUN']
    assert assert_complete(run, d.events()) == 0
    assert len(stored(run)) == len(d.events()) > 3000


def test_journald_killed_five_times(tmp_path, journald):
    d = Daemon(tmp_path, options=BOTH)
    for _ in range(5):
        with burst(d):
            journald.kill()
        time.sleep(0.1)
        journald.start()
    wait('all is confirmed', is_empty)
    d.stop()
    assert assert_complete(d.events()[0]['SOCKAUDIT_RUN'], d.events()) == 0


def test_journald_sleeps(tmp_path, journald):
    """For three seconds, and the daemon does not notice."""
    d = Daemon(tmp_path, SLOW, options=BOTH)
    with burst(d):
        journald.stop()
    bursts(d, 3)
    time.sleep(1)
    journald.go_on()
    wait('all is confirmed', is_empty)
    d.stop()
    assert assert_complete(d.events()[0]['SOCKAUDIT_RUN'], d.events()) == 0
    assert not [e for e in d.events() if e.get('SOCKAUDIT_GAP_REASON') == 'cycle-missed'], d.log() + str(d.events()[-3:])


def test_socket_goes_away(tmp_path, journald):
    d = Daemon(tmp_path, options=BOTH)
    bursts(d)
    away = SOCKET.with_name('socket-away')
    SOCKET.rename(away)
    try:
        bursts(d)
        journald.kill()  # who is connected still reaches it
        bursts(d)
    finally:
        if away.exists():
            away.rename(SOCKET)
    journald.start()
    bursts(d)
    wait('all is confirmed', is_empty)
    d.stop()
    assert assert_complete(d.events()[0]['SOCKAUDIT_RUN'], d.events()) == 0


def test_daemon_killed_in_the_midst(tmp_path):
    """Three times; each time, what it had made is in the journal, or waits in the outbox and then is."""
    made = {}
    for _ in range(3):
        d = Daemon(tmp_path, options=BOTH)
        with connections(4000):
            wait('it is in the midst', lambda: d.made() > 2000)
            d.kill()
        events = [json.loads(line) for line in d.json_path.read_text().splitlines(keepends=True) if line.endswith('\n')]
        made[events[0]['SOCKAUDIT_RUN']] = {int(e['SOCKAUDIT_SEQ']) for e in events}
    d = Daemon(tmp_path)
    wait('all is confirmed', is_empty)
    d.stop()
    for run, seqs in made.items():
        here = stored(run)
        print(f'{len(seqs)} made, {len(here)} stored')
        assert seqs <= set(here) and set(here) == set(range(1, max(here) + 1))


@pytest.mark.parametrize('setting', ['MaxLevelStore=notice', 'Storage=none'])
def test_journald_does_not_store(tmp_path, journald, setting):
    """What does not come back is sent twice, and then told as lost; what journald stores all the same is not."""
    journald.kill()
    journald.start(setting)
    d = Daemon(tmp_path, SLOW, options=BOTH)
    try:
        bursts(d)
        wait('a loss is told', lambda: lost(d.events())[0] > 0)
        wait('that is the end of it', lambda: lost(d.events())[0] > 1500, 60)
    finally:
        journald.kill()
        journald.start()
    assert 'events were sent twice and are not in it' in d.log()
    bursts(d, 1, 10)
    d.stop()
    assert is_empty()
    count = assert_complete(d.events()[0]['SOCKAUDIT_RUN'], d.events())
    assert count > 1500


def test_rate_limit(tmp_path, journald):
    """Of the unit, as journald finds it by the control group."""
    group = Path('/sys/fs/cgroup/unified/system.slice/sockaudit-test.service')
    if not group.parent.parent.exists():
        pytest.skip('no unified control groups')
    group.mkdir(parents=True, exist_ok=True)
    journald.kill()
    journald.start('RateLimitIntervalSec=3s', 'RateLimitBurst=100')
    d = Daemon(tmp_path, SLOW, options=BOTH, prefix=['sh', '-c', f'echo $$ >{group}/cgroup.procs && exec "$@"', 'sh'])
    try:
        bursts(d)
        wait('a loss is told', lambda: lost(d.events())[0] > 0)
        d.stop()
        count = assert_complete(d.events()[0]['SOCKAUDIT_RUN'], d.events())
        assert 100 < count
    finally:
        d.kill()
        journald.kill()
        journald.start()
        group.rmdir()


def conditions(d):
    return [e['SOCKAUDIT_EVENT'] for e in d.events() if e.get('SOCKAUDIT_CONDITION') == 'outbox']


def test_full_disk(tmp_path):
    """Under the outbox: what waits is in memory for as long, and that is said once when it begins, and once when it is over."""
    small = tmp_path / 'small'
    small.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', small], check=True)
    try:
        d = Daemon(tmp_path, options=BOTH, STATE_DIRECTORY=str(small))
        with (small / 'filler').open('wb', buffering=0) as filler, pytest.raises(OSError):
            while True:
                filler.write(b'x' * 4096)
        bursts(d, 3, 1000)
        run = d.events()[0]['SOCKAUDIT_RUN']
        wait('all has arrived', lambda: set(stored(run)) == set(range(1, d.made() + 1)))
        assert d.log().count('outbox: the disk takes no more') == 1
        (small / 'filler').unlink()
        bursts(d, 1, 1000)
        wait('it is on disk again, and all is confirmed', lambda: (small / 'outbox').read_bytes() == HEADER)
        assert conditions(d) == ['audit-degraded']
        time.sleep(5)  # for so long a disk that was full counts as full
        bursts(d, 1, 100)
        wait('it has been well for a while', lambda: conditions(d) == ['audit-degraded', 'audit-restored'])
        d.stop()
    finally:
        subprocess.run(['umount', '-l', small], check=True)
    assert assert_complete(d.events()[0]['SOCKAUDIT_RUN'], d.events()) == 0
    assert not [e for e in d.events() if e.get('SOCKAUDIT_SINK') == 'journal']


def test_not_root(tmp_path):
    """Nobody but root can tell his own events from those of others: what is sent counts."""
    state = tmp_path / 'state'
    state.mkdir(mode=0o700)
    os.chown(state, 65534, 65534)
    for path in [tmp_path, *tmp_path.parents][:-1]:
        path.chmod(path.stat().st_mode | 0o055)
    d = Daemon(tmp_path, options=BOTH, prefix=['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'], STATE_DIRECTORY=str(state))
    started, = [e for e in d.events() if e['SOCKAUDIT_EVENT'] == 'audit-started']
    assert 'counts as delivered' in started['SOCKAUDIT_DEGRADED'] and 'counts as delivered' in d.log()
    assert 'no outbox' not in started['SOCKAUDIT_DEGRADED']
    d.stop()
    assert (state / 'outbox').read_bytes() == HEADER
    assert stored(started['SOCKAUDIT_RUN']) == list(range(1, len(d.events()) + 1))
