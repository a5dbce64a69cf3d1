# SPDX-License-Identifier: MIT
"""The programs in the kernel by themselves (records.c has collect/hooks.h, and nothing more of the daemon): what they record of each kind of connection is what
was made, what they lose is counted to the last one, and they need two capabilities. Their sizes are printed."""

import json
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from audit import BUILD, PATIENCE
from storms import KINDS, assert_in_time, calm_namespace, kernel_opens, made_opens, pair_up, plain_address, storm, wrong

RECORDS = BUILD / 'tests/live/records'
OBJECT = BUILD / 'src/bpf/programs.bpf.o'
COUNT = 100
PASSIVE, KILLED, TOLD = 1, 2, 16  # bpf/record.h
LOST_CLOSE, LOST_PROCESS = 1, 2  # the latter may be foreign ones, who take other names in a loop
TWO = [f'--{kind}=-all,+bpf,+perfmon' for kind in ('inh-caps', 'ambient-caps', 'bounding-set')]
NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']


class Records:
    def __init__(self, directory, ns, ring=0, prefix=()):
        self.ns, self.path = ns, directory / 'records'
        with self.path.open('wb') as out:
            self.process = subprocess.Popen(ns.command(*prefix, RECORDS, ring), stdin=subprocess.PIPE, stdout=out)
        end = time.monotonic() + PATIENCE
        while not self.path.read_bytes().startswith(b'ready\n'):
            assert self.process.poll() is None and time.monotonic() < end
            time.sleep(0.01)

    def end(self):
        """Records of sockets of the namespace, records of processes, and the counts."""
        self.process.stdin.close()
        assert self.process.wait(PATIENCE) == 0
        *records, counts = (json.loads(line) for line in self.path.read_text().splitlines()[1:])
        sockets = [r for r in records if r['kind'] in ('open', 'close') and r['netns'] == self.ns.inode()]
        return sockets, [r for r in records if 'pid' in r], counts


def test_each_program_alone_and_their_sizes(tmp_path, ns):
    said = subprocess.run([RECORDS, 'alone'], check=True, stdout=subprocess.PIPE, text=True, timeout=PATIENCE).stdout
    refused = {name: errno for name, errno in (line.split() for line in said.splitlines()) if errno != '0'}
    assert 'tcp_state 0' in said and refused == {}
    r = Records(tmp_path, ns)
    programs = {p['id']: p for p in json.loads(subprocess.run(['bpftool', '-j', 'prog', 'show'], check=True, stdout=subprocess.PIPE).stdout)}
    verified = {}
    for path in Path(f'/proc/{r.process.pid}/fdinfo').iterdir():
        found = {name: int(n) for name, n in re.findall(r'^(prog_id|verified_insns):\s*(\d+)$', path.read_text(), re.M)}
        if 'verified_insns' in found:
            p = programs[found['prog_id']]
            verified[p['name']] = found['verified_insns'], p['bytes_xlated'] // 8
    r.end()
    print(f'programs.bpf.o: {OBJECT.stat().st_size} bytes')
    for name, (steps, size) in sorted(verified.items()):
        print(f'{name}: {size} instructions, of which the verifier took {steps} steps (of a million that it allows)')
    # Those of udp are loaded only where they are asked for.
    assert set(verified) == {line.split()[0] for line in said.splitlines() if not line.startswith('udp_')}
    assert all(steps < 500_000 for steps, _ in verified.values()), 'a kernel that verifies a little differently may refuse it'


@pytest.fixture
def ns():
    ns = calm_namespace()
    yield ns
    ns.close()


def key(r):
    return plain_address(r['local']), plain_address(r['peer'])


def right_opener(e, r):
    """Who connected, or listens there."""
    return r['opener'] == (e.pid if e.side == 'active' else e.listener) and bool(r['flags'] & PASSIVE) == (e.side == 'passive')


def right_closer(e, r):
    """Who had it at last, or nobody: the kernel, when the other side reset it, or with the listener what nobody has accepted."""
    return r['closer'] in (0, e.holder) and (r['closer'] != 0 or e.closed_by != 'local' or e.pid == 0)


def right_bytes(e, r):
    """As many as were sent and received."""
    return (r['sent'], r['received']) == (e.sent, e.received)


def assert_as_made(ends, sockets):
    opens, closes = ([r for r in sockets if r['kind'] == kind and r['peer'][1] != 0] for kind in ('open', 'close'))
    pairs = pair_up(ends, closes, key, lambda r: r['opened'])
    for check in right_opener, right_closer, right_bytes:
        assert wrong(pairs, check) == []
    assert_in_time(pairs, lambda r: [r['opened']] * 2, lambda r: r['when'])
    assert wrong(pairs, lambda e, r: bool(r['flags'] & KILLED) == (e.end == 'killed')) == []
    # What was established is told twice, then and at its end.
    established = [e for e in ends if e.end not in ('refused', 'unreachable', 'timed-out')]
    assert wrong(pair_up(established, opens, key, lambda r: r['opened']), right_opener) == []
    assert all(bool(r['flags'] & TOLD) == bool(established) for r in closes)


@pytest.mark.parametrize('kind', KINDS)
def test_records_are_what_was_made(tmp_path, ns, kind):
    r = Records(tmp_path, ns)
    ends = storm(ns, kind, COUNT)
    sockets, processes, counts = r.end()
    assert all(count == 0 for what, count in enumerate(counts['lost']) if what != LOST_PROCESS) and counts['lost_by'] == []
    opens = made_opens(ends)
    assert (counts['active'], counts['passive']) == opens == kernel_opens(ns) and counts['unsent'] == 0
    assert (counts['watched_active'], counts['watched_passive']) == opens
    assert_as_made(ends, sockets)
    if kind == 'brief':
        executed = {p['pid']: p['exe'] for p in processes if p['kind'] == 'exec'}
        ended = {p['pid'] for p in processes if p['kind'] == 'exit'}
        pids = {e.pid for e in ends if e.side == 'active'}
        assert len(pids) == len(ends) // 2 and pids <= ended
        assert {executed[pid] for pid in pids} == {str(BUILD / 'tests/live/storm')}


def test_what_is_lost_is_counted(tmp_path, ns):
    """The reader is stopped, and the ring small: each close is read, or lost of its process, and the bytes with it."""
    r = Records(tmp_path, ns, ring=1 << 16)
    r.process.send_signal(signal.SIGSTOP)
    ends = storm(ns, 'plain', 3000)
    r.process.send_signal(signal.SIGCONT)
    sockets, _, counts = r.end()
    pid, = {e.pid for e in ends}
    closes = [s for s in sockets if s['kind'] == 'close' and s['opener'] == pid and s['peer'][1] != 0]
    lost = {loser: sums for loser, *sums in counts['lost_by']}
    print(f'{len(ends)} closes: {len(closes)} read, {lost.get(pid, [0])[0]} lost; of all that there was {counts["lost"][LOST_CLOSE]}')
    assert lost[pid][0] > 1000  # and the close of the listener
    assert len(ends) + 1 - len(closes) - 1 <= lost[pid][0] <= len(ends) + 1 - len(closes)
    for i, what in enumerate(('sent', 'received'), 1):
        assert sum(getattr(e, what) for e in ends) == sum(c[what] for c in closes) + lost[pid][i], what
    assert counts['lost'][LOST_CLOSE] == sum(sums[0] for sums in lost.values())
    assert (counts['active'], counts['passive']) == made_opens(ends) == kernel_opens(ns)


@pytest.mark.parametrize('capabilities, suffice', [(TWO, True), ([c.replace(',+perfmon', '') for c in TWO], False), ([c.replace(',+bpf', '') for c in TWO], False)],
                         ids=['bpf and perfmon', 'bpf', 'perfmon'])
def test_two_capabilities_suffice(tmp_path, ns, capabilities, suffice):
    prefix = [*NOBODY, *capabilities]
    if not suffice:
        assert subprocess.run([*prefix, RECORDS], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=PATIENCE).returncode == 1
        return
    r = Records(tmp_path, ns, prefix=prefix)
    status = Path(f'/proc/{r.process.pid}/status').read_text()
    assert re.search(r'^Uid:\t65534\t65534', status, re.M) and re.search(r'^CapEff:\t000000c000000000$', status, re.M), status
    ends = storm(ns, 'plain', COUNT)
    assert_as_made(ends, r.end()[0])
