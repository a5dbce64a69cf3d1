# SPDX-License-Identifier: MIT
"""sockaudit doctor as root, as nobody, with few capabilities, and beside journalds of different minds; held against what others say."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

BUILD = Path(os.environ['BUILD_DIR'])
SOCKAUDIT = BUILD / 'src/sockaudit'
JOURNALD = Path(__file__).parents[1] / 'journald/with-journald'
NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
PATIENCE = 120 * int(os.environ.get('SLOWNESS', 1))

CONTAINER = ['setpriv', '--bounding-set', '-sys_admin,-sys_ptrace,-net_admin,-net_broadcast,-dac_read_search']


def ask(*prefix, expected=None):
    """Its checks, by name."""
    r = subprocess.run([*map(str, prefix), SOCKAUDIT, 'doctor', '--json'], capture_output=True, text=True, timeout=PATIENCE, check=False)
    checks = json.loads(r.stdout)
    needed = {c['state'] for c in checks if not c['optional']}
    assert r.returncode == (1 if needed & {'no', 'degraded'} else 3 if 'unknown' in needed else 0), r.stderr
    assert expected is None or r.returncode == expected
    assert all(c['state'] in ('ok', 'degraded', 'no', 'unknown') and c['what'] for c in checks)
    assert len({c['check'] for c in checks}) == len(checks)
    return {c['check']: c for c in checks}


def states(checks, *names):
    return {name: checks[name]['state'] for name in names}


def all_of(state, *names):
    return {name: state for name in names}


def test_as_root():
    c = ask(expected=1)  # no service here
    assert states(c, 'kernel', 'processes', 'text', 'sock_diag tcp', 'sock_diag udp', 'sock_diag unix', 'namespaces', 'counters', 'descriptors') == \
        all_of('ok', 'kernel', 'processes', 'text', 'sock_diag tcp', 'sock_diag udp', 'sock_diag unix', 'namespaces', 'counters', 'descriptors')
    assert c['kernel']['what'].startswith(os.uname().release)
    assert (c['btf']['state'] == 'ok') == Path('/sys/kernel/btf/vmlinux').exists()
    assert c['service']['state'] == 'no' and c['service']['remedy']
    assert re.match(rf'\d+ processes', c['processes']['what'])
    # We are in namespaces of our own: nobody confirms there.
    assert c['process notices']['state'] == 'no'


@pytest.mark.parametrize('family, option', [('tcp', '-tlH'), ('unix', '-xaH'), ('udp', '-uaH')])
def test_counts_what_ss_counts(family, option):
    lines = subprocess.run(['ss', '-n', option], capture_output=True, text=True, check=True).stdout.splitlines()
    if family != 'unix':
        assert int(re.match(r'\d+', ask()[f'sock_diag {family}']['what'])[0]) == len(lines)
    else:  # others come and go
        assert ask()[f'sock_diag {family}']['state'] == 'ok'


@pytest.mark.parametrize('prefix', [[], NOBODY, CONTAINER, ['unshare', '--net']], ids=['root', 'nobody', 'container', 'namespace'])
def test_self_test(prefix):
    c = ask(*prefix)
    if prefix == ['unshare', '--net']:  # where lo is down, but a namespace of its own can be had
        assert 'of its own appeared' in c['self-test proc']['what']
    for name in 'self-test sock_diag', 'self-test proc':
        where = 'in a network namespace of its own' if prefix in ([], ['unshare', '--net']) else 'on loopback, without'
        assert c[name]['state'] == 'ok', c[name]
        found = re.match(rf'a connection of its own appeared after (\d+)\.\d ms and vanished after (\d+)\.\d ms, {where}', c[name]['what'])
        assert found and int(found[1]) < 5000 and int(found[2]) < 5000


def test_self_test_fails():
    """It demands: without loopback, and without the right to a namespace with another one, there is no connection to be seen."""
    c = ask('unshare', '--net', *CONTAINER, expected=1)
    for name in 'self-test sock_diag', 'self-test proc':
        assert (c[name]['state'], c[name]['what']) == ('no', 'on loopback, without a network namespace of its own: Network is unreachable')
        assert c[name]['remedy']


def test_as_nobody():
    c = ask(*NOBODY, expected=1)
    for name in 'capabilities', 'processes', 'namespaces':
        assert c[name]['state'] == 'degraded' and c[name]['remedy'], name
    assert 'CAP_SYS_PTRACE' in c['capabilities']['what'] and 'CAP_SYS_ADMIN' in c['capabilities']['what']
    assert states(c, 'sock_diag tcp', 'text', 'counters') == all_of('ok', 'sock_diag tcp', 'text', 'counters')
    wanted = int(Path('/proc/sys/net/core/rmem_max').read_text()) >= 32 << 20
    assert c['buffers']['state'] == ('ok' if wanted else 'degraded')


def test_in_a_container():
    c = ask(*CONTAINER, expected=1)
    assert c['namespaces']['state'] == 'degraded' and 'sockauditd-netns.conf' in c['namespaces']['remedy']
    assert c['closes tcp']['state'] == 'degraded' and 'CAP_NET_BROADCAST' in c['closes tcp']['remedy']
    missing = re.findall(r'CAP_[A-Z_]+', c['capabilities']['what'])
    assert sorted(missing) == ['CAP_DAC_READ_SEARCH', 'CAP_NET_ADMIN', 'CAP_NET_BROADCAST', 'CAP_SYS_ADMIN', 'CAP_SYS_PTRACE']


def test_few_descriptors():
    assert ask('prlimit', '--nofile=64')['descriptors']['state'] == 'degraded'


def test_hidden_processes():
    c = ask('unshare', '--mount', 'sh', '-c', 'mount -t proc -o hidepid=invisible proc /proc && exec "$@"', 'sh', *NOBODY)
    assert c['processes']['state'] == 'degraded'


def without_journald(*rest):
    return 'unshare', '--mount', 'sh', '-c', 'mount -t tmpfs tmpfs /run && exec "$@"', 'sh', *rest


def test_without_journald():
    c = ask(*without_journald(), expected=1)
    assert c['journald']['state'] == 'no' and c['journald']['remedy']


def test_with_journald():
    c = ask(JOURNALD, '--')
    assert states(c, 'journald', 'rate limit', 'syslog') == all_of('ok', 'journald', 'rate limit', 'syslog')
    assert c['journal']['state'] == 'ok', c['journal']
    # A second old and with all its room before it. test_keeps.py has journals of which more can be said.
    assert c['keeps']['state'] == 'unknown' and c['keeps']['optional'] and 'too young' in c['keeps']['what'], c['keeps']
    # That journald is volatile, and its configuration says so.
    assert c['storage'] == {'check': 'storage', 'state': 'degraded', 'optional': False, 'what': 'Storage=volatile: the journal ends with the boot',
                            'remedy': c['storage']['remedy']}


@pytest.mark.parametrize('setting, name, state', [
    ('Storage=none', 'storage', 'no'),
    ('Storage=persistent', 'storage', 'ok'),
    ('RateLimitIntervalSec=30s', 'rate limit', 'degraded'),
    ('RateLimitBurst=0', 'rate limit', 'ok'),
    ('Storage=none', 'keeps', 'no'),
    ('MaxRetentionSec=a while', 'keeps', 'unknown'),
    ('MaxLevelStore=notice', 'level', 'no'),
    ('MaxLevelStore=5', 'level', 'no'),
    ('MaxLevelStore=info', 'level', 'ok'),
    ('MaxLevelStore=7', 'level', 'ok'),
    ('MaxLevelStore=loud', 'level', 'unknown'),
    ('SyncIntervalSec=1', 'level', 'ok'),
])
def test_settings_of_journald(setting, name, state):
    c = ask(JOURNALD, '-c', setting, '--')
    assert c[name]['state'] == state, c[name]


def test_forwarding_to_syslog():
    listener = 'import socket, os, sys; s = socket.socket(1, 2); s.bind("/run/systemd/journal/syslog"); os.execv(sys.argv[1], sys.argv[1:])'
    for setting, state in ('yes', 'degraded'), ('no', 'ok'):
        c = ask(JOURNALD, '-c', f'ForwardToSyslog={setting}', '--', sys.executable, '-c', listener)
        assert c['syslog']['state'] == state, c['syslog']


def with_files(tmp_path, state=None, config=None, size='64M'):
    """In a mount namespace with that outbox, of a file system of this size, and that configuration."""
    commands = []
    if state is not None:
        (tmp_path / 'outbox').write_bytes(state)
        commands.append(f'mount -t tmpfs -o size={size} tmpfs /var/lib && mkdir -m 755 /var/lib/sockaudit && cp {tmp_path}/outbox /var/lib/sockaudit')
    if config is not None:
        (tmp_path / 'sockaudit.yaml').write_text(config)
        commands.append('mount -t tmpfs tmpfs /mnt && mkdir /mnt/upper /mnt/work && '
                        'mount -t overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work overlay /etc && '
                        f'mkdir -p /etc/sockaudit && cp {tmp_path}/sockaudit.yaml /etc/sockaudit')
    return 'unshare', '--mount', 'sh', '-c', ' && '.join([*commands, 'exec "$@"']), 'sh'


HEAD = b'sockaudit outbox 1\n'
RULE = 'watch: [{name: all}]\n'


@pytest.mark.parametrize('waiting, size, state, told', [
    (0, '64M', 'ok', '0 B wait'),
    (3 << 10, '64M', 'ok', '3.0 KiB wait'),
    (6 << 20, '64M', 'degraded', '6.0 MiB wait'),
    (0, '4M', 'degraded', 'room for 3.9 MiB'),
])
def test_outbox(tmp_path, waiting, size, state, told):
    c = ask(*with_files(tmp_path, HEAD + bytes(waiting), RULE + 'limits: {outbox: 10M}\n', size))['outbox']
    assert c['state'] == state and told in c['what'] and ('remedy' in c) == (state == 'degraded'), c


def test_outbox_of_nobody(tmp_path):
    c = ask(*with_files(tmp_path, HEAD), 'sh', '-c', 'chmod 0700 /var/lib/sockaudit && exec "$@"', 'sh', *NOBODY)['outbox']
    assert c['state'] == 'unknown' and c['remedy'] == 'root', c


@pytest.mark.parametrize('config, state', [
    (RULE, 'degraded'),
    ('watch: [{name: some, match: {comm: "rsys*"}}]\n', 'degraded'),
    ('watch: [{name: some, match: {comm: nginx}}]\n', 'ok'),
    (RULE + 'exclude: [{match: {comm: rsyslogd}}]\n', 'ok'),
])
def test_forwarders(tmp_path, config, state):
    program = tmp_path / 'rsyslogd'
    shutil.copy('/bin/sleep', program)
    with subprocess.Popen([program, '600']) as p:
        while Path(f'/proc/{p.pid}/comm').read_text() != 'rsyslogd\n':
            time.sleep(0.01)
        c = ask(*with_files(tmp_path, config=config))['forwarders']
        p.kill()
    assert c['state'] == state and c['optional'], c
    assert (f'rsyslogd[{p.pid}]' in c['what']) == (state == 'degraded') or 'no rule' in c['what'], c


def test_nobody_may_not_read_the_journal():
    c = ask(JOURNALD, '--', *NOBODY)
    assert c['journal']['state'] == 'no' and 'systemd-journal' in c['journal']['remedy']
    assert c['keeps']['state'] == 'unknown' and 'systemd-journal' in c['keeps']['remedy']
    assert c['journald']['state'] == 'ok'


def test_text():
    r = subprocess.run([*NOBODY, SOCKAUDIT, 'doctor'], capture_output=True, text=True, timeout=PATIENCE, check=False)
    lines = r.stdout.splitlines()
    assert r.returncode == 1 and r.stderr == ''
    assert re.match(r'kernel +ok +\d', lines[0])
    assert any(re.match(r' +=> ', line) for line in lines)
    assert re.match(r'\d+ checks: \d+ ok, \d+ degraded, \d+ no, \d+ unknown\. What is needed does not all work\.', lines[-1])


@pytest.mark.parametrize('arguments', [['--no-such-option'], ['stray'], ['--json=1']])
def test_usage(arguments):
    r = subprocess.run([SOCKAUDIT, 'doctor', *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (r.returncode, r.stdout) == (2, '') and r.stderr
