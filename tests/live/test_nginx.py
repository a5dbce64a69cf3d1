# SPDX-License-Identifier: MIT
"""Debian's nginx with two workers, audited by the real daemon into a real journal.

Runs inside tests/journald/with-journald and in network and pid namespaces of its own (tests/live/meson.build). The tests tell
one story, in order: nginx runs, clients come and go, a worker hangs, a worker is killed, nginx is restarted, the daemon is
stopped. What really happened is known from here (nginx answers with the pid of its worker), so every event can be held against it.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

BUILD = Path(os.environ['BUILD_DIR'])
ADDRESS, PORT = '127.0.0.1', 8080
PATIENCE = 30 * int(os.environ.get('SLOWNESS', 1))  # seconds: a bound for what must happen, not a delay

NGINX = '''
daemon off;
user www-data;
worker_processes 2;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    keepalive_timeout 600s;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:8080;
        location / {{ return 200 "$pid"; }}
    }}
}}
'''

CONFIG = '''
interval: 200ms
watch:
  - name: web
    match: {comm: nginx}
'''


def now():
    return time.time_ns() // 1000


def until(what, question):
    """Ask until the answer is true; fail with `what` when patience ends."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = question()
        if answer:
            return answer
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


class Event(dict):
    """One entry of the journal: fields without the prefix SOCKAUDIT_."""

    def __init__(self, entry):
        super().__init__((name.removeprefix('SOCKAUDIT_'), value) for name, value in entry.items())

    def bounds(self):
        return int(self.get('NOT_BEFORE', 0)), int(self['NOT_AFTER'])


def journal():
    subprocess.run(['journalctl', '--sync'], check=True)
    lines = subprocess.run(['journalctl', '--all', '-o', 'json', 'SYSLOG_IDENTIFIER=sockaudit'],
                           check=True, capture_output=True, text=True).stdout.splitlines()
    return sorted((Event(json.loads(line)) for line in lines), key=lambda e: int(e['SEQ']))


def find(kind, **fields):
    return [e for e in journal() if e['EVENT'] == kind and all(e.get(k) == str(v) for k, v in fields.items())]


def wait_for(kind, count=1, **fields):
    """Exactly `count` events of a kind; the only one itself."""
    found = until(f'{count} of {kind} with {fields}', lambda: (f := find(kind, **fields)) and len(f) >= count and f)
    assert len(found) == count, found
    return found[0] if count == 1 else found


def assert_happened(event, earliest, latest):
    """The event's bounds hold an instant that lies between these two, and are no wider than a few looks."""
    not_before, not_after = event.bounds()
    assert 'NOT_BEFORE' in event
    assert not_before <= latest
    assert not_after >= earliest
    assert 0 <= not_after - not_before < 5_000_000


class Nginx:
    def __init__(self, directory):
        self.configuration = directory / 'nginx.conf'
        self.configuration.write_text(NGINX.format(directory=directory))
        self.start()

    def start(self):
        self.process = subprocess.Popen(['/usr/sbin/nginx', '-c', self.configuration, '-e', 'stderr'])
        self.master = self.process.pid
        until('nginx answers', self.answers)

    def answers(self):
        try:
            Client().close()
        except OSError:
            return False
        return len(self.workers()) == 2

    def workers(self):
        children = Path(f'/proc/{self.master}/task/{self.master}/children').read_text().split()
        # A child that has just been forked is no worker before it says so; and one may be gone by now.
        return [int(pid) for pid in children if b'worker' in self.cmdline(pid)]

    @staticmethod
    def cmdline(pid):
        try:
            return Path(f'/proc/{pid}/cmdline').read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return b''

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)


class Client:
    """A connection that nginx keeps alive, and the worker that serves it."""

    def __init__(self):
        self.http = http.client.HTTPConnection(ADDRESS, PORT, timeout=PATIENCE)
        self.earliest = now()
        self.http.connect()
        self.latest = now()
        self.port = self.http.sock.getsockname()[1]
        self.http.request('GET', '/')
        self.worker = int(self.http.getresponse().read())

    def close(self):
        self.http.close()

    def at_end(self):
        """nginx has closed its side."""
        return self.http.sock.recv(1) == b''


def server_state(client):
    """State of nginx's end, as a number of the kernel; None: gone. TIME_WAIT is gone."""
    for line in Path('/proc/net/tcp').read_text().splitlines()[1:]:
        columns = line.split()
        local, peer, state = (int(columns[i].split(':')[-1], 16) for i in (1, 2, 3))
        if (local, peer) == (PORT, client.port) and state != 6:
            return state
    return None


def client_of(worker, workers):
    """A client that this worker serves: the others are stopped while it connects."""
    others = [w for w in workers if w != worker]
    for other in others:
        os.kill(other, signal.SIGSTOP)
        until('stopped', lambda o=other: ' (nginx) T ' in Path(f'/proc/{o}/stat').read_text())
    try:
        client = Client()
    finally:
        for other in others:
            os.kill(other, signal.SIGCONT)
    assert client.worker == worker
    return client


class Daemon:
    def __init__(self, directory):
        configuration = directory / 'sockaudit.yaml'
        configuration.write_text(CONFIG)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(directory / 'notify'))
            notify.settimeout(PATIENCE)
            self.process = subprocess.Popen([BUILD / 'src/sockauditd', f'--config={configuration}', '--sink=journal'],
                                            env={**os.environ, 'NOTIFY_SOCKET': str(directory / 'notify')})
            while b'READY=1' not in notify.recv(4096).split(b'\n'):
                pass

    def stop(self):
        self.process.terminate()
        return self.process.wait(PATIENCE)


@pytest.fixture(scope='module')
def directory():
    with tempfile.TemporaryDirectory(prefix='sockaudit-nginx-') as path:
        os.chmod(path, 0o755)
        yield Path(path)


@pytest.fixture(scope='module')
def nginx(directory):
    nginx = Nginx(directory)
    yield nginx
    nginx.stop()


@pytest.fixture(scope='module')
def early(nginx):
    """A client from before the daemon looked first."""
    client = Client()
    yield client
    client.close()


@pytest.fixture(scope='module')
def daemon(nginx, early, directory):
    daemon = Daemon(directory)
    yield daemon
    if daemon.process.poll() is None:
        daemon.stop()


@pytest.fixture(autouse=True)
def daemon_lives(daemon):
    yield
    assert daemon.process.poll() in (None, 0)


def test_what_was_there_is_present(nginx, early):
    listener = wait_for('listener-present')
    assert (listener['LOCAL_ADDRESS'], listener['LOCAL_PORT'], listener['TRANSPORT']) == (ADDRESS, str(PORT), 'tcp')
    assert (listener['PID'], listener['COMM'], listener['STATE']) == (str(nginx.master), 'nginx', 'listening')
    assert listener['HOLDER_COUNT'] == '3'
    assert sorted(int(h.split('/')[0]) for h in listener['HOLDER']) == sorted([nginx.master, *nginx.workers()])
    assert 'NOT_BEFORE' not in listener

    connection = wait_for('connection-present', PEER_PORT=early.port)
    assert connection['PID'] == str(early.worker)
    assert connection['STATE'] == 'established'
    assert 'NOT_BEFORE' not in connection
    assert find('connection-appeared', PEER_PORT=early.port) == []


def test_processes_carry_their_evidence(nginx):
    matched = wait_for('process-matched', count=3)
    assert {e['PID'] for e in matched} == {str(p) for p in (nginx.master, *nginx.workers())}
    for event in matched:
        assert (event['EXE'], event['RULE']) == ('/usr/sbin/nginx', 'web')
        assert event['UID'] == ('0' if event['PID'] == str(nginx.master) else str(Path(f"/proc/{event['PID']}").stat().st_uid))
    assert {e['PARENT_PID'] for e in matched if e['PID'] != str(nginx.master)} == {str(nginx.master)}


def test_a_client_comes_and_goes():
    client = Client()
    appeared = wait_for('connection-appeared', PEER_PORT=client.port)
    assert_happened(appeared, client.earliest, client.latest)
    assert (appeared['PID'], appeared['COMM'], appeared['RULE']) == (str(client.worker), 'nginx', 'web')
    assert (appeared['FAMILY'], appeared['TRANSPORT'], appeared['STATE']) == ('ipv4', 'tcp', 'established')
    assert (appeared['LOCAL_ADDRESS'], appeared['LOCAL_PORT'], appeared['PEER_ADDRESS']) == (ADDRESS, str(PORT), ADDRESS)
    assert appeared['DIRECTION'] == 'ingress'
    inode = os.readlink(f"/proc/{client.worker}/fd/{appeared['FD']}")
    assert inode == f"socket:[{appeared['INODE']}]"
    assert appeared['MESSAGE'] == (f"nginx[{client.worker}] appeared: tcp {ADDRESS}:{PORT} <- {ADDRESS}:{client.port} "
                                   f'python3[{os.getpid()}] established (rule web)')

    earliest = now()
    client.close()
    until("nginx's end is gone", lambda: server_state(client) is None)
    vanished = wait_for('connection-vanished', CONNECTION=appeared['CONNECTION'])
    assert_happened(vanished, earliest, now())
    assert vanished['PID'] == str(client.worker)
    assert vanished['PEER_PORT'] == str(client.port)


def test_a_worker_that_hangs_leaves_close_wait(nginx):
    client = Client()
    connection = wait_for('connection-appeared', PEER_PORT=client.port)['CONNECTION']
    os.kill(client.worker, signal.SIGSTOP)
    try:
        earliest = now()
        client.close()
        until('close-wait', lambda: server_state(client) == 8)
        latest = now()
        changed = wait_for('connection-changed', CONNECTION=connection)
        assert_happened(changed, earliest, latest)
        assert (changed['CHANGED'], changed['PREVIOUS_STATE'], changed['STATE']) == ('state', 'established', 'close-wait')
        assert changed['PID'] == str(client.worker)
        assert find('connection-vanished', CONNECTION=connection) == []
        earliest = now()
    finally:
        os.kill(client.worker, signal.SIGCONT)
    until("nginx's end is gone", lambda: server_state(client) is None)
    assert_happened(wait_for('connection-vanished', CONNECTION=connection), earliest, now())


def test_a_killed_worker_takes_its_connections_and_no_others(nginx):
    workers = nginx.workers()
    victim, other = early_worker_last(workers)
    mine, others = client_of(victim, workers), client_of(other, workers)
    lost = wait_for('connection-appeared', PEER_PORT=mine.port)
    kept = wait_for('connection-appeared', PEER_PORT=others.port)
    assert (lost['PID'], kept['PID']) == (str(victim), str(other))

    earliest = now()
    os.kill(victim, signal.SIGKILL)
    assert mine.at_end()
    until('a new worker', lambda: len(nginx.workers()) == 2 and victim not in nginx.workers())
    latest = now()
    new, = set(nginx.workers()) - {other}

    assert_happened(wait_for('process-gone', PID=victim), earliest, latest)
    assert wait_for('process-matched', PID=new)['PARENT_PID'] == str(nginx.master)
    vanished = wait_for('connection-vanished', CONNECTION=lost['CONNECTION'])
    assert_happened(vanished, earliest, now())
    assert vanished['PID'] == str(victim)

    # Another client comes and goes: looks have been taken since, and the other worker's connection is still there.
    marker = Client()
    appeared = wait_for('connection-appeared', PEER_PORT=marker.port)
    marker.close()
    wait_for('connection-vanished', CONNECTION=appeared['CONNECTION'])
    assert server_state(others) == 1
    assert find('connection-vanished', CONNECTION=kept['CONNECTION']) == []
    assert find('listener-vanished') == []
    assert find('process-gone', PID=other) == find('process-gone', PID=nginx.master) == []

    mine.close()
    others.close()
    wait_for('connection-vanished', CONNECTION=kept['CONNECTION'])


def early_worker_last(workers):
    """The worker that serves the early client is the last to be killed."""
    spared = int(find('connection-present')[0]['PID'])
    return sorted(workers, key=lambda w: w == spared)


def test_a_restart_is_told_as_one(nginx, early):
    client = Client()
    connection = wait_for('connection-appeared', PEER_PORT=client.port)['CONNECTION']
    old = {nginx.master, *nginx.workers()}
    earliest = now()
    nginx.stop()
    stopped = now()
    nginx.start()
    new = {nginx.master, *nginx.workers()}

    for pid in old:
        assert_happened(wait_for('process-gone', PID=pid), earliest, stopped)
    for pid in new:
        wait_for('process-matched', PID=pid)
    assert_happened(wait_for('listener-vanished'), earliest, stopped)
    listener = wait_for('listener-appeared')
    assert_happened(listener, stopped, now())
    assert (listener['PID'], listener['LOCAL_PORT']) == (str(nginx.master), str(PORT))
    present = find('connection-present', PEER_PORT=early.port)[0]
    for identity in connection, present['CONNECTION']:
        assert_happened(wait_for('connection-vanished', CONNECTION=identity), earliest, now())
    client.close()


def test_the_story_is_whole(daemon):
    """Last: stops the daemon, then looks at everything it told."""
    assert daemon.stop() == 0
    told = journal()
    kinds = [e['EVENT'] for e in told]
    assert kinds.count('audit-started') == kinds.count('audit-stopped') == 1
    assert kinds[-1] == 'audit-stopped'
    assert [int(e['SEQ']) for e in told] == list(range(1, len(told) + 1))
    assert len({e['RUN'] for e in told}) == 1
    assert [e['MESSAGE'] for e in told if e['EVENT'] in ('audit-gap', 'audit-lost')] == []

    living = {}
    for event in told:
        not_before, not_after = event.bounds()
        assert not_before <= not_after <= int(event['__REALTIME_TIMESTAMP']) + 1000
        assert (event['_UID'], event['SYSLOG_FACILITY']) == ('0', '13')
        kind, _, change = event['EVENT'].rpartition('-')
        if kind not in ('connection', 'listener') or change in ('missed', 'summary'):
            continue
        identity = event['CONNECTION']
        if change in ('present', 'appeared'):
            assert identity not in living
            living[identity] = event
        elif change == 'vanished':
            first = living.pop(identity)
            for name in 'TRANSPORT', 'LOCAL_ADDRESS', 'LOCAL_PORT', 'PEER_ADDRESS', 'PEER_PORT':
                assert event.get(name) == first.get(name)
        elif change == 'changed':
            assert identity in living
        elif change == 'completed':
            assert identity not in living
    # What is left is what nginx still holds: the listener, and the sockets between its processes.
    assert {e.get('LOCAL_PORT') for e in living.values() if e['EVENT'].startswith('listener')} == {str(PORT)}
    assert {e['TRANSPORT'] for e in living.values() if e['EVENT'].startswith('connection')} <= {'stream'}
