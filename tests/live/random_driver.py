# SPDX-License-Identifier: MIT
"""random_driver.py SEED SECONDS DIRECTORY: five processes with random connections among themselves. Prints, when it is over, one line of JSON:

    sides       "LOCAL PEER" (ports): when it was opened and closed (each between two times, in usec), which processes ever held it, which children
                inherited it and closed it at once (between two times), how it was closed, and the inode of its network namespace. No pair of
                ports comes twice, in whatever namespace.
    names       PID: what it was called: the earliest and the latest time (usec) at which it can have begun, comm, exe
    homes       PID: namespaces (inodes) in which it ever was
    namespaces  INODE: since when it is there

They are told what to do by the first one, one after another, so that the order is the seed's; time passes at random between orders. They connect,
close, reset, fork and pass descriptors on. They execute other programs (which are put into DIRECTORY) with all their sockets but one, and so do their
children, with but one. They make network namespaces and move among them, while they hold sockets of others; one stays in each."""

import array
import ctypes
import fcntl
import json
import os
import random
import shutil
import socket
import struct
import sys
import time

WORKERS, NAMESPACES = 5, 4
LIVES = (0.01, 0.05, 0.3, 1, 3)  # seconds
CLONE_NEWNET, SIOCSIFFLAGS, IFF_UP, PR_SET_PDEATHSIG = 0x40000000, 0x8914, 1, 1
PROGRAMS = 'random-first', 'random-second'  # which a worker executes in turn: a Python of its own
SLEEPER = 'random-sleeper'
OWN_EXE = os.readlink('/proc/self/exe')
libc = ctypes.CDLL(None, use_errno=True)


def now():
    return time.clock_gettime_ns(time.CLOCK_REALTIME) // 1000


def fork():
    """A child that ends with us: one that fails takes all with it."""
    pid = os.fork()
    if pid == 0:
        libc.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)
    return pid


def inode_of(fd):
    return os.fstat(fd).st_ino


def rename(comm):
    with open('/proc/self/comm', 'w') as f:
        f.write(comm)


class Hand:
    """What a worker does. `held`: its sockets by name; `listeners`: by port. It survives exec."""

    def __init__(self, directory, end, held, listeners):
        self.directory, self.end, self.held, self.listeners = directory, end, held, listeners

    def work(self):
        while True:
            data, control, _, _ = self.end.recvmsg(256, 256)
            if not data:
                return
            order, name = data.decode().split()
            fd = array.array('i', control[0][2])[0] if control else None
            self.answer(*(getattr(self, order)(name, fd) or ('ok',)))

    def answer(self, text, *fds):
        self.end.sendmsg([text.encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', fds))] if fds else [])

    def listen(self, port, _):
        self.listeners[port] = socket.create_server(('127.0.0.1', int(port)), backlog=64)

    def connect(self, name, _):
        port, to = map(int, name.split('-'))
        self.held[name] = s = socket.socket()
        s.bind(('127.0.0.1', port))
        s.connect(('127.0.0.1', to))

    def accept(self, name, _):
        self.held[name], _ = self.listeners[name.split('-')[0]].accept()

    def close(self, name, _):
        self.held.pop(name).close()

    def reset(self, name, _):
        s = self.held.pop(name)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        s.close()

    def give(self, name, _):
        return 'ok', self.held[name].fileno()

    def take(self, name, fd):
        os.set_inheritable(fd, False)
        self.held[name] = socket.socket(fileno=fd)

    def fork(self, name, _):
        return (str(self.child(name, False)),)

    def spawn(self, name, _):
        return (str(self.child(name, True)),)

    def child(self, name, executes):
        """It holds this one, and closes all others: at once, or by executing another program."""
        told, tell = os.pipe()  # which exec closes, too
        pid = fork()
        if pid == 0:
            if executes:
                self.held[name].set_inheritable(True)
                os.execv(f'{self.directory}/{SLEEPER}', [SLEEPER, '1000'])
            for s in (self.end, *self.listeners.values(), *(s for n, s in self.held.items() if n != name)):
                s.close()
            os.close(told)
            os.close(tell)
            while True:
                time.sleep(60)
        os.close(tell)
        os.read(told, 1)
        os.close(told)
        return pid

    def end_child(self, pid, _):
        os.kill(int(pid), 9)
        os.waitpid(int(pid), 0)

    def unshare(self, name, _):
        """The answer comes from the new one."""
        if libc.unshare(CLONE_NEWNET) < 0:
            raise OSError(ctypes.get_errno(), 'unshare')
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack('16sH14x', b'lo', IFF_UP))
        return 'ok', os.open('/proc/self/ns/net', os.O_RDONLY | os.O_CLOEXEC)

    def move(self, name, fd):
        if libc.setns(fd, CLONE_NEWNET) < 0:
            raise OSError(ctypes.get_errno(), 'setns')
        os.close(fd)

    def execute(self, name, _):
        """`PROGRAM/SOCKET`: this socket is close-on-exec, the others are kept. The next program answers."""
        program, name = name.split('/', 1)
        assert not os.get_inheritable(self.held.pop(name).detach())
        for s in (self.end, *self.held.values(), *self.listeners.values()):
            s.set_inheritable(True)
        state = [self.end.fileno(), {n: s.fileno() for n, s in self.held.items()}, {n: s.fileno() for n, s in self.listeners.items()}]
        os.execv(f'{self.directory}/{program}', [program, '-S', '-E', __file__, self.directory, json.dumps(state)])


def resume(directory, state):
    """After exec: what Python opens from now on is close-on-exec again, and so is what was kept."""
    def kept(fd):
        os.set_inheritable(fd, False)
        return socket.socket(fileno=fd)
    end, held, listeners = json.loads(state)
    hand = Hand(directory, kept(end), {n: kept(fd) for n, fd in held.items()}, {n: kept(fd) for n, fd in listeners.items()})
    hand.answer('ok')
    hand.work()


class Worker:
    """How the director sees one: orders go out one at a time over a seqpacket, with descriptors beside them."""

    def __init__(self, directory):
        self.end, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.where, self.ports, self.program = None, {}, 0
        self.pid = fork()
        if self.pid == 0:
            self.end.close()
            Hand(directory, other, {}, {}).work()
            os._exit(0)
        other.close()

    def do(self, order, name, fd=None):
        """The times around it, and its answer."""
        before = now()
        self.end.sendmsg([f'{order} {name}'.encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [fd]))] if fd is not None else [])
        data, control, _, _ = self.end.recvmsg(256, 256)
        assert data, f'{order} {name}: the worker is gone'
        return before, now(), data.decode(), [array.array('i', c[2])[0] for c in control]


class Play:
    def __init__(self, seed, directory):
        self.random, self.directory = random.Random(seed), directory
        self.sides, self.due, self.names, self.homes, self.namespaces = {}, [], {}, {}, {}
        self.next_listener, self.next_client = 9000, 20000
        self.exe = OWN_EXE
        self.workers = [Worker(directory) for _ in range(WORKERS)]
        home = os.open('/proc/self/ns/net', os.O_RDONLY | os.O_CLOEXEC)
        self.namespaces[inode_of(home)] = home, now()
        for w in self.workers:
            self.called(w.pid, now(), now(), 'random-driver', OWN_EXE)
            self.arrives(w, inode_of(home))

    def called(self, pid, before, after, comm, exe):
        self.names.setdefault(pid, []).append([before, after, comm, exe])

    def arrives(self, w, namespace):
        """With a listener in each, which it keeps when it leaves."""
        w.where = namespace
        homes = self.homes.setdefault(w.pid, [])
        if namespace not in homes:
            homes.append(namespace)
        if namespace not in w.ports:
            w.ports[namespace] = self.next_listener
            w.do('listen', self.next_listener)
            self.next_listener += 1

    def moves(self):
        """Somebody who is not the last one in it leaves a namespace for another, or for a new one."""
        r = self.random
        w = r.choice([w for w in self.workers if sum(o.where == w.where for o in self.workers) > 1])
        if len(self.namespaces) == 1 or (len(self.namespaces) < NAMESPACES and r.random() < 0.5):
            _, after, _, (fd,) = w.do('unshare', '-')
            self.namespaces[inode_of(fd)] = fd, after
            self.arrives(w, inode_of(fd))
        else:
            to = r.choice([n for n in self.namespaces if n != w.where])
            w.do('move', '-', self.namespaces[to][0])
            self.arrives(w, to)

    def open(self):
        r = self.random
        client = r.choice(self.workers)
        # Who is alone talks to himself.
        server = r.choice([w for w in self.workers if client.where in w.ports and w is not client] or [client])
        port, to = self.next_client, server.ports[client.where]
        self.next_client += 1
        here, there = f'{port}-{to}', f'{to}-{port}'
        before, after, _, _ = client.do('connect', here)
        server.do('accept', there)
        # Until it is accepted its listener's process speaks for it.
        record = {'open': [before, after], 'close': None, 'how': None, 'netns': client.where}
        a, b = f'{port} {to}', f'{to} {port}'
        self.sides[a] = {**record, 'pids': [client.pid], 'guests': [], 'holders': {(client, here)}}
        self.sides[b] = {**record, 'pids': [server.pid], 'guests': [], 'holders': {(server, there)}}
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
        owner, name = min(record['holders'], key=lambda h: h[1])
        executes = self.random.random() < 0.5
        before, after, pid, _ = owner.do('spawn' if executes else 'fork', name)
        pid = int(pid)
        self.called(pid, before, after, *self.names[owner.pid][-1][2:])
        if executes:
            self.called(pid, before, after, SLEEPER, os.path.realpath(f'{self.directory}/{SLEEPER}'))
        self.homes[pid] = [owner.where]
        record['pids'].append(pid)
        record['child'] = owner, pid
        for other in self.sides.values():
            if other is not record and any(w is owner for w, _ in other.get('holders', ())):
                other['guests'].append([pid, before, after])

    def execute(self, w, name):
        """One socket less, and another name."""
        program = PROGRAMS[w.program]
        w.program = 1 - w.program
        before, after, _, _ = w.do('execute', f'{program}/{name}')
        self.called(w.pid, before, after, program, f'{self.directory}/{program}')
        return before, after

    def release(self, side, how):
        """All who hold it let go. The times around the last of it."""
        record = self.sides[side]
        steps = [(w, how, name) for w, name in sorted(record.pop('holders'), key=lambda h: h[1])]
        if 'child' in record:
            owner, pid = record.pop('child')
            steps.append((owner, 'end_child', str(pid)))
        self.random.shuffle(steps)
        for w, order, name in steps:
            if order == 'close' and self.random.random() < 0.05:
                before, after = self.execute(w, name)
            else:
                before, after, _, _ = w.do(order, name)
        return before, after

    def close(self, a, b):
        r = self.random
        first, second = r.sample([a, b], 2)
        how = r.choice(['close', 'close', 'reset'])
        if how == 'reset' and 'child' in self.sides[first]:
            how = 'close'  # who closes last decides
        self.sides[first]['how'], self.sides[second]['how'] = how, 'close'
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
            if len(self.sides) % 24 == 0:  # of two a connection
                self.moves()
            self.due.sort(key=lambda d: d[0])
            while self.due and self.due[0][0] < time.monotonic():
                self.close(*self.due.pop(0)[1])
        for _, sides in self.due:
            self.close(*sides)

    def log(self):
        return {'sides': {name: {k: s[k] for k in ('open', 'close', 'pids', 'guests', 'how', 'netns')} for name, s in self.sides.items()},
                'names': self.names, 'homes': self.homes, 'namespaces': {inode: since for inode, (_, since) in self.namespaces.items()}}


def main(seed, seconds, directory):
    rename('random-driver')
    os.symlink(shutil.which('sleep'), f'{directory}/{SLEEPER}')
    for program in PROGRAMS:
        shutil.copy(OWN_EXE, f'{directory}/{program}')
    play = Play(int(seed), directory)
    rename('director')  # through which descriptors pass: not watched
    print('ready', flush=True)
    sys.stdin.readline()
    play.run(float(seconds))
    print(json.dumps(play.log()))
    sys.stdout.flush()
    sys.stdin.readline()  # so that its namespaces, and the listeners, are there for the last looks
    for w in play.workers:
        os.kill(w.pid, 9)
        os.waitpid(w.pid, 0)


if len(sys.argv) == 4:
    main(*sys.argv[1:])
else:
    resume(*sys.argv[1:])
