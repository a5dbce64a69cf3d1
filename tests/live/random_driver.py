# SPDX-License-Identifier: MIT
"""random_driver.py SEED SECONDS: five processes with random connections among themselves. Prints, when it is over, one line of JSON: for
each side "LOCAL PEER" (ports), when it was opened and closed (each between two times, in usec), and which processes ever held it.

They are told what to do by the first one, one after another, so that the order is the seed's; time passes at random between orders."""

import array
import json
import os
import random
import socket
import struct
import sys
import time

WORKERS = 5
LIVES = (0.01, 0.05, 0.3, 1, 3)  # seconds


def now():
    return time.clock_gettime_ns(time.CLOCK_REALTIME) // 1000


class Worker:
    """Keeps sockets by name; one order at a time over a seqpacket, with descriptors beside it."""

    def __init__(self):
        self.end, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if self.pid == 0:
            self.end.close()
            work(other)
            os._exit(0)
        other.close()

    def do(self, order, name, fd=None):
        """The times around it, and its answer."""
        before = now()
        self.end.sendmsg([f'{order} {name}'.encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [fd]))] if fd is not None else [])
        data, control, _, _ = self.end.recvmsg(256, 256)
        fds = [array.array('i', c[2])[0] for c in control]
        return before, now(), data.decode(), fds


def work(end):
    held = {}
    listener = socket.create_server(('127.0.0.1', 0), backlog=64)
    while True:
        data, control, _, _ = end.recvmsg(256, 256)
        if not data:
            return
        order, name = data.decode().split()
        answer, fds = 'ok', []
        if order == 'port':
            answer = str(listener.getsockname()[1])
        elif order == 'connect':
            s = socket.create_connection(('127.0.0.1', int(name)))
            answer = str(s.getsockname()[1])
            held[answer] = s
        elif order == 'accept':
            held[name], _ = listener.accept()
        elif order == 'close':
            held.pop(name).close()
        elif order == 'reset':
            s = held.pop(name)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            s.close()
        elif order == 'give':
            fds = [held[name].fileno()]
        elif order == 'take':
            held[name] = socket.socket(fileno=array.array('i', control[0][2])[0])
        elif order == 'fork':
            # The child holds this one; all others it closes at once.
            told, tell = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(told)
                end.close()
                listener.close()
                for n, s in held.items():
                    if n != name:
                        s.close()
                os.write(tell, b'x')
                os.close(tell)
                while True:
                    time.sleep(60)
            os.close(tell)
            os.read(told, 1)
            os.close(told)
            answer = str(pid)
        elif order == 'end':
            os.kill(int(name), 9)
            os.waitpid(int(name), 0)
        end.sendmsg([answer.encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', fds))] if fds else [])


class Play:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.workers = [Worker() for _ in range(WORKERS)]
        self.ports = {w: w.do('port', '-')[2] for w in self.workers}
        self.sides, self.due, self.count = {}, [], 0

    def open(self):
        r = self.random
        client, server = r.sample(self.workers, 2)
        before, after, port, _ = client.do('connect', self.ports[server])
        name = f'{self.ports[server]}-{port}'
        accepted = after
        server.do('accept', name)
        there = {'open': [before, accepted], 'close': None}
        # Until it is accepted its listener's process speaks for it.
        a, b = f'{port} {self.ports[server]}', f'{self.ports[server]} {port}'
        self.sides[a] = {**there, 'pids': [client.pid], 'holders': {(client, port)}}
        self.sides[b] = {**there, 'pids': [server.pid], 'holders': {(server, name)}}
        end = time.monotonic() + r.choice(LIVES) * r.uniform(0.5, 1.5)
        for side in (a, b):
            if r.random() < 0.2:
                self.pass_on(side)
            if r.random() < 0.1:
                self.fork(side)
        self.due.append((end, (a, b)))

    def pass_on(self, side):
        """To another process; the first one closes it, or both keep it."""
        record, r = self.sides[side], self.random
        (owner, name), = record['holders']
        to = r.choice([w for w in self.workers if w is not owner])
        fd = owner.do('give', name)[3][0]
        new = f'{name}/{to.pid}'
        to.do('take', new, fd)
        os.close(fd)
        record['pids'].append(to.pid)
        record['holders'].add((to, new))
        if r.random() < 0.5:
            owner.do('close', name)
            record['holders'].discard((owner, name))

    def fork(self, side):
        record = self.sides[side]
        owner, name = next(iter(record['holders']))
        pid = int(owner.do('fork', name)[2])
        record['pids'].append(pid)
        record['child'] = owner, pid

    def release(self, side, how):
        """All who hold it let go. The times around the last of it."""
        record = self.sides[side]
        steps = [(w, how, name) for w, name in record.pop('holders')]
        if 'child' in record:
            owner, pid = record.pop('child')
            steps.append((owner, 'end', str(pid)))
        self.random.shuffle(steps)
        for w, order, name in steps:
            before, after, _, _ = w.do(order, name)
        return before, after

    def close(self, a, b):
        r = self.random
        first, second = r.sample([a, b], 2)
        how = r.choice(['close', 'close', 'reset'])
        if how == 'reset' and 'child' in self.sides[first]:
            how = 'close'  # who closes last decides
        before, after = self.release(first, how)
        if how == 'reset':
            # Both ends are gone now, though one is still held.
            self.sides[first]['close'] = self.sides[second]['close'] = before, after
            if r.random() < 0.5:
                time.sleep(0.3)
            self.release(second, 'close')
            return
        # Half closed: FIN_WAIT2 and CLOSE_WAIT live, until the other side closes.
        if r.random() < 0.3:
            time.sleep(r.choice([0.05, 0.3]))
        before2, after2 = self.release(second, 'close')
        self.sides[first]['close'] = before, after2   # a FIN_WAIT2 without a descriptor may count as gone
        self.sides[second]['close'] = before2, after2

    def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(self.random.expovariate(60))
            self.open()
            self.due.sort(key=lambda d: d[0])
            while self.due and self.due[0][0] < time.monotonic():
                self.close(*self.due.pop(0)[1])
        for _, sides in self.due:
            self.close(*sides)

    def log(self):
        return {name: {'open': s['open'], 'close': s['close'], 'pids': s['pids']} for name, s in self.sides.items()}


def main():
    with open('/proc/self/comm', 'w') as f:
        f.write('random-driver')
    with open('/proc/sys/net/ipv4/ip_local_port_range', 'w') as f:
        f.write('10000 65000')  # no port twice
    play = Play(int(sys.argv[1]))
    with open('/proc/self/comm', 'w') as f:
        f.write('random-director')  # through which descriptors pass: not watched
    print('ready', flush=True)
    sys.stdin.readline()
    play.run(float(sys.argv[2]))
    print(json.dumps(play.log()))
    for w in play.workers:
        os.kill(w.pid, 9)
        os.waitpid(w.pid, 0)


main()
