# SPDX-License-Identifier: MIT
"""The daemon is killed at the very moment when it tells sums, and each is in the journal once. Runs under with-journald."""

import os
import re
import signal
import socket
import subprocess
from collections import Counter

import pytest

from daemon import BUILD, wait
from journald import PATIENCE, entries, journald, only_journald  # noqa: F401 (fixtures)

PEERS = [f'127.0.{i // 200 + 1}.{i % 200 + 1}' for i in range(200)]  # in three events or so
CONFIG = '''
interval: 100ms
cpu_max: 100%
watch:
  - name: in
    sockets: {{local: ":{0}"}}
    fold: {{by: [exe, local_port], every: 1m, first: 0}}
'''
UNFOLDED = '''
interval: 100ms
cpu_max: 100%
watch:
  - name: in
    sockets: {{local: ":{0}"}}
'''


@pytest.fixture
def start():
    """start(directory, config, environment...): a daemon, which is not left behind when the test fails."""
    started = []

    def begin(directory, config, **env):
        started.append(launch(directory, config, env))
        wait('it starts', lambda: entries('SOCKAUDIT_EVENT=audit-started', f'SOCKAUDIT_PID={started[-1].pid}'))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


def launch(directory, config, env):
    (directory / 'sockaudit.yaml').write_text(config)
    linked = subprocess.run(['ldd', BUILD / 'src/sockauditd'], capture_output=True, text=True, check=True).stdout
    sanitizer = re.findall(r'=> (\S*libasan\S*)', linked)  # wants to be the first
    preload = ':'.join([*sanitizer, str(BUILD / 'tests/journald/libkiller.so')])
    return subprocess.Popen([BUILD / 'src/sockauditd', f'--config={directory}/sockaudit.yaml', '--sink=journal'], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, 'LD_PRELOAD': preload, **env})


def summaries(port):
    return entries('SOCKAUDIT_EVENT=connection-summary', f'SOCKAUDIT_LOCAL_PORT={port}', 'SOCKAUDIT_RULE=in')


def connect(listener, peer):
    client = socket.socket()
    client.bind((peer, 0))
    client.connect(listener.getsockname())
    server, _ = listener.accept()
    server.sendall(b'x' * 10)
    client.close()
    server.close()


@pytest.mark.parametrize('after', [False, True], ids=['not yet in the outbox', 'in the outbox'])
def test_killed_while_telling(tmp_path, journald, start, after):
    state, armed = tmp_path / 'state', tmp_path / 'armed'
    listener = socket.create_server(('127.0.0.1', 0))
    port = listener.getsockname()[1]
    env = {'STATE_DIRECTORY': str(state), 'KILLER': 'SOCKAUDIT_EVENT=connection-summary\n', 'KILLER_ARMED': str(armed), **({'KILLER_AFTER': '1'} if after else {})}
    d = start(tmp_path, CONFIG.format(port), **env)
    wait('the listener is told', lambda: entries('SOCKAUDIT_EVENT=listener-present', f'SOCKAUDIT_LOCAL_PORT={port}'))
    for peer in PEERS:
        connect(listener, peer)
    # The listener goes when all that it had was heard of: closes are told in order.
    listener.close()
    wait('the listener is gone', lambda: entries('SOCKAUDIT_EVENT=listener-vanished', f'SOCKAUDIT_LOCAL_PORT={port}'))
    armed.write_text('')
    (tmp_path / 'sockaudit.yaml').write_text(UNFOLDED.format(port))
    d.send_signal(signal.SIGHUP)
    assert d.wait(PATIENCE) == -signal.SIGKILL and not armed.exists()
    assert summaries(port) == []

    d = start(tmp_path, UNFOLDED.format(port), **env)
    found = wait('all is told', lambda: (s := summaries(port)) and sum(int(e['SOCKAUDIT_PEER_COUNT']) for e in s) >= len(PEERS) and s)
    d.terminate()
    assert d.wait(PATIENCE) == 0
    told = Counter(line.split()[0] for e in summaries(port) for line in e['SOCKAUDIT_PEERS'].split('\n'))
    assert told == Counter(PEERS)
    assert sum(int(e.get('SOCKAUDIT_OPENED', 0)) + int(e.get('SOCKAUDIT_MISSED', 0)) for e in found) == len(PEERS)
    # The first event is of the run that was killed, if it was in the outbox.
    assert len({e['SOCKAUDIT_RUN'] for e in found}) == (2 if after else 1) and len(found) > 1
