# SPDX-License-Identifier: MIT
"""The daemon delivers: what it has made comes into a real journal, whatever happens to it and to journald meanwhile. Runs under with-journald."""

import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from daemon import (BOTH, BUILD, CONFIG, HEADER, OUTBOX, SLOW, STATE, Daemon, assert_complete, burst, bursts, clean, connections, in_outbox,  # noqa: F401
                    is_empty, lost, run_of, stored, wait)
from journald import PATIENCE, entries, journald, only_journald  # noqa: F401 (fixtures)

SOCKET = Path('/run/systemd/journal/socket')


def test_killed_while_journald_sleeps(tmp_path, journald):
    """What it had made is sent by the next one."""
    d = Daemon(tmp_path)
    run = run_of(d)
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
    again = run_of(d)
    assert again != run
    d.stop()
    assert is_empty()
    assert stored(again) == list(range(1, len(stored(again)) + 1))


def test_stopped_while_journald_sleeps(tmp_path, journald):
    """What is left at the end waits for the next start, too."""
    d = Daemon(tmp_path)
    run = run_of(d)
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
    run = run_of(d)
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


def test_daemon_killed_in_the_midst(tmp_path):
    """Three times; each time, what it had made is in the journal, or waits in the outbox and then is."""
    made = {}
    for _ in range(3):
        d = Daemon(tmp_path, options=BOTH)
        with connections(4000):
            wait('it is in the midst', lambda: d.made() > 2000)
            d.kill()
        events = d.events()
        made[events[0]['SOCKAUDIT_RUN']] = {int(e['SOCKAUDIT_SEQ']) for e in events}
    d = Daemon(tmp_path)
    wait('all is confirmed', is_empty)
    d.stop()
    for run, seqs in made.items():
        here = stored(run)
        print(f'{len(seqs)} made, {len(here)} stored')
        assert seqs <= set(here) and set(here) == set(range(1, max(here) + 1))


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
        bursts(d, 1, 20)  # which it has room for
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
