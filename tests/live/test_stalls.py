# SPDX-License-Identifier: MIT
"""What stands still: each kind of stall made for real between two network namespaces, told by the daemon, and by `why` and `list`; then
its end. What must be so is taken from ss(8) and from who made it.

Packets are lost by a wrong neighbour (the address of a network card that nobody has), which no connection notices."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from audit import BUILD, PATIENCE, Actor, Audit, Namespace

SOCKAUDIT = BUILD / 'src/sockaudit'
OURS, THEIRS, BEHIND = '10.77.0.1', '10.77.0.2', '10.77.1.5'
CONFIG = '''
interval: 100ms
cpu_max: 100%
rescan: 1s
collector: {collector}
watch:
  - name: rule
    match: {{comm: "shipper*"}}
    sockets: {{family: [ipv4, ipv6, unix]}}
    stall: {{connecting: 1s, unacknowledged: 1s, zero-window: 1s, close-wait: 1s, not-accepted: 1s, not-reading: 1s}}
    expect: {{state: established, min: 1, for: {wait}}}
'''
STALLS = ('connection-stalled', 'connection-recovered')

SERVE = 'keep.setdefault("l", socket.create_server((%r, 0), backlog=2)).getsockname()[1]'
CONNECT = 'keep.setdefault("c", socket.create_connection((%r, %d))).getsockname()[1]'
ACCEPT = 'keep.setdefault("a", keep["l"].accept()[0]).fileno()'
FILL = 'keep["c"].setblocking(False); [0 for _ in iter(lambda: send(keep["c"]), 0)]; 0'


def now():
    return time.time_ns() // 1000


def sh(command, ns=None):
    subprocess.run(ns.command('sh', '-ec', command) if ns else ['sh', '-ec', command], check=True, timeout=PATIENCE)


class Net:
    """Our own namespace, and another one behind a veth."""

    def __init__(self):
        self.there = Namespace()
        sh(f'ip link add va type veth peer name vb netns {self.there.process.pid}; ip addr add {OURS}/24 dev va; ip link set va up; '
           f'ip route add {BEHIND} via {THEIRS}')
        sh(f'ip addr add {THEIRS}/24 dev vb; ip addr add {BEHIND} dev lo; ip link set vb up; echo 1 >/proc/sys/net/ipv4/ip_forward', self.there)
        link = subprocess.run(self.there.command('ip', '-j', 'link', 'show', 'vb'), check=True, capture_output=True, text=True).stdout
        self.card = json.loads(link)[0]['address']
        self.pass_packets()

    def neighbour(self, card):
        sh(f'ip neigh replace {THEIRS} lladdr {card} dev va nud permanent')

    def drop_packets(self):
        self.neighbour('02:00:00:00:00:99')

    def pass_packets(self):
        self.neighbour(self.card)

    def close(self):
        sh('ip link del va')
        self.there.close()


@pytest.fixture
def net():
    n = Net()
    yield n
    n.close()


@pytest.fixture
def actors():
    made = []

    def make(comm, ns=None):
        made.append(Actor(comm, ns))
        made[-1].do('exec("def send(s):\\n try: return s.send(bytes(65536))\\n except BlockingIOError: return 0", globals())')
        return made[-1]

    yield make
    for a in made:
        a.end()


@pytest.fixture(params=['bpf', 'sock_diag', 'proc'])
def audit(request, tmp_path):
    a = Audit(tmp_path, CONFIG.format(collector=request.param, wait='1h'), None, '--sink=journal')
    a.collector = request.param
    a.cycles(1)
    yield a
    assert a.stop() == 0


def ask(verb, *arguments):
    answer = subprocess.run([SOCKAUDIT, verb, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert '\x1b' not in answer.stdout
    return answer


def ss(port):
    return subprocess.run(['ss', '-tanoiH', 'sport', f'= :{port}'], check=True, capture_output=True, text=True).stdout


def stalled(audit, kind, port, since):
    """It was told to be stuck, once, for the threshold at least, and since after it began."""
    e = audit.next('connection-stalled', LOCAL_PORT=port)
    assert (e['SOCKAUDIT_STALL'], e['PRIORITY']) == (kind, '4')
    assert 10 ** 6 <= int(e['SOCKAUDIT_STALLED']) <= now() - since
    assert int(e['SOCKAUDIT_NOT_AFTER']) >= since, 'told to be older than it is'
    assert len(audit.of('connection-stalled', LOCAL_PORT=port)) == 1
    return e


def recovered(audit, kind, port, since):
    e = audit.next('connection-recovered', LOCAL_PORT=port)
    assert (e['SOCKAUDIT_STALL'], e['PRIORITY']) == (kind, '5')
    assert int(e['SOCKAUDIT_NOT_AFTER']) >= since
    assert len(audit.of(*STALLS, LOCAL_PORT=port)) == 2
    return e


def test_a_peer_that_stops_reading(audit, net, actors):
    server, shipper = actors('server', net.there), actors('shipper')
    port = shipper.do(CONNECT % (THEIRS, server.do(SERVE % THEIRS)))
    server.do(ACCEPT)
    before = now()
    shipper.do(FILL)
    e = stalled(audit, 'zero-window', port, before)
    assert int(e['SOCKAUDIT_SEND_QUEUE']) > 0
    assert 'timer:(persist' in ss(port)
    if audit.collector == 'sock_diag':
        answer = ask('why', shipper.pid)
        assert answer.returncode == 1
        assert f'shipper[{shipper.pid}] cannot send to {THEIRS}:' in answer.stdout and 'its window is zero' in answer.stdout
        assert f'It looks like the other side: its host answers, but server[{server.pid}] does not read.' in answer.stdout
        assert 'Nothing else on this host is connected to it.' in answer.stdout
        assert '1 socket of 1 process, 1 needs a look.' in answer.stdout
    before = now()
    server.do('keep["a"].setblocking(False)')
    deadline = time.monotonic() + PATIENCE
    while not audit.of('connection-recovered') and time.monotonic() < deadline:
        server.do('sum(len(x) for x in iter(lambda: keep["a"].recv(1 << 20) if select.select([keep["a"]], [], [], 0.05)[0] else b"", b""))')
    recovered(audit, 'zero-window', port, before)


@pytest.mark.parametrize('how', ['dropped', 'rejected'])
def test_packets_do_not_arrive(audit, net, actors, how):
    """Dropped without a word, or rejected by ICMP, which an established connection takes for a passing trouble."""
    address = THEIRS if how == 'dropped' else BEHIND
    server, shipper, other = actors('server', net.there), actors('shipper'), actors('other')
    at = server.do(SERVE % address)
    port = shipper.do(CONNECT % (address, at))
    other.do(CONNECT % (address, at))
    before = now()
    if how == 'dropped':
        net.drop_packets()
    else:
        sh(f'ip addr del {BEHIND} dev lo; ip route add unreachable {BEHIND}', net.there)
    shipper.do('keep["c"].send(bytes(1000))')
    other.do('keep["c"].send(bytes(1000))')
    e = stalled(audit, 'unacknowledged', port, before)
    assert e['SOCKAUDIT_SEND_QUEUE'] == '1000'
    assert 'timer:(on' in ss(port)
    if audit.collector == 'sock_diag':
        answer = ask('why', 'shipper')
        assert answer.returncode == 1
        assert f'shipper[{shipper.pid}] cannot send to {address}:{at}' in answer.stdout
        assert ': 1000 bytes wait, and the other side has acknowledged none for at least' in answer.stdout
        assert 'It looks like the path or the other host: nothing has been heard from it for' in answer.stdout
        assert 'Of 1 other connection of this host to it, 1 is stuck, too.' in answer.stdout
        row, = [r for r in json.loads(ask('why', '--json', shipper.pid).stdout) if r.get('local_port') == port]
        assert row['stall'] == 'unacknowledged' and row['stalled_usec'] >= 10 ** 6 and row['timer_retransmits'] >= 1
    before = now()
    if how == 'dropped':
        net.pass_packets()
    else:
        sh(f'ip route del unreachable {BEHIND}; ip addr add {BEHIND} dev lo', net.there)
    recovered(audit, 'unacknowledged', port, before)


def test_a_black_hole(audit, net, actors):
    server, shipper = actors('server', net.there), actors('shipper')
    at = server.do(SERVE % THEIRS)
    net.drop_packets()
    before = now()
    shipper.do(f'keep.setdefault("c", socket.socket()).setblocking(False); keep["c"].connect_ex(({THEIRS!r}, {at}))')
    port = shipper.do('keep["c"].getsockname()[1]')
    e = stalled(audit, 'connecting', port, before)
    assert e['SOCKAUDIT_STATE'] == 'syn-sent'
    assert 'SYN-SENT' in ss(port)
    audit.until(lambda: ask('list', shipper.pid).returncode == 1, 'list that says so')  # its threshold is three seconds
    assert time.time() * 10 ** 6 - before >= 3 * 10 ** 6
    assert 'connecting: ' in ask('list', shipper.pid).stdout
    answer = ask('why', f'{THEIRS}:{at}')
    assert answer.returncode == 1 and f'shipper[{shipper.pid}] cannot connect to {THEIRS}:{at}: no answer for at least' in answer.stdout
    before = now()
    net.pass_packets()
    recovered(audit, 'connecting', port, before)
    assert ask('list', shipper.pid).returncode == 0


def turned_away():
    """ListenOverflows, ListenDrops."""
    names, values = [line.split() for line in Path('/proc/net/netstat').read_text().splitlines() if line.startswith('TcpExt:')]
    found = dict(zip(names, values))
    return int(found['ListenOverflows']), int(found['ListenDrops'])


def test_a_full_backlog(audit, net, actors):
    shipper, client = actors('shipper-server'), actors('client', net.there)
    at = shipper.do(SERVE % OURS)
    before, counted = now(), turned_away()
    for i in range(5):
        client.do(f'keep.setdefault({i}, socket.socket()).setblocking(False); keep[{i}].connect_ex(({OURS!r}, {at}))')
    e = stalled(audit, 'not-accepted', at, before)
    assert int(e['SOCKAUDIT_RECEIVE_QUEUE']) == 3 == int(ss(at).split()[1])
    assert audit.collector == 'proc' or e['SOCKAUDIT_SEND_QUEUE'] == '2'
    after = turned_away()
    assert after[0] > counted[0], 'attempts that found the queue full'
    assert 0 <= int(e["SOCKAUDIT_LISTEN_OVERFLOWS"]) <= after[0] - counted[0] and 0 <= int(e['SOCKAUDIT_LISTEN_DROPS']) <= after[1] - counted[1]
    answer = ask('why', f':{at}')
    assert answer.returncode == 1
    assert f'shipper-server[{shipper.pid}] does not accept on {OURS}:{at}: 3 connections wait in its queue of 2' in answer.stdout
    assert f'It looks like shipper-server[{shipper.pid}] itself.' in answer.stdout
    before = now()
    shipper.do('keep["l"].settimeout(0.2); exec("try:\\n while True: keep.setdefault(len(keep), keep[\'l\'].accept()[0])\\nexcept OSError: pass")')
    recovered(audit, 'not-accepted', at, before)


def test_a_busy_server_is_not_stuck(audit, net, actors):
    """It accepts and reads late, but it does: there is something in its queues at every look."""
    shipper, client = actors('shipper-server'), actors('client', net.there)
    at = shipper.do('keep.setdefault("l", socket.create_server((%r, 0), backlog=50)).getsockname()[1]' % OURS)
    client.do(f'[keep.setdefault(i, socket.create_connection(({OURS!r}, {at}))).send(bytes(50)) for i in range(30)]')
    end = time.monotonic() + 4
    rounds = 0
    while time.monotonic() < end:
        shipper.do(f'keep.setdefault("r{rounds}", keep["l"].accept()[0]).recv(10)')
        client.do(f'keep.setdefault("n{rounds}", socket.create_connection(({OURS!r}, {at}))).send(bytes(50))')
        rounds += 1
        time.sleep(0.02)
    assert rounds > 30 and not audit.of(*STALLS, STALL='not-accepted')


def test_a_reader_that_sleeps(audit, net, actors):
    shipper, client = actors('shipper-reader'), actors('client', net.there)
    at = shipper.do(SERVE % OURS)
    client.do(CONNECT % (OURS, at))
    shipper.do(ACCEPT)
    before = now()
    client.do('keep["c"].send(bytes(500))')
    e = audit.next('connection-stalled', STALL='not-reading')
    assert (e['SOCKAUDIT_RECEIVE_QUEUE'], e['SOCKAUDIT_PID']) == ('500', str(shipper.pid))
    assert 10 ** 6 <= int(e['SOCKAUDIT_STALLED']) <= now() - before
    answer = ask('why', shipper.pid)
    assert answer.returncode == 1 and '500 bytes wait, and none was read for at least' in answer.stdout
    before = now()
    shipper.do('len(keep["a"].recv(500))')
    e = audit.next('connection-recovered', STALL='not-reading')
    assert int(e['SOCKAUDIT_NOT_AFTER']) >= before
    answer = ask('why', shipper.pid)
    assert answer.returncode == 0 and 'Nothing is stuck: nothing that waits stood still for the 1s between two looks.' in answer.stdout


@pytest.mark.parametrize('audit', ['sock_diag'], indirect=True)
def test_a_unix_reader_that_sleeps(audit, actors, tmp_path):
    """/proc/net/unix has no queues."""
    path = str(tmp_path / 'x.sock')
    reader, writer = actors('shipper-reader'), actors('shipper-writer')
    reader.do(f'keep.setdefault("l", socket.socket(socket.AF_UNIX)).bind({path!r}); keep["l"].listen(3)')
    writer.do(f'keep.setdefault("c", socket.socket(socket.AF_UNIX)).connect({path!r})')
    e = audit.next('connection-stalled', STALL='not-accepted', PID=reader.pid)
    assert (e['SOCKAUDIT_LOCAL_PATH'], e['SOCKAUDIT_RECEIVE_QUEUE']) == (path, '1')
    reader.do(ACCEPT)
    audit.next('connection-recovered', STALL='not-accepted')
    writer.do('keep["c"].send(bytes(3000))')
    e = audit.next('connection-stalled', STALL='not-reading', PID=reader.pid)
    assert e['SOCKAUDIT_RECEIVE_QUEUE'] == '3000'
    e = audit.next('connection-stalled', STALL='not-reading', PID=writer.pid)
    assert int(e['SOCKAUDIT_SEND_QUEUE']) >= 3000 and 'SOCKAUDIT_RECEIVE_QUEUE' not in e
    answer = ask('why', path)
    assert answer.returncode == 1
    assert f'shipper-writer[{writer.pid}] has sent what {path} (shipper-reader[{reader.pid}]) does not read' in answer.stdout
    assert f'It looks like shipper-reader[{reader.pid}].' in answer.stdout
    assert f'2.9K from shipper-writer[{writer.pid}] unread' in answer.stdout
    reader.do('len(keep["a"].recv(3000))')
    audit.until(lambda: len(audit.of('connection-recovered', STALL='not-reading')) == 2, 'both ends to recover')


def test_close_wait(audit, net, actors):
    server, shipper = actors('server', net.there), actors('shipper')
    port = shipper.do(CONNECT % (THEIRS, server.do(SERVE % THEIRS)))
    server.do(ACCEPT)
    audit.next('connection-appeared', 'connection-present', LOCAL_PORT=port)
    before = now()
    server.do('keep["a"].close()')
    after = now()
    e = stalled(audit, 'close-wait', port, before)
    assert int(e['SOCKAUDIT_NOT_BEFORE']) <= after and before <= int(e['SOCKAUDIT_NOT_AFTER'])
    assert 'CLOSE-WAIT' in ss(port)
    answer = ask('why', shipper.pid)
    assert answer.returncode == 1
    assert f'closed its connection with shipper[{shipper.pid}] at least' in answer.stdout
    assert f'It looks like shipper[{shipper.pid}] itself.' in answer.stdout
    shipper.do('keep["c"].close()')
    e = audit.next('connection-vanished', LOCAL_PORT=port)
    assert e['SOCKAUDIT_STALL'] == 'close-wait' and int(e['SOCKAUDIT_STALLED']) >= 10 ** 6
    assert not audit.of('connection-recovered')


@pytest.mark.parametrize('collector', ['bpf', 'sock_diag', 'proc'])
def test_a_shipper_that_gave_up(tmp_path, net, actors, collector):
    server, shipper = actors('server', net.there), actors('shipper')
    at = server.do(SERVE % THEIRS)
    audit = Audit(tmp_path, CONFIG.format(collector=collector, wait='1s'))
    try:
        e = audit.next('expectation-unmet')
        assert 'SOCKAUDIT_NOT_BEFORE' not in e and 'SOCKAUDIT_PEER_ADDRESS' not in e
        assert (e['SOCKAUDIT_FOUND'], e['SOCKAUDIT_EXPECTED'], e['SOCKAUDIT_PROCESS_COUNT'], e['SOCKAUDIT_PID']) == ('0', '1', '1', str(shipper.pid))
        port = shipper.do(CONNECT % (THEIRS, at))
        audit.next('expectation-met')
        before = now()
        shipper.do('keep.pop("c").close()')
        after = now()
        audit.until(lambda: len(audit.of('expectation-unmet')) == 2, 'the second time')
        e = audit.of('expectation-unmet')[1]
        assert int(e['SOCKAUDIT_NOT_BEFORE']) <= after and before <= int(e['SOCKAUDIT_NOT_AFTER'])
        assert (e['SOCKAUDIT_LOCAL_PORT'], e['SOCKAUDIT_PEER_PORT']) == (str(port), str(at))
        vanished = audit.next('connection-vanished', LOCAL_PORT=port)
        assert e['SOCKAUDIT_LAST_CONNECTION'] == vanished['SOCKAUDIT_CONNECTION']
        assert e['SOCKAUDIT_LAST_ENDED'] == vanished['SOCKAUDIT_NOT_AFTER']
    finally:
        assert audit.stop() == 0


def journal(**fields):
    """Into the journal, as anybody can; until it is there."""
    subprocess.run(['logger', '--journald'], input=''.join(f'{k}={v}\n' for k, v in fields.items()), text=True, check=True, timeout=PATIENCE)
    subprocess.run(['journalctl', '--sync'], check=True, timeout=PATIENCE)


@pytest.mark.parametrize('audit', ['sock_diag'], indirect=True)
def test_history(audit, net, actors):
    """From the journal, and only what journald says that the service wrote: this daemon runs outside of it."""
    server, shipper = actors('server', net.there), actors('shipper')
    port = shipper.do(CONNECT % (THEIRS, server.do(SERVE % THEIRS)))
    server.do(ACCEPT)
    server.do('keep["a"].close()')
    audit.next('connection-stalled', LOCAL_PORT=port)
    audit.cycles(2)
    subprocess.run(['journalctl', '--sync'], check=True, timeout=PATIENCE)
    message = audit.of('connection-stalled')[0]['MESSAGE']
    answer = ask('why', '--untrusted', '--wait=0', shipper.pid)
    assert 'In the journal, the last 24h, whoever wrote it:' in answer.stdout and message in answer.stdout
    assert message in ask('why', '--untrusted', '--wait=0', 'shipper').stdout
    assert message in ask('why', '--untrusted', '--wait=0', THEIRS).stdout
    assert message not in ask('why', '--untrusted', '--wait=0', server.pid).stdout
    assert message not in ask('why', '--untrusted', '--wait=0', '--since=1us', shipper.pid).stdout
    answer = ask('why', '--wait=0', shipper.pid)
    assert message not in answer.stdout and 'In the journal, the last 24h: nothing from sockauditd; it may not have run.' in answer.stdout

    # Of a process that had the same number before, and with a name that would move the cursor.
    journal(SOCKAUDIT_EVENT='connection-stalled', SOCKAUDIT_PID=shipper.pid, SOCKAUDIT_PROCESS_ENTITY=f'0-{shipper.pid}-1', MESSAGE='another')
    journal(SOCKAUDIT_EVENT='connection-failed', SOCKAUDIT_COMM='shipper', SOCKAUDIT_PID=1, MESSAGE='hostile \x1b[2J')
    assert 'another' not in ask('why', '--untrusted', '--wait=0', shipper.pid).stdout
    assert r'hostile \x1b[2J' in ask('why', '--untrusted', '--wait=0', 'shipper').stdout


class Service:
    """A control group of the name that the unit of the daemon has, which is where journald takes _SYSTEMD_UNIT from."""

    def __init__(self):
        root, = [m.split()[1] for m in Path('/proc/mounts').read_text().splitlines() if m.split()[2] == 'cgroup2']
        self.slice = Path(root) / f'sockaudittest{os.getpid()}{time.time_ns()}.slice'
        self.group = self.slice / 'sockauditd.service'
        self.group.mkdir(parents=True)

    def command(self, *command):
        return ['sh', '-ec', f'echo $$ >{self.group}/cgroup.procs; exec "$@"', 'sh', *map(str, command)]

    def close(self):
        self.group.rmdir()
        self.slice.rmdir()


def test_history_of_the_service(tmp_path, net, actors):
    service = Service()
    server, shipper = actors('server', net.there), actors('shipper')
    audit = Audit(tmp_path, CONFIG.format(collector='sock_diag', wait='1h'), service, '--sink=journal')
    try:
        port = shipper.do(CONNECT % (THEIRS, server.do(SERVE % THEIRS)))
        server.do(ACCEPT)
        server.do('keep["a"].close()')
        message = audit.next('connection-stalled', LOCAL_PORT=port)['MESSAGE']
        journal(SOCKAUDIT_EVENT='connection-stalled', SOCKAUDIT_PID=shipper.pid, SOCKAUDIT_COMM='shipper', MESSAGE='forged')
        audit.until(lambda: message in ask('why', '--wait=0', 'shipper').stdout, 'event in the journal')
        assert 'forged' not in ask('why', '--wait=0', 'shipper').stdout
        assert 'forged' in ask('why', '--wait=0', '--untrusted', 'shipper').stdout
        assert 'In the journal, the last 24h: no trouble with it.' in ask('why', '--wait=0', server.pid).stdout
    finally:
        assert audit.stop() == 0
        service.close()


def test_usage():
    for arguments in [], ['--wait=2m', '1'], ['--since=x', '1'], ['--nope', '1'], ['--wait'], ['10.0.0.1/8']:
        answer = ask('why', *arguments)
        assert (answer.returncode, answer.stdout) == (2, '') and 'sockaudit why --help' in answer.stderr
    answer = ask('why', '--help')
    assert answer.returncode == 0 and max(map(len, answer.stdout.splitlines())) <= 80
    answer = ask('why', '--wait=0', '--since=0', 4194300)
    assert (answer.returncode, answer.stderr) == (1, 'sockaudit: 4194300: no process matches\n')
