# SPDX-License-Identifier: MIT
"""PostgreSQL with pgbench, Redis with redis-benchmark, nginx with wrk, and sshd, as Debian has them, in namespaces of their own: what the
daemon and `sockaudit list` say of their connections, against what the servers count themselves (sshd, which counts nothing: against ss)."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from audit import BUILD, Audit

PATIENCE = 30 * int(os.environ.get('SLOWNESS', 1))  # seconds: a bound for what must happen, not a delay
ROOM = '/tmp'  # other users must get there

CONFIG = '''
interval: 200ms
watch:
  - name: server
    match: {{comm: [{comm}]}}
    sockets: {{family: [ipv4, ipv6, unix]}}
'''


def until(what, question):
    end = time.monotonic() + PATIENCE
    while True:
        answer = question()
        if answer:
            return answer
        assert time.monotonic() < end, what
        time.sleep(0.05)


def output(*command, **options):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, timeout=PATIENCE, **options).stdout


def listed(comm, **fields):
    """Rows of `sockaudit list`: a row a holder."""
    answer = subprocess.run([BUILD / 'src/sockaudit', 'list', '--json', comm], capture_output=True, text=True, timeout=PATIENCE, check=False)
    return [r for r in json.loads(answer.stdout) if all(r.get(k) == v for k, v in fields.items())]


def answers(port):
    try:
        socket.create_connection(('127.0.0.1', port)).close()
        return True
    except ConnectionRefusedError:
        return False


@contextmanager
def running(*command, stop=signal.SIGTERM, **options):
    process = subprocess.Popen(list(map(str, command)), **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(stop)
        process.wait(PATIENCE)


@pytest.fixture
def room():
    path = Path(tempfile.mkdtemp(dir=ROOM))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def audit(tmp_path):
    started = []

    def start(comm):
        started.append(Audit(tmp_path, CONFIG.format(comm=comm)))
        started[-1].cycles(1)
        return started[-1]

    yield start
    for a in started:
        assert a.stop() == 0


def ends_of(a, comm, *kinds):
    """What events say: (pid, port of the other side) of each connection of a program over TCP."""
    return sorted((int(e['SOCKAUDIT_PID']), int(e['SOCKAUDIT_PEER_PORT'])) for e in a.of(*kinds, COMM=comm, TRANSPORT='tcp'))


# --- PostgreSQL ------------------------------------------------------------------------------------------

POSTGRES = sorted(Path('/usr/lib/postgresql').glob('*/bin'))[-1]
CLIENTS = 8


def as_postgres(*command):
    return ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', *map(str, command)]


@contextmanager
def postgres(room):
    shutil.chown(room, 'postgres')
    output(*as_postgres(POSTGRES / 'initdb', '-D', room / 'data', '-A', 'trust', '--no-sync'))
    with running(*as_postgres(POSTGRES / 'postgres', '-D', room / 'data', '-k', room, '-p', 5433, '-c', 'fsync=off', '-h', '127.0.0.1'),
                 stderr=subprocess.DEVNULL, stop=signal.SIGINT) as master:
        until('PostgreSQL', lambda: subprocess.run([*as_postgres(POSTGRES / 'pg_isready', '-h', room, '-p', 5433)], check=False,
                                                   stdout=subprocess.DEVNULL).returncode == 0)
        output(*as_postgres(POSTGRES / 'pgbench', '-h', room, '-p', 5433, '-i', '-q', 'postgres'))
        yield master


def backends(room):
    """(pid, port of the client; -1 over a unix socket) of each client of pgbench, as PostgreSQL tells."""
    rows = output(*as_postgres(POSTGRES / 'psql', '-h', room, '-p', 5433, '-At', '-F', ' ', '-c',
                               "select pid, client_port from pg_stat_activity where application_name = 'pgbench'", 'postgres'))
    return sorted(tuple(map(int, line.split())) for line in rows.splitlines())


def open_at(a, path):
    """Connections of a unix socket that were told to have opened, and not to have ended."""
    ended = {e['SOCKAUDIT_CONNECTION'] for e in a.of('connection-vanished')}
    return [e for e in a.of('connection-present', 'connection-appeared', LOCAL_PATH=path) if e['SOCKAUDIT_CONNECTION'] not in ended]


def test_postgresql(room, audit):
    with postgres(room) as master:
        a = audit('postgres')
        bench = [*as_postgres(POSTGRES / 'pgbench', '-n', '-p', 5433, '-c', CLIENTS, '-T', 600, '-R', 20)]
        with running(*bench, '-h', '127.0.0.1', 'postgres', stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), \
                running(*bench, '-h', room, 'postgres', stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            until('clients', lambda: len(backends(room)) == 2 * CLIENTS)
            tcp = [b for b in backends(room) if b[1] > 0]
            unix = [pid for pid, port in backends(room) if port == -1]
            assert (len(tcp), len(unix)) == (CLIENTS, CLIENTS)
            rows = listed('postgres', state='established')
            assert sorted((r['pid'], r['peer_port']) for r in rows if r['transport'] == 'tcp' and r.get('local_port') == 5433) == tcp
            assert sorted(r['pid'] for r in rows if r.get('local_path') == f'{room}/.s.PGSQL.5433') == unix
            a.until(lambda: {port for _, port in ends_of(a, 'postgres', 'connection-appeared')} >= {port for _, port in tcp}, 'TCP connections')
            # It accepts in one process and goes on in another: a look can fall in between.
            for pid, port in ends_of(a, 'postgres', 'connection-appeared'):
                assert pid in (master.pid, {p: b for b, p in tcp}.get(port, pid))
            a.until(lambda: len(open_at(a, f'{room}/.s.PGSQL.5433')) == CLIENTS, 'unix connections')
        a.until(lambda: len(open_at(a, f'{room}/.s.PGSQL.5433')) == 0, 'unix connections gone')
        a.until(lambda: {port for _, port in ends_of(a, 'postgres', 'connection-vanished')} >= {port for _, port in tcp}, 'TCP connections gone')
        until('backends gone', lambda: not any(Path(f'/proc/{pid}').exists() for pid in {pid for pid, _ in tcp} | set(unix)))
        a.cycles()
        assert a.stop() == 0
        # More than ten children of one process in a minute are not each told singly.
        gone = a.of('process-gone')
        assert len(gone) < 2 * CLIENTS <= sum(int(e.get('SOCKAUDIT_PROCESS_COUNT', 1)) for e in gone)


# --- Redis -----------------------------------------------------------------------------------------------

def redis(*command):
    return output('redis-cli', '-p', 6380, *command)


def redis_clients():
    """(descriptor, port) of each client but the one that asks."""
    rows = (dict(word.split('=', 1) for word in line.split() if '=' in word) for line in redis('client', 'list').splitlines())
    return sorted((int(r['fd']), int(r['addr'].rsplit(':', 1)[1])) for r in rows if 'client' not in r['cmd'])


def test_redis(room, audit):
    with running('redis-server', '--port', 6380, '--bind', '127.0.0.1', '--save', '', '--dir', room, stdout=subprocess.DEVNULL) as server:
        until('Redis', lambda: answers(6380))
        a = audit('redis-server')
        with running('redis-benchmark', '-p', 6380, '-c', 20, '-n', 100000000, '-t', 'get', '-q', stdout=subprocess.DEVNULL):
            until('clients', lambda: len(redis_clients()) == 20)
            clients = redis_clients()
            rows = listed('redis-server', state='established', transport='tcp')
            assert sorted((r['fd'], r['peer_port']) for r in rows) == clients
            ports = {port for _, port in clients}
            a.until(lambda: {port for pid, port in ends_of(a, 'redis-server', 'connection-appeared') if pid == server.pid} >= ports, 'clients')
        a.until(lambda: {port for _, port in ends_of(a, 'redis-server', 'connection-vanished')} >= ports, 'clients gone')
        # Nothing but what Redis accepted itself, and each once.
        a.cycles(2)
        told = ends_of(a, 'redis-server', 'connection-appeared', 'connection-completed')
        assert len(told) == len(set(told)) <= int(re.search(r'total_connections_received:(\d+)', redis('info', 'stats'))[1])


# --- nginx -----------------------------------------------------------------------------------------------

NGINX = '''
daemon off; worker_processes 2; pid {room}/pid; error_log stderr;
events {{ worker_connections 256; }}
http {{
    access_log off; keepalive_requests 100000000;
    client_body_temp_path {room}/a; proxy_temp_path {room}/b; fastcgi_temp_path {room}/c; uwsgi_temp_path {room}/d; scgi_temp_path {room}/e;
    server {{ listen 127.0.0.1:8081; location / {{ return 200 "x"; }} location /status {{ stub_status; }} }}
}}
'''


def test_nginx(room, audit):
    (room / 'conf').write_text(NGINX.format(room=room))
    with running('/usr/sbin/nginx', '-c', room / 'conf', stderr=subprocess.DEVNULL):
        until('nginx', lambda: answers(8081))
        a = audit('nginx')
        asking = http.client.HTTPConnection('127.0.0.1', 8081)

        def status():
            asking.request('GET', '/status')
            text = asking.getresponse().read().decode()
            return int(re.search(r'Active connections: (\d+)', text)[1]), int(re.search(r'\n +(\d+) ', text)[1])

        before = status()[1]
        with running('wrk', '-c', 30, '-t', 1, '-d', 600, 'http://127.0.0.1:8081/', stdout=subprocess.DEVNULL, stop=signal.SIGKILL):
            until('wrk', lambda: status()[0] == 31)
            rows = {(r['pid'], r['peer_port']) for r in listed('nginx', state='established', transport='tcp')}
            assert len(rows) == 31
            assert status()[1] - before == 30 + 1  # wrk connects once to see whether it can
            a.until(lambda: set(ends_of(a, 'nginx', 'connection-appeared')) >= rows, '31 connections')
            told = ends_of(a, 'nginx', 'connection-appeared', 'connection-completed')
            assert len(told) == len(set(told)) <= 31 + 1
        gone = rows - {r for r in rows if r[1] == asking.sock.getsockname()[1]}
        a.until(lambda: set(ends_of(a, 'nginx', 'connection-vanished')) >= gone, 'the connections of wrk gone')
        asking.close()


# --- sshd ------------------------------------------------------------------------------------------------

SSHD = '''
Port 2222
ListenAddress 127.0.0.1
HostKey {room}/key
AuthorizedKeysFile {room}/key.pub
PidFile none
PermitRootLogin yes
StrictModes no
UsePAM no
'''


def ss_holders(port):
    """{port of the other side: {(pid, fd)}} of established connections at a port."""
    rows = output('ss', '-Htnp', 'state', 'established', 'sport', '=', f':{port}').splitlines()
    return {int(line.split()[3].rsplit(':', 1)[1]): {(int(pid), int(fd)) for pid, fd in re.findall(r'pid=(\d+),fd=(\d+)', line)} for line in rows}


def test_sshd(room, audit):
    os.makedirs('/run/sshd', exist_ok=True)
    output('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', room / 'key')
    (room / 'conf').write_text(SSHD.format(room=room))
    ssh = ['ssh', '-F', 'none', '-i', room / 'key', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR',
           '-p', 2222, 'root@127.0.0.1', 'echo up; exec cat']
    with running('/usr/sbin/sshd', '-D', '-e', '-f', room / 'conf', stderr=subprocess.DEVNULL):
        until('sshd', lambda: answers(2222))
        a = audit('sshd')
        with running(*ssh, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as one, \
                running(*ssh, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as two:
            assert (one.stdout.readline(), two.stdout.readline()) == ('up\n', 'up\n')
            holders = until('two sessions', lambda: (h := ss_holders(2222)) and len(h) == 2 and h)
            rows = [r for r in listed('sshd', state='established') if r.get('local_port') == 2222]
            assert {p: {(r['pid'], r['fd']) for r in rows if r['peer_port'] == p} for p in holders} == holders
            a.until(lambda: {port for _, port in ends_of(a, 'sshd', 'connection-appeared')} >= set(holders), 'sessions')
            for pid, port in ends_of(a, 'sshd', 'connection-appeared'):
                assert port not in holders or pid in {p for p, _ in holders[port]}
            one.stdin.close()
            two.stdin.close()
        a.until(lambda: {port for _, port in ends_of(a, 'sshd', 'connection-vanished')} >= set(holders), 'sessions gone')
