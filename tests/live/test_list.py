# SPDX-License-Identifier: MIT
"""`sockaudit list` about real sockets: against ss(8), lsof(8) and lsfd(1), against what was made, and as a user who may not see all."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from conftest import ANSWER, BUILD

ROOT = Path(__file__).resolve().parents[2]
SOCKAUDIT = BUILD.parents[1] / 'src' / 'sockaudit'
PR_SET_NAME = 15
NOBODY = 65534
COLLECTORS = ['sock_diag', 'proc']

OK, WRONG, USAGE, INCOMPLETE = range(4)

KINDS = [('tcp4-pair', 'N=2', 'SEND=1000'), ('tcp6-pair',), ('tcp-mapped',), ('tcp-half-closed',), ('udp-pair', 'SEND=700'), ('udp6',),
         ('raw4',), ('unix-connected', 'PATH=0068', 'SEND=3'), ('unix-pair', 'TYPE=seqpacket')]


def command(*arguments, prefix=(), stdin=subprocess.DEVNULL):
    return subprocess.run([*prefix, SOCKAUDIT, *map(str, arguments)], stdin=stdin, capture_output=True, text=True, timeout=ANSWER,
                          check=False)


def alone(*arguments):
    """Where no other process exists that could not be read."""
    return command(*arguments, prefix=['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'])


def as_nobody(*arguments):
    return command(*arguments, prefix=['setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups'])


def rows_of(*arguments):
    answer = command('list', '--json', *arguments)
    assert answer.returncode == OK, answer.stderr
    return json.loads(answer.stdout)


def row_of(rows, pid, socket):
    one, = [r for r in rows if (r.get('pid'), r.get('fd'), r['inode']) == (pid, socket.fd, socket.inode)]
    return one


def holders(row):
    return {(h['pid'], h['fd']) for h in row.get('peer_holders', [])}


def output_of(*arguments):
    return subprocess.run(list(map(str, arguments)), stdout=subprocess.PIPE, text=True, timeout=ANSWER, check=True).stdout


@pytest.fixture
def child():
    """Python code in another process, which prints a line when it is ready."""
    running = []

    def run(code, *prefix):
        process = subprocess.Popen([*prefix, sys.executable, '-c', code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        running.append(process)
        return process.pid, process.stdout.readline().strip()

    yield run
    for process in running:
        process.stdin.close()
        process.wait(ANSWER)
        process.stdout.close()


# --- against other programs ---------------------------------------------------------------------------

@pytest.mark.parametrize('namespace', [(), ('NETNS=new',)], ids=['own', 'new'])
@pytest.mark.parametrize('collector', COLLECTORS)
@pytest.mark.parametrize('kind', KINDS, ids=' '.join)
def test_as_ss(sockets, ss, ss_unix, kind, collector, namespace):
    made = sockets(*kind, *namespace)
    rows = rows_of(f'--collector={collector}', made.pid)
    inet, unix = ss(made.pid), ss_unix(made.pid)
    assert len(rows) == len(made.sockets)
    for socket in made.sockets:
        row = row_of(rows, made.pid, socket)
        if row['family'] == 'unix':
            expected = unix[socket.inode]
            assert (row['transport'], row['state'], row.get('local_path', '')) == \
                (expected['transport'], expected['state'], expected['path'])
            assert collector == 'proc' or row.get('peer_inode', 0) == expected['peer_inode']
            continue
        expected = inet.get(socket.inode) or inet['raw', socket.port]
        assert [row['local_address'], row.get('local_port', expected['local'][1])] == expected['local']
        assert [row.get('peer_address', expected['peer'][0]), row.get('peer_port', 0)] == expected['peer']
        assert (row['transport'], row['state']) == (expected['transport'], expected['state'])
        assert row['receive_queue'] == expected['receive_queue']
        assert row['state'] == 'listening' or row['send_queue'] == expected['send_queue']


def test_no_descriptor_is_left_out(child):
    pid, _ = child('import socket as s, os, sys\n'
                   'k = [s.socket(), s.socket(s.AF_INET6, s.SOCK_DGRAM), s.socket(s.AF_UNIX), s.socket(s.AF_NETLINK, s.SOCK_RAW, 0),'
                   ' s.socket(s.AF_PACKET, s.SOCK_RAW, 0), s.socket(s.AF_INET, s.SOCK_RAW, 1), s.create_server(("127.0.0.1", 0)),'
                   ' *s.socketpair()]\n'
                   'k.append(k[0].dup())\n'
                   'print(flush=True); sys.stdin.read()')
    rows = rows_of(pid)
    found = {(r['fd'], r['inode']) for r in rows}

    lsof = output_of('lsof', '-n', '-P', '-p', pid, '-F', 'fit')
    by_lsof = {int(fd) for fd, kind in re.findall(r'^f(\d+)\nt(\w+)$', lsof, re.M) if kind not in ('REG', 'DIR', 'CHR', 'FIFO', 'a_inode')}
    by_lsfd = {(int(fd), int(inode)) for fd, inode in
               re.findall(r'^(\d+) sockfs (\d+)$', output_of('lsfd', '-n', '-r', '-p', pid, '-o', 'ASSOC,SOURCE,INODE'), re.M)}
    assert len(found) == 10
    assert {fd for fd, _ in found} == by_lsof
    assert found == by_lsfd
    assert {r['family'] for r in rows} == {'ipv4', 'ipv6', 'unix', 'netlink', 'packet'}
    unlisted = {(r['family'], r.get('transport'), r['protocol'], r.get('state')) for r in rows if not r['listed']}
    assert unlisted == {('ipv4', 'tcp', 'TCP', 'unconnected'), ('ipv6', 'udp', 'UDPv6', 'unconnected'), ('netlink', None, 'NETLINK', 'unconnected')}
    packet, = [r for r in rows if r['family'] == 'packet']
    assert (packet['listed'], packet['transport'], packet['protocol'], packet['state']) == (True, 'raw', 'none', 'unconnected')
    assert [r['holders'] for r in rows if r['protocol' if 'protocol' in r else 'state'] == 'TCP'] == [2, 2]


# --- peers --------------------------------------------------------------------------------------------

@pytest.mark.parametrize('kind', ['tcp4-pair', 'tcp6-pair', 'tcp-mapped'])
def test_inet_peers(sockets, kind):
    made = sockets(kind)
    rows = rows_of(made.pid)
    client, server = row_of(rows, made.pid, made['client']), row_of(rows, made.pid, made['server'])
    assert (client['direction'], server['direction']) == ('egress', 'ingress')
    assert client['peer_inode'] == server['inode'] and server['peer_inode'] == client['inode']
    assert holders(client) == {(made.pid, made['server'].fd)}


def test_inet_peer_of_another_namespace_is_not_taken(sockets):
    a, b = sockets('tcp4-pair', 'NETNS=new'), sockets('tcp4-pair', 'NETNS=new')
    rows = rows_of(a.pid, b.pid)
    assert row_of(rows, a.pid, a['client'])['peer_inode'] == a['server'].inode
    assert row_of(rows, b.pid, b['client'])['peer_inode'] == b['server'].inode
    assert row_of(rows, a.pid, a['client'])['netns_cookie'] != row_of(rows, b.pid, b['client'])['netns_cookie']


def test_unix_peer_in_another_namespace(child, tmp_path):
    """An accepted unix socket lives in the namespace of its client."""
    path = tmp_path / 'x.sock'
    server, _ = child(f'import socket as s, sys\nl = s.socket(s.AF_UNIX); l.bind({str(path)!r}); l.listen(); print(flush=True)\n'
                      'a = l.accept(); a[0].send(b"."); sys.stdin.read()')
    _, client = child(f'import socket as s, sys, os\nc = s.socket(s.AF_UNIX); c.connect({str(path)!r}); c.recv(1); print(os.getpid(), flush=True)\n'
                      'sys.stdin.read()', 'unshare', '--net')
    client = int(client)

    from_client, = rows_of(client)
    assert (from_client['direction'], from_client['peer_path']) == ('egress', str(path))
    assert {pid for pid, _ in holders(from_client)} == {server}
    accepted, = [r for r in rows_of(server) if r['state'] == 'established']
    assert (accepted['direction'], accepted['local_path']) == ('ingress', str(path))
    assert {pid for pid, _ in holders(accepted)} == {client}
    assert accepted['process_netns'] != accepted['netns'] == from_client['netns']

    both = rows_of(path)
    assert {(r['pid'], r['state']) for r in both} == {(server, 'listening'), (server, 'established'), (client, 'established')}
    assert str(path) in command('list', client).stdout


def test_clients_of_a_datagram_server(child):
    pid, _ = child('import socket as s, sys\nd = s.socket(s.AF_UNIX, s.SOCK_DGRAM); d.bind("\\0" + "clients")\n'
                   'c = [s.socket(s.AF_UNIX, s.SOCK_DGRAM) for _ in range(3)]\nfor x in c: x.connect("\\0" + "clients")\n'
                   'print(d.fileno(), flush=True); sys.stdin.read()')
    rows = rows_of(pid)
    server, = [r for r in rows if r.get('local_path') == '@clients']
    assert (server['client_count'], len(server['peer_holders']), server['direction']) == (3, 3, 'ingress')
    assert [r['direction'] for r in rows if r.get('peer_path') == '@clients'] == ['egress'] * 3
    assert ' and 2 more' in command('list', pid).stdout


def test_not_accepted(sockets):
    made = sockets('tcp-unaccepted', 'N=2')
    answer = command('list', made.pid).stdout
    assert answer.count('(not accepted)') == 2
    rows = rows_of(f':{made["listener"].port}')
    assert len([r for r in rows if 'pid' not in r]) == 2
    assert command('list', f':{made["listener"].port}').stdout.count('\n-  ') == 2


# --- hostile names ------------------------------------------------------------------------------------

def test_nothing_is_printed_raw(child):
    name = b'\x1b[31m\xe2\x80\xae\xff'
    pid, _ = child('import socket as s, sys, ctypes\n'
                   f'ctypes.CDLL(None).prctl({PR_SET_NAME}, {name!r}, 0, 0, 0)\n'
                   f'u = s.socket(s.AF_UNIX); u.bind(b"\\0" + {name!r} + b"\\n\\\\"); u.listen(); print(flush=True); sys.stdin.read()')
    for options in [], ['--json'], ['--columns=comm,local,exe'], ['--columns=process,count,local']:
        answer = subprocess.run([SOCKAUDIT, 'list', *options, str(pid)], capture_output=True, timeout=ANSWER, check=False).stdout
        assert not re.search(rb'[\x00-\x09\x0b-\x1f\x7f]', answer), options
        text = answer.decode()
        assert '\u202e' not in text
        assert ('\\\\x1b[31m' if '--json' in options else '\\x1b[31m') in text
    row, = rows_of(pid)
    assert row['local_path'] == r'@\x1b[31m\xe2\x80\xae\xff\x0a\\'


def test_messages_are_not_raw_either():
    answer = alone('list', 'no\x1b[31m\u202ename')
    assert answer.returncode == WRONG
    assert r'no\x1b[31m\xe2\x80\xaename' in answer.stderr and '\x1b' not in answer.stderr


# --- who it is ----------------------------------------------------------------------------------------

@pytest.fixture
def cgroup():
    """A control group of the host, as a container runtime would make it; gone with its processes."""
    root = next(Path(line.split()[1]) for line in Path('/proc/mounts').read_text().splitlines() if line.split()[2] == 'cgroup2')
    made = []

    def make(*names):
        path = root
        for name in names:
            path = path / name
            path.mkdir()
            made.append(path)
        return path

    yield make
    for path in reversed(made):
        path.rmdir()


def test_container_and_user(cgroup, child):
    """By what the kernel says of a real control group, with targets by container, by pod and by user."""
    ident, pod = f'{os.getpid():012x}' + '0123456789abcdef' * 3 + '0123', f'{os.getpid():08x}-1111-2222-3333-444455556666'
    path = cgroup(f'kubepods-besteffort-pod{pod.replace("-", "_")}.slice', f'cri-containerd-{ident}.scope')
    pid, _ = child('import socket as s, os, sys\nk = s.create_server(("127.0.0.1", 0))\n'
                   f'open("{path}/cgroup.procs", "w").write("0")\nos.setresuid(1234, 1234, 1234)\nos.chdir("/")\n'
                   'print(flush=True); sys.stdin.read()')
    for target in f'container:{ident[:12]}', f'container:{ident}', f'container:{pod}', 'user:1234', f'cri-containerd-{ident}.scope':
        row, = [r for r in rows_of(target) if r.get('pid') == pid]
        assert (row['container'], row['container_runtime'], row['pod_uid']) == (ident, 'containerd', pod)
        assert (row['uid'], row['user'], row['parent'], row['unit']) == (1234, '1234', os.getpid(), f'cri-containerd-{ident}.scope')
    assert row['cgroup'].endswith(f'/{path.parent.name}/{path.name}')
    login = int(Path(f'/proc/{pid}/loginuid').read_text()) if Path(f'/proc/{pid}/loginuid').exists() else 4294967295
    assert row.get('login_uid', 4294967295) == login
    assert pid not in {r['pid'] for r in json.loads(command('list', '--json', 'user:root').stdout)}
    assert command('list', '--columns=container,pod,user', pid).stdout.split()[3:6] == [ident, pod, '1234']


# --- a user who may not see all -----------------------------------------------------------------------

def test_user_sees_own(sockets):
    made = sockets('tcp4-pair')
    answer = as_nobody('list', made.pid)
    assert answer.returncode == INCOMPLETE
    assert '1 process of others could not be read; run as root to see them' in answer.stdout
    assert as_nobody('list', '--json', made.pid).stderr == 'sockaudit: 1 process of others could not be read; run as root to see them\n'

    answer = as_nobody('list', f':{made["listener"].port}')
    assert answer.returncode == INCOMPLETE
    assert '?[?]' in answer.stdout

    with tempfile.TemporaryDirectory() as open_to_all:  # unlike a clone in the home of root
        own_sockaudit = shutil.copy(SOCKAUDIT, open_to_all)
        os.chmod(open_to_all, 0o755)
        os.chmod(own_sockaudit, 0o755)
        own = subprocess.run(['setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups', sys.executable, '-c',
                              'import socket, subprocess, sys, os\nl = socket.create_server(("127.0.0.1", 0)); os.set_inheritable(l.fileno(), False)\n'
                              'r = subprocess.run([sys.argv[1], "list", str(os.getpid())]); sys.exit(r.returncode)', own_sockaudit],
                             capture_output=True, text=True, timeout=ANSWER, check=False)
    assert own.returncode == OK, own
    assert 'listening' in own.stdout


def test_user_may_have_missed_it():
    answer = as_nobody('list', 'no-such-name')
    assert answer.returncode == INCOMPLETE
    assert 'executables of' in answer.stderr
    assert as_nobody('list', '4194300').returncode == WRONG
    assert as_nobody('list').returncode == INCOMPLETE


# --- options and exit codes ---------------------------------------------------------------------------

@pytest.mark.parametrize('arguments', [
    ['--columns=process,nonsense'], ['--columns='], ['--columns'], ['--nope'], ['-\x1b'], ['--collector=x'], ['10.0.0.1/8'], ['user:no-such-user'],
    ['container:'], ['inode:0'], [''],
])
def test_usage(arguments):
    answer = command('list', *arguments)
    assert (answer.returncode, answer.stdout) == (USAGE, '')
    assert answer.stderr.startswith('sockaudit: ') and '\x1b' not in answer.stderr


def test_unknown_column_tells_which_there_are():
    assert 'process, pid, comm' in command('list', '--columns=x').stderr


def test_help():
    answer = command('list', '--help')
    assert (answer.returncode, answer.stderr) == (OK, '')
    assert max(map(len, answer.stdout.splitlines())) <= 80


def test_nothing_matches():
    answer = command('list', '4194300')
    assert (answer.returncode, answer.stderr) == (WRONG, 'sockaudit: 4194300: no process matches\n')
    assert alone('list', 'inode:4294967294').returncode == WRONG
    assert alone('list', 'no-such-name').returncode == WRONG
    assert alone('list').returncode == OK


def test_columns_and_headings(sockets):
    made = sockets('tcp4')
    answer = command('list', '--no-headings', '--columns=pid,fd,state,inode', made.pid)
    socket = made['listener']
    assert answer.stdout.split() == [str(made.pid), str(socket.fd), 'listening', str(socket.inode)]
    assert command('list', '--columns=fd,pid', made.pid).stdout.splitlines()[0].split() == ['FD', 'PID']


@pytest.mark.parametrize('target', ['inode:{inode}', ':{port}', '127.0.0.1:{port}', 'mksockets'])
def test_targets(sockets, target):
    made = sockets('tcp4')
    socket = made['listener']
    rows = rows_of(target.format(inode=socket.inode, port=socket.port))
    assert (made.pid, socket.fd) in {(r.get('pid'), r.get('fd')) for r in rows}
    assert target == 'mksockets' or len(rows) == 1


def test_whole_text_in_a_pipe_fits_a_terminal(sockets):
    made = sockets('unix', 'PATH=' + (b'/tmp/' + b'x' * 90).hex())
    Path('/tmp/' + 'x' * 90).unlink()
    assert 'x' * 90 in command('list', made.pid).stdout
    on_terminal = output_of('script', '-qec', f'stty cols 90; {SOCKAUDIT} list {made.pid}', '/dev/null').splitlines()
    assert 'x' * 90 not in on_terminal[1] and '…' in on_terminal[1]
    assert len(on_terminal[1]) <= 90


GROUPED = '''
import socket as s, subprocess, sys, json
l = s.create_server(("127.0.0.1", 5000), backlog=100)
c = [s.create_connection(("127.0.0.1", 5000)) for _ in range(30)]
a = [l.accept()[0] for _ in c]
run = lambda *o: subprocess.run([sys.argv[1], "list", *o], capture_output=True, text=True).stdout
print(json.dumps([run("--no-headings"), run("--no-headings", "--all"), run(), json.loads(run("--json"))]))
'''


def test_grouped_without_target():
    grouped, every, footer, rows = json.loads(output_of('unshare', '--net', '--pid', '--fork', '--mount-proc', '--kill-child', 'sh', '-c',
                                                        'ip link set lo up && exec "$@"', 'sh', sys.executable, '-c', GROUPED, SOCKAUDIT))
    assert re.search(r'tcp +127\.0\.0\.1 +-> +127\.0\.0\.1:5000 \S+ +30 established', grouped)
    assert re.search(r'tcp +127\.0\.0\.1:5000 +<- +127\.0\.0\.1 \S+ +30 established', grouped)
    assert re.search(r'tcp +127\.0\.0\.1:5000 +-- +- +1 listening', grouped)
    assert len(grouped.splitlines()) == 3
    assert len(every.splitlines()) == len(rows) == 61
    assert re.search(r'^61 sockets of 1 process, counted by peer \(--all shows each\)\. Seen \d\d:\d\d:\d\d\.\d{3} to \S*\.\d{3} by \w+; nothing denied\.$',
                     footer, re.M)


# --- the manual ---------------------------------------------------------------------------------------

def test_keys_are_in_the_manual(sockets):
    manual = (ROOT / 'man/sockaudit.1.scd').read_text(encoding='utf-8')
    documented = set(re.findall(r'\*([a-z_]+)\*', manual.split('# JSON')[1].split('# EXIT STATUS')[0]))
    source = (ROOT / 'src/inspect/list-json.c').read_text(encoding='utf-8')
    written = set(re.findall(r'json_(?:add|number|figure|word|bytes|uid|user)\([^"\n]*"(\w+)"', source)) | \
        set(re.findall(r'json_endpoint\(j, "(\w+)"', source)) | set(re.findall(r'json_endpoint\(j, "\w+", "(\w+)"', source))
    assert len(written) > 30 and written - documented == set()

    for kind in KINDS:
        made = sockets(*kind)
        for row in rows_of(made.pid):
            assert set(row) - documented == set()
            assert '' not in row.values() and None not in row.values()


def test_columns_are_in_the_manual():
    manual = (ROOT / 'man/sockaudit.1.scd').read_text(encoding='utf-8').split('# COLUMNS')[1].split('# JSON')[0]
    names = command('list', '--help').stdout.split('Columns')[1:]
    assert {n for part in names for n in part.split(':')[1].split()} - set(re.findall(r'\*([a-z]+)\*', manual)) == set()
