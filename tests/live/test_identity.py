# SPDX-License-Identifier: MIT
"""Whose socket is it? Pids that are given again, exec, fork, descriptors that are passed on, threads, and names that want to break something.

Inodes cannot be made to come again here: sockets draw theirs, with pipes, from a counter of 32 bits. 3,000,000 sockets opened and closed one after
another had ascending inodes, none twice, and closed ones were not given again; at 16 us each, beside other load, the counter is round after 19 hours. So the scenarios
rule-06-same-inode-* do it."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest

from audit import BUILD, CONNECT, LISTEN, PATIENCE, Actor, Audit, Namespace, actors

CONFIG = '''
interval: 100ms
cpu_max: 100%
rescan: 1s
watch:
  - name: rule
    match: {comm: "watched*"}
    sockets: {transport: [tcp, udp]}
'''


@pytest.fixture
def ns():
    with closing(Namespace()) as ns:
        yield ns


@pytest.fixture
def actor(ns):
    with actors(ns) as start:
        yield start


@pytest.fixture
def audit(tmp_path, ns):
    audits = []

    def start(config=CONFIG):
        audits.append(Audit(tmp_path, config, ns))
        audits[-1].cycles(2)
        return audits[-1]

    yield start
    for a in audits:
        assert a.stop() == 0


def test_late_match_and_exec(audit, actor):
    """Names change after start: by prctl, and by exec under the same pid. What is open by then is `present`."""
    a = audit()
    by_name, by_exec = actor('bystander'), actor('bystander')
    ports = [by_name.do(LISTEN.format('l')), by_exec.do(LISTEN.format('l'))]
    by_exec.do('keep["l"].set_inheritable(True)')
    a.cycles(2)
    assert not a.of(PID=by_name.pid) and not a.of(PID=by_exec.pid)
    by_name.do('name(b"watched-late")')
    by_exec.tell(f'os.execv("/usr/bin/env", ["env", "python3", {str(__file__).replace("test_identity", "actor")!r}, "watched-exec"])')
    assert by_exec.answer() == by_exec.pid
    for process, port, comm in ((by_name, ports[0], 'watched-late'), (by_exec, ports[1], 'watched-exec')):
        e = a.next('process-matched', PID=process.pid)
        assert e['SOCKAUDIT_COMM'] == comm
        a.next('listener-present', PID=process.pid, LOCAL_PORT=port)
    # It stays what it was: a rename does not hide what comes.
    by_name.do('name(b"innocent")')
    port = by_name.do(CONNECT.format('c', ports[1]))
    assert a.next('connection-appeared', LOCAL_PORT=port)['SOCKAUDIT_PID'] == str(by_name.pid)
    assert not a.of('process-gone')


def test_passed_on(audit, actor, tmp_path):
    """A socket that comes over a unix socket from a process that is not watched is older than that."""
    a = audit()
    foreign, watched, server = actor('bystander'), actor('watched-taker'), actor('bystander')
    port = foreign.do(CONNECT.format('c', server.do(LISTEN.format('l'))))
    a.cycles(4)
    assert not a.of(LOCAL_PORT=port)
    watched.tell(f'keep.setdefault("fd", take({str(tmp_path / "pass")!r}))')
    foreign.do(f'give({str(tmp_path / "pass")!r}, keep["c"].fileno())')
    fd = watched.answer()
    e = a.next('connection-present', 'connection-appeared', LOCAL_PORT=port)
    assert (e['SOCKAUDIT_EVENT'], e['SOCKAUDIT_PID'], e['SOCKAUDIT_FD']) == ('connection-present', str(watched.pid), str(fd))
    # The one who opened it closes its descriptor: still alive. Then the last one does.
    foreign.do('keep.pop("c").close()')
    a.cycles(3)
    assert not a.of('connection-vanished')
    watched.do('os.close(keep.pop("fd"))')
    v = a.next('connection-vanished', LOCAL_PORT=port)
    assert v['SOCKAUDIT_CONNECTION'] == e['SOCKAUDIT_CONNECTION']


def test_fork_and_descendants(audit, actor):
    """A child holds what its parent opened, and goes on when that ends; what it opens itself is told, whatever its name."""
    a = audit()
    server, parent = actor('bystander'), actor('watched-parent')
    to = server.do(LISTEN.format('l'))
    a.next('process-matched', PID=parent.pid)
    a.cycles(2)  # its namespace has been looked at: what is not there yet will appear
    port = parent.do(CONNECT.format('c', to))
    a.next('connection-appeared', LOCAL_PORT=port, PID=parent.pid)
    child = parent.do('[os.pipe() and None, keep.setdefault("child", os.fork())][1] or [name(b"innocent"), '
                      f'keep.setdefault("own", socket.create_connection(("127.0.0.1", {to}))), time.sleep(60)]')
    e = a.next('process-matched', PID=child)
    assert e['SOCKAUDIT_PARENT_PID'] == str(parent.pid)
    own = a.next('connection-appeared', 'connection-present', PID=child)
    assert own['SOCKAUDIT_LOCAL_PORT'] != str(port)
    parent.end()
    a.next('process-gone', PID=parent.pid)
    a.cycles(3)
    assert not a.of('connection-vanished')
    os.kill(child, 9)
    a.next('connection-vanished', LOCAL_PORT=port)
    a.next('connection-vanished', LOCAL_PORT=own['SOCKAUDIT_LOCAL_PORT'])


def test_fork_of_many(audit, actor):
    """5,000 inherited sockets are one event, and none if the child executes another program; with its end they are given up without a word."""
    a = audit()
    server, parent = actor('bystander'), actor('watched-parent')
    to = server.do(LISTEN.format('l'))
    for process in server, parent:
        process.do('__import__("resource").setrlimit(8 - 1, (20000, 20000))')
    server.tell('[keep.setdefault(i, keep["l"].accept()[0]) and None for i in range(5000)] and None')
    parent.do(f'[keep.setdefault(i, socket.create_connection(("127.0.0.1", {to}))) and None for i in range(5000)] and None')
    server.answer()
    a.until(lambda: len(a.of('connection-appeared', 'connection-present')) == 5000, '5,000 connections')
    a.cycles(15)  # states have settled, and every descriptor was walked once more
    before = len(a.events)
    short = parent.do('os.posix_spawn("/bin/true", ["watched-true"], {})')  # they are close-on-exec
    parent.do(f'os.waitpid({short}, 0)[1]')
    child = parent.do('os.fork() or time.sleep(600)')
    e = a.next('process-inherited', PID=child)
    assert (e['SOCKAUDIT_INHERITED_COUNT'], e['SOCKAUDIT_FROM_PID']) == ('5000', str(parent.pid))
    assert e['SOCKAUDIT_FROM_ENTITY'] == a.of('process-matched', PID=parent.pid)[0]['SOCKAUDIT_PROCESS_ENTITY']
    os.kill(child, 9)
    parent.do(f'os.waitpid({child}, 0)[1]')
    a.next('process-gone', PID=child)
    a.cycles(3)
    told = [e['SOCKAUDIT_EVENT'] for e in a.events[before:] if not e['SOCKAUDIT_EVENT'].startswith('audit-')]
    assert told.count('process-inherited') == 1
    assert not [e for e in a.events[before:] if e['SOCKAUDIT_EVENT'].startswith('connection-')]


def test_passed_to_itself(audit, actor):
    """Parked in a message to itself, with its last descriptor closed: released. Taken out again: gained. Closed: vanished."""
    a = audit()
    server, watched = actor('bystander'), actor('watched-parker')
    port = watched.do(CONNECT.format('c', server.do(LISTEN.format('l'))))
    e = a.next('connection-appeared', 'connection-present', LOCAL_PORT=port)
    watched.do('[keep.setdefault("pair", socket.socketpair()), socket.send_fds(keep["pair"][0], [b"x"], [keep["c"].fileno()]), keep.pop("c").close()] and None')
    r = a.next('connection-changed', LOCAL_PORT=port)
    assert (r['SOCKAUDIT_CHANGED'], r['SOCKAUDIT_HOLDER_COUNT']) == ('holders', '0')
    start = e['SOCKAUDIT_PROCESS_START']
    assert r['SOCKAUDIT_HOLDER_LOST'] == f'{watched.pid}/{start}/{e["SOCKAUDIT_FD"]}' and 'SOCKAUDIT_HOLDER_GAINED' not in r
    a.cycles(15)
    assert not a.of('connection-vanished') and len(a.of('connection-changed')) == 1
    fd = watched.do('keep.setdefault("fd", socket.recv_fds(keep["pair"][1], 1, 1)[1][0])')
    a.until(lambda: len(a.of('connection-changed', LOCAL_PORT=port)) == 2, 'gained')
    g = a.of('connection-changed', LOCAL_PORT=port)[1]
    assert g['SOCKAUDIT_HOLDER_GAINED'] == f'{watched.pid}/{start}/{fd}' and 'SOCKAUDIT_HOLDER_COUNT' not in g
    watched.do('os.close(keep["fd"])')
    assert a.next('connection-vanished', LOCAL_PORT=port)['SOCKAUDIT_CONNECTION'] == e['SOCKAUDIT_CONNECTION']


def test_passed_to_another(audit, actor, tmp_path):
    """From one watched process to another, and on to one that nobody watches."""
    a = audit()
    server, first, second, third = actor('bystander'), actor('watched-first'), actor('watched-second'), actor('bystander')
    port = first.do(CONNECT.format('c', server.do(LISTEN.format('l'))))
    a.next('connection-appeared', 'connection-present', LOCAL_PORT=port, PID=first.pid)
    a.next('process-matched', PID=second.pid)
    a.cycles(2)
    second.tell(f'keep.setdefault("fd", take({str(tmp_path / "pass")!r}))')
    first.do(f'give({str(tmp_path / "pass")!r}, keep["c"].fileno())')
    fd = second.answer()
    e = a.next('connection-changed', LOCAL_PORT=port)
    assert e['SOCKAUDIT_HOLDER_GAINED'].split('/')[::2] == [str(second.pid), str(fd)] and e['SOCKAUDIT_HOLDER_COUNT'] == '2'
    first.do('keep.pop("c").close()')
    a.until(lambda: [c for c in a.of('connection-changed', PID=second.pid) if c['SOCKAUDIT_HOLDER_LOST'].startswith(f'{first.pid}/')], 'lost')
    third.tell(f'keep.setdefault("fd", take({str(tmp_path / "pass")!r}))')
    second.do(f'[give({str(tmp_path / "pass")!r}, keep["fd"]), os.close(keep["fd"])] and None')
    fd = third.answer()
    a.until(lambda: [c for c in a.of('connection-changed') if c.get('SOCKAUDIT_HOLDER_GAINED', '').split('/')[::2] == [str(third.pid), str(fd)]], 'gained')
    third.do('os.close(keep["fd"])')
    a.next('connection-vanished', LOCAL_PORT=port)


def test_first_thread_that_ends(audit, actor):
    """The others go on, and hold what they held: /proc/PID/fd is empty then."""
    a = audit()
    server, process = actor('bystander'), actor('watched-headless')
    port = process.do(CONNECT.format('c', server.do(LISTEN.format('l'))))
    a.next('connection-appeared', 'connection-present', LOCAL_PORT=port)
    process.tell('[threading.Thread(target=lambda: time.sleep(600)).start(), ctypes.CDLL(None).syscall(60, 0)]')
    a.until(lambda: ' Z ' in open(f'/proc/{process.pid}/stat').read(), 'first thread to end')
    a.cycles(15)
    assert not a.of('connection-vanished', 'connection-changed', 'process-gone')
    os.kill(process.pid, 9)
    process.process.wait(PATIENCE)
    a.next('process-gone', PID=process.pid)
    a.next('connection-vanished', LOCAL_PORT=port)


def test_threads(audit, actor):
    """A thread with a watched name is not a process; threads of a watched process are not others."""
    a = audit()
    server, process, named = actor('bystander'), actor('watched-threads'), actor('bystander')
    to = server.do(LISTEN.format('l'))
    a.next('process-matched', PID=process.pid)
    a.cycles(2)  # what the first look shows is present
    run = 'threading.Thread(target=lambda: [name(b"{0}"), keep.setdefault("c", socket.create_connection(("127.0.0.1", {1}))), time.sleep(30)], daemon=True).start()'
    process.do(run.format('innocent', to))
    named.do(run.format('watched-thread', to))
    e = a.next('connection-appeared')
    assert e['SOCKAUDIT_PID'] == str(process.pid)
    a.cycles(12)  # and a rescan
    assert not a.of(PID=named.pid) and len(a.of('connection-appeared')) == 1


def test_shared_table(audit, actor):
    """Who sleeps holds what another opens in the table that both have: it is seen in his turn."""
    a = audit()
    server, parent = actor('bystander'), actor('bystander')
    to = server.do(LISTEN.format('l'))
    sleeper = parent.do('share(b"watched-sleeper")')
    a.next('process-matched', PID=sleeper)
    a.cycles(2)
    port = parent.do(CONNECT.format('c', to))
    e = a.next('connection-appeared', 'connection-present', LOCAL_PORT=port)
    assert e['SOCKAUDIT_PID'] == str(sleeper)
    parent.do('keep.pop("c").close()')
    a.next('connection-vanished', LOCAL_PORT=port)
    os.kill(sleeper, signal.SIGKILL)


def test_short_lived(audit, actor):
    """Processes that live for some milliseconds: what is told of them is theirs, and no more is left of them than was told."""
    a = audit()
    server = actor('bystander')
    to = server.do(LISTEN.format('l'))
    script = f'import socket,sys; open("/proc/self/comm","w").write("watched-short"); s=socket.create_connection(("127.0.0.1",{to}))'
    pids = set()
    for _ in range(30):
        p = subprocess.Popen(actor_command(a, [sys.executable, '-c', script]))
        assert p.wait(PATIENCE) == 0
        pids.add(str(p.pid))
        server.do('keep["l"].accept()[0].close()')
    a.cycles(3)
    told = [e for e in a.events if e['SOCKAUDIT_EVENT'].startswith('connection-')]
    assert {e['SOCKAUDIT_PID'] for e in told} <= pids
    opened = {e['SOCKAUDIT_CONNECTION'] for e in told if e['SOCKAUDIT_EVENT'] in ('connection-appeared', 'connection-present')}
    assert opened == {e['SOCKAUDIT_CONNECTION'] for e in told if e['SOCKAUDIT_EVENT'] == 'connection-vanished'}
    assert {e['SOCKAUDIT_PID'] for e in a.of('process-matched')} == {e['SOCKAUDIT_PID'] for e in a.of('process-gone')}


def actor_command(a, command):
    return ['nsenter', f'--net=/proc/{a.process.pid}/ns/net', *command]


HOSTILE = b'watched\n\x1b[2J)\xff'  # 15 bytes and fewer: a line, a terminal and a parser are to break


@pytest.mark.parametrize('sink', ['json', 'text'])
def test_hostile_name(tmp_path, ns, actor, sink):
    bad = actor('bystander')
    port = bad.do(LISTEN.format('l'))
    bad.do(f'name({HOSTILE!r})')
    (tmp_path / 'sockaudit.yaml').write_text(CONFIG)
    out = subprocess.run(ns.command(BUILD / 'src/sockauditd', f'--config={tmp_path}/sockaudit.yaml', f'--sink={sink}', '--once'),
                         stdout=subprocess.PIPE, check=True, timeout=PATIENCE).stdout
    lines = out.splitlines()
    assert b'\x1b' not in out and b'\xff' not in out and not any(0 < c < 0x20 for line in lines for c in line if c != 9)
    if sink == 'json':
        events = [json.loads(line) for line in lines]
        comm, = {json.dumps(e['SOCKAUDIT_COMM']) for e in events if e.get('SOCKAUDIT_PID') == str(bad.pid)}
        assert json.loads(comm) == 'watched\\x0a\\x1b[2J)\\xff'
        assert any(e.get('SOCKAUDIT_LOCAL_PORT') == str(port) for e in events)
    else:
        assert len(lines) == 5  # started, matched, listening, balance, stopped
        assert out.decode().isprintable() or '\n' in out.decode()


class PidNamespace:
    """A pid (and /proc) of its own, in which pids can be chosen."""

    def __init__(self, ns):
        self.ns = ns
        self.root = Actor('root', ns, prefix=('unshare', '--pid', '--fork', '--mount-proc', '--kill-child'))
        assert self.root.pid == 1
        children = f'/proc/{self.root.process.pid}/task/{self.root.process.pid}/children'
        self.pid = int(open(children).read().split()[0])

    def command(self, *command):
        return ['nsenter', f'--target={self.pid}', '--net', '--pid', '--mount', *map(str, command)]


def test_pid_is_given_again(tmp_path, ns):
    """Its successor under the same pid is somebody else, and its sockets are nobody's that is watched."""
    inside = PidNamespace(ns)
    a = Audit(tmp_path, CONFIG, inside)
    to = inside.root.do(LISTEN.format('l'))
    fork = ('[open("/proc/sys/kernel/ns_last_pid", "w").write("4999") and None, keep.__setitem__("pid", os.fork())] and keep["pid"] or '
            '[name(b"{0}"), keep.setdefault("c", socket.create_connection(("127.0.0.1", {1}))), time.sleep(60)]')
    end = '[os.kill(5000, 9), os.waitpid(5000, 0)][0]'
    try:
        a.cycles(2)
        for n, comm in enumerate(['watched-first', 'innocent', 'watched-third']):
            assert inside.root.do(fork.replace(' and None', '').format(comm, to)) == 5000
            inside.root.do('keep["l"].accept()[0].close()')
            a.cycles(12)
            inside.root.do(end)
            if n != 1:
                a.until(lambda n=n: len(a.of('connection-vanished')) == len(a.of('process-gone')) == n // 2 + 1, 'its end')
        told = a.of('process-matched', 'process-gone', 'connection-appeared', 'connection-present', 'connection-vanished')
        # Before it has its name it may be seen under that of its parent: then its connection is `present`.
        starts = [e['SOCKAUDIT_PROCESS_START'] for e in a.of('process-matched')]
        assert len(starts) == 2 and starts[0] != starts[1]
        comms = [e['SOCKAUDIT_COMM'] for e in told]
        assert sorted(comms) == ['watched-first'] * 4 + ['watched-third'] * 4
        assert len({e['SOCKAUDIT_CONNECTION'] for e in told if 'SOCKAUDIT_CONNECTION' in e}) == 2
    finally:
        subprocess.run(['pkill', '-TERM', '-P', str(a.process.pid)])
        a.process.wait(PATIENCE)
        inside.root.process.kill()
        inside.root.process.wait()
