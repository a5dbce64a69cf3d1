# SPDX-License-Identifier: MIT
"""For tests that attack the daemon: the daemon with its events, and network namespaces of their own.

    ns = Namespace()                    # lo is up; nothing else is in it
    a = Audit(tmp_path, config, ns)     # runs in it
    a.wait(lambda e: ..., 'what')       # the first event that fits, from the beginning
    a.of('connection-vanished')         # those seen so far
    a.cycles(3)                         # until three whole cycles more are over
"""

import json
import os
import re
import signal
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

BUILD = Path(os.environ['BUILD_DIR'])
# KiB that the daemon may grow; a sanitizer keeps freed memory.
GROWTH = 1 << 20 if b'__asan_init' in (BUILD / 'src/sockauditd').read_bytes() else 1024
PATIENCE = 30 * int(os.environ.get('SLOWNESS', 1))  # seconds: a bound for what must happen, not a delay
COLLECTOR = os.environ.get('COLLECTOR')  # of the tests that do not say which; else what the daemon takes by itself
KINDS_OF_END = ('connection-vanished', 'listener-vanished', 'connection-completed')


def preload(library):
    """LD_PRELOAD of the daemon, for a library of this directory."""
    linked = subprocess.run(['ldd', BUILD / 'src/sockauditd'], capture_output=True, text=True, check=True).stdout
    sanitizer = re.findall(r'=> (\S*libasan\S*)', linked)  # wants to be the first
    return ':'.join([*sanitizer, str(BUILD / f'tests/live/lib{library}.so')])


class Namespace:
    """A network namespace, alive until close(); `prepare` runs in the one around it."""

    def __init__(self, prepare='true'):
        self.process = subprocess.Popen(['unshare', '--net', 'sh', '-ec', f'{prepare}; exec unshare --net sh -ec "ip link set lo up; echo up; exec cat"'],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == 'up\n'

    def command(self, *command):
        return ['nsenter', f'--net=/proc/{self.process.pid}/ns/net', *map(str, command)]

    def inode(self):
        return int(re.sub(r'\D', '', os.readlink(f'/proc/{self.process.pid}/ns/net')))

    def close(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


class Actor:
    """A process that does as it is told (actor.py)."""

    def __init__(self, comm, ns=None, prefix=(), arguments=()):
        command = [*prefix, '/usr/bin/env', 'python3', Path(__file__).parent / 'actor.py', comm, *arguments]
        self.process = subprocess.Popen(ns.command(*command) if ns else command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        assert line, 'the actor ended'
        return json.loads(line)

    def do(self, order):
        self.tell(order)
        return self.answer()

    def tell(self, order):
        self.process.stdin.write(order + '\n')
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


# Orders to it: a listener, and a connection to a port, under a name; their own port.
LISTEN = 'keep.setdefault({0!r}, socket.create_server(("127.0.0.1", 0))).getsockname()[1]'
CONNECT = 'keep.setdefault({0!r}, socket.create_connection(("127.0.0.1", {1}))).getsockname()[1]'


@contextmanager
def actors(ns):
    """start(comm, ...): an actor in that namespace. All end with it that have not ended."""
    started = []

    def start(comm, **keywords):
        started.append(Actor(comm, ns, **keywords))
        return started[-1]

    yield start
    for a in started:
        if a.process.poll() is None:
            a.end()


class Status:
    """What systemd would be told: each STATUS= ends a cycle."""

    def __init__(self, path):
        import socket
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.cycles, self.last = 0, ''
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            for line in self.socket.recv(4096).decode().splitlines():
                if line.startswith('STATUS='):
                    self.last = line
                    self.cycles += 1


class Audit:
    def __init__(self, directory, config, ns=None, *options, environment=(), prefix=(), program=BUILD / 'src/sockauditd'):
        self.config = directory / 'sockaudit.yaml'
        if COLLECTOR and 'collector:' not in config:
            config = f'collector: {COLLECTOR}\n{config}'
        self.config.write_text(config)
        self.status = Status(directory / 'notify')
        command = [*prefix, program, f'--config={self.config}', '--sink=json', *options]
        inherited = {name: value for name, value in os.environ.items() if name != 'STATE_DIRECTORY'}
        if '--sink=journal' in options:
            inherited['STATE_DIRECTORY'] = str(directory / 'state')
        self.process = subprocess.Popen(ns.command(*command) if ns else command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env={**inherited, 'NOTIFY_SOCKET': str(directory / 'notify'), **dict(environment)})
        self.events, self.said = [], []
        self.readers = [threading.Thread(target=self.read, args=a, daemon=True)
                        for a in ((self.process.stdout, lambda line: self.events.append(json.loads(line))),
                                  (self.process.stderr, lambda line: self.said.append(line.decode())))]
        for r in self.readers:
            r.start()

    @staticmethod
    def read(stream, take):
        for line in stream:
            take(line)

    def until(self, condition, what, patience=PATIENCE):
        end = time.monotonic() + patience
        while not condition():
            assert self.process.poll() is None, f'the daemon ended with {self.process.returncode}: {self.said[-9:]}'
            assert time.monotonic() < end, f'no {what}; last of {len(self.events)}: {[e["MESSAGE"] for e in self.events[-20:]]} {self.said[-5:]}'
            time.sleep(0.01)

    def cycles(self, n=2):
        """Until n whole cycles are over that began after this call."""
        goal = self.status.cycles + n + 1
        self.until(lambda: self.status.cycles >= goal, f'{n} cycles')

    def of(self, *kinds, **fields):
        """Events of these kinds with these fields (without SOCKAUDIT_)."""
        return [e for e in list(self.events) if (not kinds or e['SOCKAUDIT_EVENT'] in kinds) and
                all(e.get(f'SOCKAUDIT_{k}') == str(v) for k, v in fields.items())]

    def next(self, *kinds, **fields):
        self.until(lambda: self.of(*kinds, **fields), f'{kinds} {fields}')
        return self.of(*kinds, **fields)[0]

    def suspects(self):
        """(asked about, of them alive) so far; needs --log-level=debug."""
        found = [re.search(r'(\d+) suspects asked about, (\d+) of them alive', line) for line in list(self.said)]
        return tuple(sum(int(m[i]) for m in found if m) for i in (1, 2))

    def longest_look(self):
        """In milliseconds, so far; needs --log-level=debug."""
        return max(int(m[1]) for line in list(self.said) if (m := re.search(r'a look of (\d+) ms', line)))

    def descriptors(self):
        """Those that it keeps: a look has one or two more for a moment."""
        def number():
            time.sleep(0.01)
            return len(os.listdir(f'/proc/{self.process.pid}/fd'))
        return min(number() for _ in range(50))

    def resident(self):
        """KiB of anonymous memory."""
        return int(re.search(r'RssAnon:\s*(\d+)', Path(f'/proc/{self.process.pid}/status').read_text())[1])

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        for r in self.readers:
            r.join(PATIENCE)
        return code
