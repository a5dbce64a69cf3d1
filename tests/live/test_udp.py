# SPDX-License-Identifier: MIT
"""UDP by programs in the kernel (hooks: [udp]): each socket that was used is told once, with its process, however short both lived. sock_diag stands beside it, and counts the
kernel's messages about freed sockets."""

import json
import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from audit import PATIENCE, Actor, Audit, Namespace, actors

COUNT = 1000 if os.environ.get('FULL') else 40
CONFIG = '''
collector: {collector}
hooks: [{hooks}]
interval: 100ms
rescan: 1s
balance: 1s
cpu_max: 100%
watch:
  - name: rule
    match: {{comm: "udp-*"}}
    processes: no
    sockets: {{transport: udp}}
    missed: each
'''
ECHO = 'keep.setdefault("s", socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)).bind(("::", 0)) or keep["s"].getsockname()[1]'
ECHO_ON = 'threading.Thread(target=lambda: [keep["s"].sendto(*keep["s"].recvfrom(100)) for _ in iter(int, 1)], daemon=True).start()'
OPENINGS = 'connection-completed', 'connection-appeared', 'connection-present', 'listener-appeared', 'listener-present'
ENDS = 'connection-completed', 'connection-vanished', 'listener-vanished'


@pytest.fixture
def ns():
    with closing(Namespace()) as ns:
        yield ns


@pytest.fixture
def port(ns):
    with closing_actor(Actor('echo', ns)) as a:
        port = a.do(ECHO)
        a.do(ECHO_ON)
        yield port


def closing_actor(actor):
    actor.close = actor.end
    return closing(actor)


def lives(ns, port, before):
    """What the driver has done."""
    command = ns.command(sys.executable, Path(__file__).parent / 'udp_driver.py', port, COUNT)
    # From when they look at its namespace because of a watched process in it, they hear.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as driver:
        try:
            before()
            out, _ = driver.communicate('\n', PATIENCE)
        finally:
            driver.kill()
    assert driver.returncode == 0
    return [json.loads(line) for line in out.splitlines()]


def by_cookie(events):
    told = {}
    for e in events:
        told.setdefault(int(e['SOCKAUDIT_COOKIE']), []).append(e)
    return told


def ports(e):
    return int(e.get('SOCKAUDIT_LOCAL_PORT', 0)), int(e.get('SOCKAUDIT_PEER_PORT', 0))


def test_each_once(tmp_path, ns, port):
    audits = {}
    for collector, hooks in ('bpf', 'udp'), ('sock_diag', ''):
        (tmp_path / collector).mkdir()
        audits[collector] = Audit(tmp_path / collector, CONFIG.format(collector=collector, hooks=hooks), ns)
    a, witness = audits.values()
    made = lives(ns, port, lambda: [x.cycles(2) for x in audits.values()])
    for x in audits.values():
        x.cycles(3)
    assert [x.stop() for x in audits.values()] == [0, 0]
    assert a.of('audit-started')[0].get('SOCKAUDIT_DEGRADED') is None and a.of('audit-lost') == []

    told = by_cookie(a.of(*OPENINGS, TRANSPORT='udp'))
    assert len(made) == 14 * COUNT and {c for c in told if len(told[c]) != 1} == set()
    assert [m for m in made if m['cookie'] not in told] == [] == [e['MESSAGE'] for c in told for e in told[c] if c not in {m['cookie'] for m in made}]
    ends = {}
    for e in a.of(*ENDS, TRANSPORT='udp'):
        assert ends.setdefault(e['SOCKAUDIT_CONNECTION'], e) is e, 'it ended twice'
    for m in made:
        e, = told[m['cookie']]
        end = ends[e['SOCKAUDIT_CONNECTION']]
        assert (int(e['SOCKAUDIT_PID']), e['SOCKAUDIT_COMM']) == (m['pid'], f'udp-{m["kind"]}'[:15]), e
        # Absent where one of the daemons looked at the descriptor just then, and was the last that had it.
        how = 'killed' if m['kind'] == 'killed' else 'closed'
        assert end['SOCKAUDIT_SEEN_BY'] == 'bpf' and end.get('SOCKAUDIT_END', how) == how, end
        # What it was disconnected from since a look has shown it is its last peer.
        assert ports(end) == (m['local'], m['peer']) or (e is not end and m['peer'] == 0), (m, end)
        assert 'SOCKAUDIT_BYTES_SENT' not in end and int(end['SOCKAUDIT_NOT_BEFORE']) == int(end['SOCKAUDIT_NOT_AFTER'])
    assert a.of('connection-completed', END='closed') and a.of('connection-completed', END='killed') and a.of('connection-missed') == []

    # The kernel's messages name the peer of those that had one to their end.
    seen = by_cookie(e for e in witness.of('connection-missed', *OPENINGS, TRANSPORT='udp') if 'SOCKAUDIT_COOKIE' in e)
    assert {c for c in seen if not any(e['SOCKAUDIT_LOCAL_PORT'] == str(port) for e in seen[c])} <= set(told)
    assert [m for m in made if m['peer'] and m['cookie'] not in seen] == []
    # The books are of TCP.
    assert all(int(x) == 0 for e in a.of('audit-balance') for x in e['SOCKAUDIT_OPENED_RECORDED'].split()[:2])
    assert not any(e['PRIORITY'] == '4' for e in a.of('audit-balance'))


def test_what_lives_longer(tmp_path, ns, port):
    """Looks show it; its end, and with whom it talked then, is told by the program."""
    with actors(ns) as start:
        old = start('udp-old')
        old.do('keep.setdefault("u", udp(("127.0.0.1", 9))).getsockname()[1]')
        a = Audit(tmp_path, CONFIG.format(collector='bpf', hooks='udp'), ns)
        a.next('connection-present', PID=old.pid)
        actor = start('udp-young')
        local = actor.do('keep.setdefault("u", socket.socket(type=socket.SOCK_DGRAM)).bind(("127.0.0.1", 0)) or keep["u"].getsockname()[1]')
        e = a.next('connection-appeared', LOCAL_PORT=local, PID=actor.pid)
        a.cycles(1)
        actor.do(f'keep["u"].connect(("127.0.0.1", {port})) or keep["u"].close()')
        end = a.next('connection-vanished', CONNECTION=e['SOCKAUDIT_CONNECTION'])
        assert (end['SOCKAUDIT_SEEN_BY'], end['SOCKAUDIT_PEER_PORT'], end['SOCKAUDIT_NOT_BEFORE']) == ('bpf', str(port), end['SOCKAUDIT_NOT_AFTER'])
        old.do('keep["u"].close()')
        assert a.next('connection-vanished', PID=old.pid)['SOCKAUDIT_SEEN_BY'] == 'snapshot'  # nobody marked it
    assert a.stop() == 0


def of_control_groups(pid):
    """Programs for control groups (BPF_PROG_TYPE_CGROUP_SOCK, _SOCK_ADDR) that a process has loaded, and links of them."""
    infos = [p.read_text() for p in Path(f'/proc/{pid}/fdinfo').iterdir()]
    return sum(bool(re.search(r'^prog_type:\t(9|18)$', info, re.M)) for info in infos), sum('link_type:\tcgroup' in info for info in infos)


def test_nothing_unless_asked_for(tmp_path, ns, port):
    a = Audit(tmp_path, CONFIG.format(collector='bpf', hooks=''), ns)
    a.until(lambda: a.status.cycles >= 1, 'first cycle')
    assert of_control_groups(a.process.pid) == (0, 0)
    assert a.stop() == 0
    (tmp_path / 'with').mkdir()
    a = Audit(tmp_path / 'with', CONFIG.format(collector='bpf', hooks='udp'), ns)
    a.until(lambda: a.status.cycles >= 1, 'first cycle')
    assert of_control_groups(a.process.pid) == (7, 7)
    assert a.stop() == 0


REFUSED = {'rights': (('setpriv', '--bounding-set=-net_admin,-sys_admin', '--inh-caps=-net_admin,-sys_admin'), 'hooks: udp: udp_bind4: EPERM'),
           'group': (('unshare', '--mount', 'sh', '-ec', 'umount -l /sys/fs/cgroup/unified 2>&- || umount -l /sys/fs/cgroup; exec "$@"', 'sh'), 'hooks: udp: ENOENT')}


@pytest.mark.parametrize('prefix, why', REFUSED.values(), ids=REFUSED)
def test_the_rest_works_where_it_is_refused(tmp_path, ns, prefix, why):
    a = Audit(tmp_path, CONFIG.format(collector='bpf', hooks='udp').replace('transport: udp', 'family: ipv4'), ns, prefix=prefix)
    started = a.next('audit-started')
    assert started['SOCKAUDIT_COLLECTOR'] == 'bpf' and why in started['SOCKAUDIT_DEGRADED'], started
    a.until(lambda: a.status.cycles >= 1, 'first cycle')
    with actors(ns) as start:
        actor = start('udp-actor')
        actor.do('keep.setdefault("l", socket.create_server(("127.0.0.1", 0))).getsockname() and None')
        actor.do('keep.setdefault("c", socket.create_connection(keep["l"].getsockname())).close()')
        assert a.next('connection-completed', 'connection-appeared', TRANSPORT='tcp')['SOCKAUDIT_SEEN_BY'] == 'bpf'
        # As without: the kernel's message, which is heard from where was looked at.
        a.cycles(2)
        actor.do('udp(("127.0.0.1", 9)).close()')
        a.next('connection-missed', 'connection-completed', 'connection-vanished', TRANSPORT='udp', PEER_PORT=9)
    assert a.stop() == 0


@pytest.mark.parametrize('collector', ['sock_diag', 'proc'])
def test_no_programs_at_all(tmp_path, ns, collector):
    a = Audit(tmp_path, CONFIG.format(collector=collector, hooks='udp'), ns)
    assert 'hooks: udp: EOPNOTSUPP' in a.next('audit-started')['SOCKAUDIT_DEGRADED']
    assert a.stop() == 0
