# SPDX-License-Identifier: MIT
"""The daemon as its manager sees it: options, signals, reload, sd_notify, the watchdog, and what it does when it is held up. Events
come as JSON on its standard output."""

import json
import os
import queue
import re
import resource
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

DAEMON = Path(os.environ['BUILD_DIR']) / 'src/sockauditd'
PATIENCE = 30 * int(os.environ.get('SLOWNESS', 1))  # seconds: a bound for what must happen, not a delay
ME = f'tester-{os.getpid()}'  # nobody else has this name
Path('/proc/self/comm').write_text(ME)

CONFIG = f'interval: 100ms\nwatch:\n  - name: me\n    match: {{comm: "{ME}"}}\n    sockets: {{transport: tcp}}\n'


class Daemon:
    def __init__(self, directory, config=CONFIG, *options, env=None):
        self.config = directory / 'sockaudit.yaml'
        self.config.write_text(config)
        self.process = subprocess.Popen([DAEMON, f'--config={self.config}', '--sink=json', *options], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **(env or {})})
        self.events, self.said = queue.Queue(), []
        self.seen = []
        for stream, take in ((self.process.stdout, self.take_event), (self.process.stderr, self.said.append)):
            threading.Thread(target=lambda s=stream, t=take: [t(line) for line in s], daemon=True).start()

    def take_event(self, line):
        self.events.put(json.loads(line))

    def next(self, kind, **fields):
        """The next event of this kind with these fields; what comes before it is kept in `seen`."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                e = self.events.get(timeout=PATIENCE)
            except queue.Empty:
                break
            self.seen.append(e)
            if e['SOCKAUDIT_EVENT'] == kind and all(e.get(f'SOCKAUDIT_{k}') == str(v) for k, v in fields.items()):
                return e
        pytest.fail(f'no {kind} {fields}; seen {[e["MESSAGE"] for e in self.seen]}; said {self.said}')

    def said_something_like(self, pattern):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if any(re.search(pattern, line) for line in self.said):
                return True
            time.sleep(0.01)
        pytest.fail(f'never said {pattern}: {self.said}')

    def cpu(self):
        """Seconds of CPU time so far."""
        fields = Path(f'/proc/{self.process.pid}/stat').read_text().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        if self.process.poll() is None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@pytest.fixture
def daemon(tmp_path):
    running = []

    def start(*arguments, **keywords):
        running.append(Daemon(tmp_path, *arguments, **keywords))
        return running[-1]

    yield start
    for d in running:
        d.stop()


@pytest.fixture
def listener():
    with socket.create_server(('127.0.0.1', 0)) as s:
        yield s


def test_starts_tells_and_stops(daemon, listener):
    d = daemon()
    started = d.next('audit-started', SEQ=1, COLLECTOR='bpf')
    assert 'me' in started['SOCKAUDIT_RULES']
    d.next('process-matched', PID=os.getpid())
    d.next('listener-present', LOCAL_PORT=listener.getsockname()[1], PID=os.getpid(), FD=listener.fileno())
    assert d.stop() == 0
    stopped = d.next('audit-stopped')
    pid, uid, comm = stopped['SOCKAUDIT_STOPPED_BY'].split('/')
    assert (int(pid), int(uid), comm) == (os.getpid(), os.getuid(), ME)
    assert [int(e['SOCKAUDIT_SEQ']) for e in d.seen] == list(range(1, len(d.seen) + 1))
    assert len({e['SOCKAUDIT_RUN'] for e in d.seen}) == 1


def test_appeared_and_vanished_are_bounded(daemon, listener):
    d = daemon()
    d.next('listener-present')
    before = time.time_ns() // 1000
    client = socket.create_connection(listener.getsockname())
    after = time.time_ns() // 1000
    e = d.next('connection-appeared', LOCAL_PORT=client.getsockname()[1])
    assert int(e['SOCKAUDIT_NOT_BEFORE']) <= after and before <= int(e['SOCKAUDIT_NOT_AFTER'])
    assert int(e['SOCKAUDIT_NOT_AFTER']) - int(e['SOCKAUDIT_NOT_BEFORE']) < 20_000_000
    server, _ = listener.accept()
    server.close()
    client.close()
    closed = time.time_ns() // 1000
    v = d.next('connection-vanished', CONNECTION=e['SOCKAUDIT_CONNECTION'])
    assert int(v['SOCKAUDIT_NOT_BEFORE']) <= closed


def test_sigint_stops_as_well(daemon):
    d = daemon()
    d.next('audit-started')
    d.signal(signal.SIGINT)
    assert d.process.wait(PATIENCE) == 0
    d.next('audit-stopped')


def test_reload(daemon, listener):
    with socket.create_connection(listener.getsockname()) as client:
        d = daemon(CONFIG.replace('sockets: {transport: tcp}', 'sockets: {transport: udp}'))
        d.next('process-matched')
        d.config.write_text(CONFIG)
        d.signal(signal.SIGHUP)
        d.next('audit-reloaded')
        # It was there before the new rule was: present, not appeared.
        e = d.next('connection-present', LOCAL_PORT=client.getsockname()[1])
        assert 'SOCKAUDIT_NOT_BEFORE' not in e
        assert int(e['SOCKAUDIT_PEER_PORT']) == listener.getsockname()[1]
        if not any(s.get('SOCKAUDIT_PEER_PORT') == e['SOCKAUDIT_LOCAL_PORT'] for s in d.seen):
            d.next('connection-present', PEER_PORT=client.getsockname()[1])
    assert not any(e['SOCKAUDIT_EVENT'].endswith('-vanished') for e in d.seen)


def test_reload_without_change_tells_nothing_twice(daemon, listener):
    d = daemon()
    d.next('listener-present')
    d.signal(signal.SIGHUP)
    d.next('audit-reloaded')
    with socket.create_connection(listener.getsockname()):
        d.next('connection-appeared')
    kinds = [e['SOCKAUDIT_EVENT'] for e in d.seen]
    assert kinds.count('listener-present') == 1 and kinds.count('process-matched') == 1 and 'process-gone' not in kinds


def test_reload_that_moves_a_rule(daemon, listener):
    """What was told belongs to a rule by its name: neither another number nor a shorter list changes that."""
    other = '  - name: other\n    match: {comm: nobody}\n'
    d = daemon(CONFIG.replace('watch:\n', 'watch:\n' + other))
    d.next('listener-present', RULE='me')
    for config in (CONFIG, CONFIG + other, CONFIG.replace('watch:\n', 'watch:\n' + other)):
        d.config.write_text(config)
        d.signal(signal.SIGHUP)
        d.next('audit-reloaded')
        with socket.create_connection(listener.getsockname()) as client:
            e = d.next('connection-appeared', LOCAL_PORT=client.getsockname()[1])
            assert e['SOCKAUDIT_RULE'] == 'me'
    kinds = [e['SOCKAUDIT_EVENT'] for e in d.seen]
    assert kinds.count('listener-present') == 1 and kinds.count('process-matched') == 1 and 'process-gone' not in kinds
    assert d.stop() == 0


def test_reload_of_what_is_no_rule(daemon):
    d = daemon('cmdline: full\n' + CONFIG)
    assert 'SOCKAUDIT_CMDLINE' in d.next('process-matched', PID=os.getpid())
    d.config.write_text('limits: {queue: 1M}\ncmdline: off\n' + CONFIG)
    d.signal(signal.SIGHUP)
    d.next('audit-reloaded')
    d.said_something_like('read at start only')
    # From now on no event carries a command line.
    child = subprocess.Popen(['sleep', '600'])
    try:
        # It may be seen before it has become another program.
        assert 'SOCKAUDIT_CMDLINE' not in d.next('process-matched', PID=child.pid)
    finally:
        child.kill()
        child.wait()


def test_reload_that_looks_at_less(daemon, listener):
    """What no rule can tell any more is forgotten without an event; when a rule is back, it is there as what was before."""
    d = daemon()
    d.next('listener-present')
    with socket.create_connection(listener.getsockname()) as client:
        told = d.next('connection-appeared', LOCAL_PORT=client.getsockname()[1])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind(('127.0.0.1', 0))
            udp.connect(udp.getsockname())
            d.config.write_text(CONFIG.replace('transport: tcp', 'transport: udp'))
            d.signal(signal.SIGHUP)
            d.next('audit-reloaded')
            d.next('connection-present', LOCAL_PORT=udp.getsockname()[1])  # the first look at udp
        d.config.write_text(CONFIG)
        d.signal(signal.SIGHUP)
        d.next('audit-reloaded')
        d.next('connection-present', CONNECTION=told['SOCKAUDIT_CONNECTION'])
    assert not any(e['SOCKAUDIT_EVENT'].endswith('vanished') and e.get('SOCKAUDIT_TRANSPORT') == 'tcp' for e in d.seen)


def test_bad_reload_keeps_the_old_rules(daemon, listener):
    d = daemon()
    d.next('listener-present')
    d.config.write_text('watch:\n  - nmae: x\n')
    d.signal(signal.SIGHUP)
    d.said_something_like(r"sockaudit.yaml:2:5: watch\[0\]: unknown key 'nmae'")
    d.said_something_like('stays in force')
    with socket.create_connection(listener.getsockname()):
        d.next('connection-appeared')
    assert not any(e['SOCKAUDIT_EVENT'] == 'audit-reloaded' for e in d.seen)


def test_bad_configuration_at_start(daemon):
    d = daemon('watch: 7\n')
    assert d.process.wait(PATIENCE) == 2
    d.said_something_like(r'sockaudit.yaml:1:8: watch: ')


def test_once(daemon, listener):
    d = daemon(CONFIG, '--once')
    assert d.process.wait(PATIENCE) == 0
    d.next('listener-present')
    d.next('audit-stopped')


def test_held_up(daemon):
    d = daemon('cpu_max: 100%\n' + CONFIG)
    d.next('audit-started')
    d.next('process-matched')
    stopped = time.time_ns() // 1000
    d.signal(signal.SIGSTOP)
    time.sleep(3)  # the span that must be told
    d.signal(signal.SIGCONT)
    while True:
        gap = d.next('audit-gap', GAP_REASON='cycle-missed')
        if int(gap['SOCKAUDIT_NOT_AFTER']) > stopped + 3_000_000:
            break  # others are those of a busy machine
    assert int(gap['SOCKAUDIT_GAP_COUNT']) >= 10
    assert int(gap['SOCKAUDIT_NOT_AFTER']) - int(gap['SOCKAUDIT_NOT_BEFORE']) >= 1_000_000


@pytest.fixture
def hoards():
    """Three processes with 18,000 sockets each: the kernel alone takes longer than 100 ms to name them."""
    children = []
    ready, done = os.pipe()
    for _ in range(3):
        child = os.fork()
        if child == 0:
            resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
            kept = [socket.socketpair() for _ in range(9000)]
            os.write(done, b'.')
            signal.pause()
            os._exit(len(kept))
        children.append(child)
    for _ in children:
        assert os.read(ready, 1) == b'.'
    yield
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    os.close(ready)
    os.close(done)


def test_looks_that_take_too_long(daemon, hoards):
    """Told when it begins and when it is over, and the next look comes later, so that cpu_max holds."""
    d = daemon(CONFIG.replace('transport: tcp', 'family: unix').replace('interval', 'cpu_max: 20%\ninterval'))
    first = d.next('audit-gap', GAP_REASON='cycle-missed')
    assert int(first['SOCKAUDIT_GAP_COUNT']) >= 1
    assert int(first['SOCKAUDIT_NOT_AFTER']) - int(first['SOCKAUDIT_NOT_BEFORE']) > 100_000
    d.said_something_like('a look took [0-9]+ ms, longer than the interval of 100 ms')
    d.said_something_like('a look every 100 ms would take more of a processor than cpu_max: the next one is in [0-9]+ ms')
    one_look = d.cpu()
    time.sleep(5)
    assert d.cpu() - one_look < 0.2 * 5 + one_look
    assert d.stop() == 0
    d.next('audit-stopped')
    # A second episode may follow, where the machine is busy; but no look has one of its own.
    assert sum(e.get('SOCKAUDIT_GAP_REASON') == 'cycle-missed' for e in d.seen) <= 4


class Supervisor:
    """What systemd is to a Type=notify service."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(PATIENCE)
        self.got = []

    def next(self, pattern):
        while True:
            for line in self.socket.recv(4096).decode().splitlines():
                self.got.append(line)
            if any(re.fullmatch(pattern, line) for line in self.got):
                return self.got


def test_notify_and_watchdog(daemon, tmp_path):
    supervisor = Supervisor(tmp_path / 'notify')
    d = daemon(CONFIG, env={'NOTIFY_SOCKET': str(tmp_path / 'notify'), 'WATCHDOG_USEC': '400000'})
    supervisor.next('READY=1')
    supervisor.next(r'STATUS=\d+ sockets of [1-9]\d* matching processes in 1 namespaces by bpf, last look took \d+ ms')
    supervisor.got.clear()
    supervisor.next('WATCHDOG=1')
    supervisor.got.clear()
    d.signal(signal.SIGHUP)
    got = supervisor.next('READY=1')
    assert 'RELOADING=1' in got and any(line.startswith('MONOTONIC_USEC=') for line in got)
    d.signal(signal.SIGTERM)
    supervisor.next('STOPPING=1')
    assert d.process.wait(PATIENCE) == 0


def test_reader_that_does_not_read(daemon, tmp_path):
    """Events that do not fit are counted, and told when the reader is back."""
    config = CONFIG.replace('interval: 100ms', 'interval: 100ms\nlimits: {queue: 64K}')
    (tmp_path / 'sockaudit.yaml').write_text(config)
    d = subprocess.Popen([DAEMON, f'--config={tmp_path}/sockaudit.yaml', '--sink=json'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    pairs = []
    with socket.create_server(('127.0.0.1', 0), backlog=500) as s:
        d.stdout.readline()
        for _ in range(400):
            c = socket.create_connection(s.getsockname())
            pairs.append((c, s.accept()[0]))
        events = []
        while not any(e['SOCKAUDIT_EVENT'] == 'audit-lost' for e in events):
            # 800 events of about a kilobyte are more than a pipe and the queue hold.
            if not events:
                time.sleep(2)
            events.append(json.loads(d.stdout.readline()))
        lost = events[-1]
        d.terminate()
        events += [json.loads(line) for line in d.stdout]
    assert d.wait(PATIENCE) == 0
    seqs = [int(e['SOCKAUDIT_SEQ']) for e in events]
    first, last = int(lost['SOCKAUDIT_LOST_FIRST_SEQ']), int(lost['SOCKAUDIT_LOST_LAST_SEQ'])
    missing = set(range(seqs[0], seqs[-1] + 1)) - set(seqs)
    assert missing and all(first <= m <= last for m in missing) and len(missing) == int(lost['SOCKAUDIT_LOST_COUNT'])
    assert lost['SOCKAUDIT_SINK'] == 'json'


@pytest.mark.parametrize('arguments', [['--sink=syslog'], ['--log-level=loud'], ['--nonsense'], ['extra']])
def test_usage(arguments):
    r = subprocess.run([DAEMON, *arguments], capture_output=True, text=True, timeout=PATIENCE)
    assert r.returncode == 2 and r.stdout == '' and r.stderr != ''


def test_nobody_reads(tmp_path):
    (tmp_path / 'sockaudit.yaml').write_text(CONFIG)
    d = subprocess.Popen([DAEMON, f'--config={tmp_path}/sockaudit.yaml', '--sink=text'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    d.stdout.close()
    assert d.wait(PATIENCE) == 1
    assert 'nobody reads standard output any more' in d.stderr.read()
    d.stderr.close()
