# SPDX-License-Identifier: MIT
"""Programs in the kernel (collector bpf): what becomes of the daemon where the kernel does not take them, or they stop; and that one story is the same by
whichever collector it is told."""

import re
import signal
from contextlib import closing

import pytest

from audit import CONNECT, LISTEN, Audit, Namespace, actors, preload

CONFIG = '''
interval: 100ms
rescan: 1s
balance: 1s
cpu_max: 100%
watch:
  - name: rule
    match: {comm: "hooked*"}
    sockets: {transport: tcp}
    missed: each
'''
WITHOUT_BTF = ('unshare', '--mount', 'sh', '-ec', 'mount --bind /dev/null /sys/kernel/btf/vmlinux; exec "$@"', 'sh')
WITHOUT_RIGHTS = ('setpriv', '--bounding-set=-bpf,-perfmon,-sys_admin', '--inh-caps=-bpf,-perfmon,-sys_admin')


@pytest.fixture
def ns():
    with closing(Namespace()) as ns:
        yield ns


@pytest.fixture
def actor(ns):
    with actors(ns) as start:
        yield start


def live(actor):
    """A connection that opens and closes while it is looked at; its two ports."""
    server, client = actor('hooked-server'), actor('hooked-client')
    to = server.do(LISTEN.format('l'))
    port = client.do(CONNECT.format('c', to))
    server.do('keep.setdefault("a", keep["l"].accept()[0]).getsockname()[1]')
    return server, client, port


@pytest.mark.parametrize('prefix, why', [(WITHOUT_BTF, r'bpf: (\w+: )?E[A-Z]+'), (WITHOUT_RIGHTS, r'bpf: tcp_state: EPERM')], ids=['btf', 'rights'])
def test_falls_back(tmp_path, ns, actor, prefix, why):
    a = Audit(tmp_path, CONFIG, ns, prefix=prefix)
    started = a.next('audit-started')
    assert started['SOCKAUDIT_COLLECTOR'] == 'sock_diag' and re.search(why, started['SOCKAUDIT_DEGRADED']), started
    a.until(lambda: a.status.cycles >= 1, 'first cycle')
    _, client, port = live(actor)
    a.next('connection-appeared', 'connection-present', LOCAL_PORT=port, PID=client.pid)
    client.do('keep.pop("c").close()')
    a.next('connection-vanished', LOCAL_PORT=port, SEEN_BY='destroy')
    assert a.stop() == 0


def test_asked_for_it_is_refused(tmp_path, ns):
    a = Audit(tmp_path, 'collector: bpf\n' + CONFIG, ns, prefix=WITHOUT_RIGHTS)
    a.process.wait(30)
    a.stop()
    assert a.process.returncode != 0 and any('collector bpf does not work here' in line for line in a.said), a.said


def test_programs_that_stop(tmp_path, ns, actor):
    """unhook.so lets go of them on a signal; then the kernel's own counters show it, and looks go on."""
    a = Audit(tmp_path, 'collector: bpf\n' + CONFIG, ns, environment={'LD_PRELOAD': preload('unhook')})
    a.until(lambda: a.status.cycles >= 1, 'first cycle')
    server, client, port = live(actor)
    assert a.next('connection-appeared', LOCAL_PORT=port)['SOCKAUDIT_SEEN_BY'] == 'bpf'
    a.process.send_signal(signal.SIGUSR1)
    a.until(lambda: any('unhooked' in line for line in a.said), 'word of it')
    later = []
    while not a.of('audit-degraded', CONDITION='hooks'):
        later.append(client.do(CONNECT.format(f'c{len(later)}', server.do('keep["l"].getsockname()[1]'))))
        a.cycles(1)
        assert len(later) < 200
    gap = a.next('audit-gap', GAP_REASON='collector-lost')
    assert 0 < int(gap['SOCKAUDIT_GAP_COUNT']) <= 2 * len(later)
    for p in later:
        a.next('connection-appeared', 'connection-present', LOCAL_PORT=p, PID=client.pid)
    client.do('keep.pop("c").close()')
    assert a.next('connection-vanished', LOCAL_PORT=port)['SOCKAUDIT_SEEN_BY'] != 'bpf'
    a.cycles(3)
    balance = a.of('audit-balance')[-1]
    assert balance.get('SOCKAUDIT_ESTIMATE') == 'yes' and 'by sock_diag' in a.status.last
    assert a.stop() == 0


STORY = '''
interval: 100ms
rescan: 1s
cpu_max: 100%
watch:
  - name: rule
    match: {comm: "hooked*"}
'''
# What polls cannot see, or see later; and what is of a run, not of the story.
OF_THE_TELLER = {'MESSAGE', 'SOCKAUDIT_RUN', 'SOCKAUDIT_SEQ', 'SOCKAUDIT_NOT_BEFORE', 'SOCKAUDIT_NOT_AFTER', 'SOCKAUDIT_SEEN_BY', 'SOCKAUDIT_ATTRIBUTION', 'SOCKAUDIT_END',
                 'SOCKAUDIT_ERROR', 'SOCKAUDIT_DURATION', 'SOCKAUDIT_RTT', 'SOCKAUDIT_STATES', 'SOCKAUDIT_STATE', 'SOCKAUDIT_PREVIOUS_STATE', 'SOCKAUDIT_CLOSED_BY', 'SOCKAUDIT_OPENED_AT',
                 'SOCKAUDIT_OPENED_NOT_BEFORE', 'SOCKAUDIT_PROCESS_START', 'SOCKAUDIT_PEER_PROCESS_START',
                 'SOCKAUDIT_BYTES_RECEIVED', 'SOCKAUDIT_SEND_QUEUE', 'SOCKAUDIT_RECEIVE_QUEUE'}
# ... what comes in the first event about a process alone
OF_THE_FIRST = {f'SOCKAUDIT_{name}' for name in ('EXE_SHA', 'CMDLINE', 'CWD', 'TTY', 'PARENT_PID', 'PARENT_COMM', 'PARENT_EXE', 'PARENT_CMDLINE', 'PARENT_ENTITY')}
# ... and what the text of /proc/net does not have.
OF_THE_COOKIE = {'SOCKAUDIT_CONNECTION', 'SOCKAUDIT_COOKIE', 'SOCKAUDIT_BYTES_SENT', 'SOCKAUDIT_BYTES_RECEIVED', 'SOCKAUDIT_RETRANSMITS', *(
    f'SOCKAUDIT_PEER_{name}' for name in ('BY', 'COMM', 'EXE', 'UID', 'INODE', 'PATH', 'PID', 'PROCESS_ENTITY', 'HOLDER_COUNT', 'STATE', 'UNIT'))}


def story(actor, cycles, changes):
    """TCP, UDP and unix sockets that live for some looks each, one after the other."""
    server, client = actor('hooked-server'), actor('hooked-client')
    cycles()
    to = server.do(LISTEN.format('l'))
    cycles()
    client.do(CONNECT.format('c', to))
    server.do('keep.setdefault("a", keep["l"].accept()[0]).getsockname()[1]')
    client.do('keep["c"].send(b"x" * 1000)')
    server.do('keep["a"].recv(1000, socket.MSG_WAITALL) and None')
    cycles()
    client.do('keep["c"].shutdown(socket.SHUT_WR)')
    changes(2)
    server.do('keep.pop("a").close()')
    client.do('keep.pop("c").close()')
    cycles()
    client.do('keep.setdefault("u", socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).connect(("127.0.0.1", 9))')
    server.do('keep.update(zip("pq", socket.socketpair()))')
    cycles()
    client.do('keep.pop("u").close()')
    server.do('[keep.pop(k).close() for k in "pql"] and None')
    cycles()


def told(a, without):
    return sorted(sorted((k, v) for k, v in e.items() if k not in OF_THE_TELLER | OF_THE_FIRST | without) for e in a.events
                  if e['SOCKAUDIT_EVENT'].startswith(('connection-', 'listener-')))


def differences(one, other):
    return [sorted(set(a) ^ set(b)) for a, b in zip(one, other) if a != b] or len(one) - len(other)


def test_one_story(tmp_path, ns, actor):
    audits = {}
    for collector in 'bpf', 'sock_diag', 'proc':
        (tmp_path / collector).mkdir()
        audits[collector] = Audit(tmp_path / collector, f'collector: {collector}\n{STORY}', ns)

    def cycles():
        for a in audits.values():
            a.cycles(3)

    def changes(n):
        """Until so many states have lasted long enough to be told."""
        for a in audits.values():
            a.until(lambda a=a: len(a.of('connection-changed')) >= n, f'{n} changes')

    cycles()
    story(actor, cycles, changes)
    assert [a.stop() for a in audits.values()] == [0, 0, 0]
    for collector, a in audits.items():
        print(collector, *sorted(e['MESSAGE'] for e in a.events if e['SOCKAUDIT_EVENT'].startswith(('connection-', 'listener-'))), sep='\n    ')
    assert len(told(audits['bpf'], set())) >= 12, [e['MESSAGE'] for e in audits['bpf'].events]
    assert differences(told(audits['bpf'], set()), told(audits['sock_diag'], set())) == 0
    assert differences(told(audits['bpf'], OF_THE_COOKIE), told(audits['proc'], OF_THE_COOKIE)) == 0
