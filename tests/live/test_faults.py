# SPDX-License-Identifier: MIT
"""The daemon in bad company: a full disk, a closed output, reloads without end, stops and continues. It lives, tells what it could not see, and
tells nothing twice."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from audit import BUILD, GROWTH, PATIENCE, Actor, Audit, Namespace
from silence import Silence

COUNT = 2000
CONFIG = '''
interval: 100ms
cpu_max: 100%
rescan: 1s
limits: {queue: 64K}
watch:
  - name: kept
    match: {comm: kept}
    sockets: {transport: tcp}
'''


@pytest.fixture
def ns():
    """With COUNT connections."""
    ns = Namespace()
    kept = subprocess.Popen(ns.command(BUILD / 'tests/live/churn', 'keep', 'tcp', COUNT), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert kept.stdout.readline() == b'ready\n'
    yield ns
    kept.communicate(timeout=PATIENCE)
    ns.close()


def test_full_disk(tmp_path, ns):
    """What does not fit is lost and counted, and when there is room again it says so."""
    (tmp_path / 'sockaudit.yaml').write_text(CONFIG)
    disk = tmp_path / 'disk'
    disk.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk], check=True)
    try:
        with open(disk / 'out', 'ab') as out:
            d = subprocess.Popen(ns.command(BUILD / 'src/sockauditd', f'--config={tmp_path}/sockaudit.yaml', '--sink=json'), stdout=out,
                                 stderr=subprocess.PIPE, text=True)
        while 'No space left on device; events wait' not in (line := d.stderr.readline()):
            assert line, 'it ended'
        before = (disk / 'out').read_bytes()
        subprocess.run(['mount', '-o', 'remount,size=16m', disk], check=True)
        end = time.monotonic() + PATIENCE
        while b'audit-lost' not in (disk / 'out').read_bytes() and time.monotonic() < end:
            time.sleep(0.05)
        d.terminate()
        assert d.wait(PATIENCE) == 0
        d.stderr.close()
        text = (disk / 'out').read_bytes()
    finally:
        subprocess.run(['umount', disk], check=True)
    assert text.startswith(before)
    events = [json.loads(line) for line in text.splitlines()]
    lost, = [e for e in events if e['SOCKAUDIT_EVENT'] == 'audit-lost']
    missing = set(range(1, int(events[-1]['SOCKAUDIT_SEQ']) + 1)) - {int(e['SOCKAUDIT_SEQ']) for e in events}
    assert len(missing) == int(lost['SOCKAUDIT_LOST_COUNT']) > 0
    assert (min(missing), max(missing)) == (int(lost['SOCKAUDIT_LOST_FIRST_SEQ']), int(lost['SOCKAUDIT_LOST_LAST_SEQ']))


def test_closed_output(tmp_path, ns):
    """It does not write into whatever descriptor it opens next."""
    (tmp_path / 'sockaudit.yaml').write_text(CONFIG)
    r = subprocess.run(ns.command('sh', '-c', 'exec "$@" >&-', 'sh', BUILD / 'src/sockauditd', f'--config={tmp_path}/sockaudit.yaml', '--sink=json'),
                       stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
    assert r.returncode == 1 and 'tandard output' in r.stderr


def told_once(a):
    assert len(a.of('connection-present')) == COUNT and len(a.of('process-matched')) == 1
    assert not a.of('connection-appeared', 'connection-vanished', 'connection-changed', 'process-gone', 'audit-lost')


def test_reloads_without_end(tmp_path, ns):
    a = Audit(tmp_path, CONFIG.replace('64K', '64M'), ns)
    a.cycles(2)
    descriptors, resident = a.descriptors(), a.resident()
    for _ in range(100):
        a.process.send_signal(signal.SIGHUP)
        time.sleep(0.02)
    a.cycles(3)
    assert a.of('audit-reloaded')
    assert a.descriptors() == descriptors and a.resident() - resident < GROWTH
    told_once(a)
    assert a.stop() == 0


def test_stops_and_continues(tmp_path, ns):
    a = Audit(tmp_path, CONFIG.replace('64K', '64M'), ns)
    a.cycles(2)
    for n in range(10):
        a.process.send_signal(signal.SIGSTOP)
        time.sleep(0.05 * n)
        a.process.send_signal(signal.SIGCONT)
        time.sleep(0.1)
    a.cycles(2)
    assert a.of('audit-gap', GAP_REASON='cycle-missed')
    told_once(a)
    assert a.stop() == 0


def test_command_lines_that_never_answer(tmp_path):
    """Their memory is a file of a file system that is silent: the kernel gives what stands before it, and the audit goes on."""
    ns = Namespace()
    a = Audit(tmp_path, CONFIG.replace('comm: kept', 'comm: watched*'), ns, '--log-level=debug')
    a.cycles(2)
    with Silence(tmp_path / 'silence') as file:
        silent = [Actor(f'not-yet-{n}', ns, arguments=('--password=hunter2', 'x' * 20000)) for n in range(5)]
        for p in silent:
            p.do(f'hide_arguments({str(file)!r})')
            p.do('name(b"watched-hiding")')
        for p in silent:
            command = a.next('process-matched', PID=p.pid)['SOCKAUDIT_CMDLINE']
            assert re.fullmatch(r'python3 \S+ not-yet-\d --password=\[redacted\] x+', command) and len(command) < 4096
        port = silent[0].do('listen()')
        a.next('listener-appeared', LOCAL_PORT=port)
        for p in silent:
            p.end()
    assert a.stop() == 0
    ns.close()


def state(pid, tid):
    return Path(f'/proc/{pid}/task/{tid}/stat').read_text().rpartition(')')[2].split()[0]


def test_command_lines_behind_a_lock(tmp_path):
    """Nobody can read the memory of a process whose user has seen to it, and who tries cannot even be interrupted. It is waited for a moment, once: looks go on,
    what else is known of it is told, and of others everything."""
    ns = Namespace()
    silence = Silence(tmp_path / 'silence', errors=2)
    silent = Actor('watched-silent', ns)
    with silence as file:
        port = silent.do('listen()')
        mapper = silent.do(f'lock_memory({str(file)!r})')
        assert silence.asked.wait(PATIENCE)
        silent.do('keep["map"].set()')
        end = time.monotonic() + PATIENCE
        while state(silent.pid, mapper) != 'D':
            assert time.monotonic() < end
        a = Audit(tmp_path, CONFIG.replace('comm: kept', 'comm: watched*'), ns)
        e = a.next('process-matched', PID=silent.pid)
        assert 'SOCKAUDIT_CMDLINE' not in e and e['SOCKAUDIT_CWD'] and e['SOCKAUDIT_EXE']
        a.next('listener-present', LOCAL_PORT=port)
        others = []

        def answers():
            others.append(Actor('watched-too', ns, arguments=('--loud',)))
            return a.next('process-matched', PID=others[-1].pid).get('SOCKAUDIT_CMDLINE', '').endswith(' --loud')

        a.until(answers, 'command line after a rest')
        for n in range(5):  # which makes it be read again
            silent.do(f'name(b"watched-{n}")')
            a.cycles(1)
        for p in others:
            p.end()
    silent.end()
    assert a.stop() == 0
    ns.close()


def test_over_the_limits(tmp_path, ns):
    """Each limit that is reached is told with its span, when it is reached and when there is room again; and nothing of it vanished."""
    limits = 'limits: {sockets: 1500, namespaces: 1, queue: 64M}'
    a = Audit(tmp_path, CONFIG.replace('limits: {queue: 64K}', limits), ns)
    e = a.next('audit-gap', GAP_REASON='over-limit', GAP_LIMIT='sockets')
    assert int(e['SOCKAUDIT_GAP_COUNT']) >= COUNT - 1500
    a.cycles(2)
    other = Namespace()
    kept = subprocess.Popen(other.command(BUILD / 'tests/live/churn', 'keep', 'tcp', 1), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert kept.stdout.readline() == b'ready\n'
    e = a.next('audit-gap', GAP_REASON='over-limit', GAP_LIMIT='namespaces')
    first, last = int(e['SOCKAUDIT_NOT_BEFORE']), int(e['SOCKAUDIT_NOT_AFTER'])
    assert e['SOCKAUDIT_GAP_COUNT'] == '1' and first < last
    kept.communicate(timeout=PATIENCE)
    other.close()
    a.until(lambda: len(a.of('audit-gap', GAP_LIMIT='namespaces')) == 2, 'end of the gap')
    e = a.of('audit-gap', GAP_LIMIT='namespaces')[1]
    assert int(e['SOCKAUDIT_NOT_BEFORE']) == first and int(e['SOCKAUDIT_NOT_AFTER']) > last
    assert not a.of('connection-vanished') and len(a.of('audit-gap', GAP_LIMIT='sockets')) == 1
    assert len(a.of('connection-present', 'listener-present')) == 1500
    assert a.stop() == 0


def test_no_descriptor_left(tmp_path):
    """A process that it has no descriptor to read is not gone, and nobody let go of a socket. When not even a look is possible any more, that is told, and
    when it is again."""
    ns = Namespace()
    kept = subprocess.Popen(ns.command(BUILD / 'tests/live/churn', 'keep', 'tcp', 10), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert kept.stdout.readline() == b'ready\n'
    blind = denied = 0
    for room in range(-2, 4):  # what was measured may have been of a look after all
        (tmp_path / str(room)).mkdir()
        a = Audit(tmp_path / str(room), CONFIG, ns)
        a.cycles(2)
        a.next('process-matched')
        # not while it looks: then the largest would be one that it has for a moment
        most = min(max(int(fd) for fd in os.listdir(f'/proc/{a.process.pid}/fd')) for _ in range(50))
        goal = a.status.cycles + 12
        subprocess.run(['prlimit', f'--pid={a.process.pid}', f'--nofile={most + 1 + room}:'], check=True)
        a.until(lambda: a.status.cycles >= goal or a.of('audit-degraded', CONDITION='look'), 'look that fails or not')  # noqa: B023
        time.sleep(0.3)
        subprocess.run(['prlimit', f'--pid={a.process.pid}', '--nofile=1024:'], check=True)
        if a.of('audit-degraded'):
            blind += 1
            over = a.next('audit-restored', CONDITION='look', ERROR='EMFILE')
            began, slewed = int(over['SOCKAUDIT_NOT_BEFORE']), 10_000  # the wall clock may be, between two events
            a.until(lambda: [e for e in a.of('audit-gap', GAP_REASON='cycle-missed')  # noqa: B023
                             if int(e['SOCKAUDIT_NOT_BEFORE']) - slewed <= began < int(e['SOCKAUDIT_NOT_AFTER'])], 'gap')  # noqa: B023
        a.cycles(4)
        denied += bool(a.of('audit-gap', GAP_REASON='denied'))
        assert not a.of('process-gone') + a.of('connection-vanished') + a.of('connection-changed'), room
        assert len(a.of('connection-present')) == 10
        assert a.stop() == 0
    assert blind > 0 and denied > 0
    kept.communicate(timeout=PATIENCE)
    ns.close()


def test_a_proc_in_which_nobody_is(tmp_path):
    """It is none: refused, and not taken for a host without processes."""
    config = tmp_path / 'sockaudit.yaml'
    config.write_text(CONFIG)
    inside = 'mount -t tmpfs none /proc && exec "$0" --config="$1" --sink=text --once'
    answer = subprocess.run(['unshare', '--mount', 'sh', '-c', inside, BUILD / 'src/sockauditd', config], capture_output=True, text=True, timeout=PATIENCE,
                            env={**os.environ, 'ASAN_OPTIONS': 'detect_leaks=0'}, check=False)  # LeakSanitizer reads /proc, too
    assert answer.returncode == 1 and 'cannot look any more: No data available' in answer.stderr, answer.stderr
    assert 'gone:' not in answer.stdout
