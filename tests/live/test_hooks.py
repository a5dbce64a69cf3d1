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
    a.next('connection-vanished', LOCAL_PORT=port, SEEN_BY='destroy')
    a.cycles(3)
    balance = a.of('audit-balance')[-1]
    assert balance.get('SOCKAUDIT_ESTIMATE') == 'yes' and 'by sock_diag' in a.status.last
    assert a.stop() == 0
