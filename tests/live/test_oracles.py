# SPDX-License-Identifier: MIT
"""`sockaudit list --all --json` of a machine with every kind of socket in three network namespaces, against ss(8), lsof(8) and lsfd(1), each of which
finds out for itself.

Each program gives rows of what it knows of a socket: inode, holders, family and transport, addresses, state, interface, peer. All that it
knows is compared. A difference must have an explanation in DIFFERENCES, by name, and each explanation must be needed."""

import json
import re
import subprocess
from types import SimpleNamespace

import pytest
from audit import Namespace
from conftest import ANSWER, BUILD, Made

SOCKAUDIT = BUILD.parents[1] / 'src' / 'sockaudit'

NAMES = {'spaces': b'\0a b  c', 'newline': b'\0two\nlines', 'nuls': b'\0a\0b'}

# In turns in one of the three namespaces.
KINDS = [
    'tcp4', 'tcp6', 'tcp4-pair N=2', 'tcp6-pair', 'tcp-mapped', 'tcp-half-closed', 'tcp-unaccepted N=2', 'tcp-reuseport N=3', 'tcp-syn-sent',
    'tcp-orphan', 'tcp-on-device', 'tcp-unbound', 'dup', 'udp4', 'udp6', 'udp-pair SEND=7', 'udp-reuseport N=2', 'udp-on-device', 'udp-unbound',
    'udplite', 'raw4', 'raw6', 'icmp4', 'icmp6', 'packet', 'netlink', 'mptcp-pair', 'mptcp-fallback', 'vsock', 'unix', 'unix TYPE=dgram',
    'unix-pair', 'unix-pair TYPE=dgram', 'unix-pair TYPE=seqpacket', 'unix-shutdown', 'unix-unaccepted PATH=00756e', 'unix-connected PATH={path}',
    'unix-connected TYPE=dgram PATH={path}', 'unix-connected TYPE=seqpacket PATH={path}', *(f'unix-connected PATH={n.hex()}' for n in NAMES.values()),
    'tcp4-pair UID=1234', 'packet', 'netlink', 'mptcp-pair', 'udplite', 'tcp-half-closed',
]

# What one of them says differently: why, (who, what), and of which sockets that may be said.
DIFFERENCES = {
    'ss does not ask for UDP-Lite': ('ss', 'missing', lambda s: s.transport == 'udplite'),
    'ss does not ask for sockets of ping(8)': ('ss', 'missing', lambda s: s.transport == 'icmp'),
    'ss has the tables only, in which what is not bound is not': ('ss', 'missing', lambda s: not s.listed and s.state == 'unconnected'),
    'ss asks vsock_diag, which this kernel has not': ('ss', 'missing', lambda s: s.family == 'vsock'),
    'ss lists the subflows of an MPTCP connection beside it, as TCP': ('ss', 'transport', lambda s: s.transport == 'mptcp'),
    'ss shows the cookie of MPTCP, which is that of the listener also for what it accepted': ('ss', 'cookie', lambda s: s.transport == 'mptcp'),
    'ss names no other end for what waits in the queue of a listener; we name the listener': ('ss', 'peer_inode', lambda s: s.peer_roles == {'listener'}),
    '... and who holds that': ('ss', 'peer_holders', lambda s: s.peer_roles == {'listener'}),
    'ss names no other end for datagrams to one who is not connected; we name who is bound there': ('ss', 'peer_inode', lambda s: s.peer_roles == {'bound'}),
    '... and who holds it': ('ss', 'peer_holders', lambda s: s.peer_roles == {'bound'}),
    'ss prints NUL as @': ('ss', 'local', lambda s: s.family == 'unix' and '\0' in s.local[1:]),
    'lsof reads the text of /proc, in which MPTCP is its subflows': ('lsof', 'transport', lambda s: s.transport == 'mptcp'),
    'lsof prints IPv4-mapped addresses as IPv4': ('lsof', 'local', lambda s: s.mapped),
    'lsof prints IPv4-mapped addresses as IPv4, of the other end, too': ('lsof', 'peer', lambda s: s.mapped),
    'lsof ends a name at a blank': ('lsof', 'local', lambda s: s.family == 'unix' and ' ' in s.local),
    'lsof prints a newline as two characters': ('lsof', 'local', lambda s: s.family == 'unix' and '\n' in s.local),
    'lsof prints NUL as @': ('lsof', 'local', lambda s: s.family == 'unix' and '\0' in s.local[1:]),
    'lsfd names a socket by its listener, who spoke MPTCP; it speaks TCP': ('lsfd', 'transport', lambda s: s.role == 'tcp-server'),
}


# --- the machine --------------------------------------------------------------------------------------

@pytest.fixture(scope='module')
def machine(tmp_path_factory):
    """Everything at once, and nothing moves any more."""
    namespaces = [None, Namespace(), Namespace()]
    made = []
    for i, kind in enumerate(KINDS):
        path = str(tmp_path_factory.mktemp('s') / 'x').encode().hex()
        name, *parameters = kind.format(path=path).split()
        # abstract names are of their namespace
        made.append(Made(name, *parameters, ns=namespaces[i % 3]))
    yield SimpleNamespace(namespaces=namespaces, made=made, of=lambda ns: [m for i, m in enumerate(made) if namespaces[i % 3] is ns],
                          roles={(m.pid, s.fd): s.role for m in made for s in m.sockets})
    for m in made:
        m.leave()
    for ns in namespaces[1:]:
        ns.close()


def output(ns, *command):
    return subprocess.run(ns.command(*command) if ns else command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=ANSWER,
                          check=False).stdout


# --- ours ---------------------------------------------------------------------------------------------

def endpoint(host, port):
    host = host.strip('[]')
    return ('*' if host in ('0.0.0.0', '::', '*') else host, int(port))


def raw_name(text):
    return re.sub(r'\\(x(..)|\\)', lambda m: chr(int(m[2], 16)) if m[2] else '\\', text)


def our_socket(row):
    s = SimpleNamespace(holders=set(), peer=None, role=None, mapped=False, interface=row.get('interface'), peer_inode=row.get('peer_inode', 0),
                        peer_holders={(h['pid'], h['fd']) for h in row.get('peer_holders', [])})
    s.inode, s.listed, s.state, s.cookie, s.netns = (row.get(k, 0) for k in ('inode', 'listed', 'state', 'cookie', 'netns'))
    s.family, s.transport, s.protocol = (row.get(k) for k in ('family', 'transport', 'protocol'))
    if s.family == 'unix':
        s.local = raw_name(row.get('local_path', ''))
        if row.get('client_count'):
            s.peer_holders = set()  # of a datagram server these are its clients
    elif s.family == 'netlink':
        s.local = row.get('local_port')
    else:
        s.local = endpoint(row['local_address'], row.get('local_port', 0)) if 'local_address' in row else None
        s.peer = endpoint(row['peer_address'], row['peer_port']) if row.get('peer_port') else None
        s.mapped = row.get('local_address', '').startswith('::ffff:')
    return s


def ours():
    answer = subprocess.run([SOCKAUDIT, 'list', '--all', '--json'], capture_output=True, text=True, timeout=ANSWER, check=False)
    assert answer.returncode in (0, 1), answer.stderr  # 1: some are stuck, as they were made; all could be seen
    assert answer.stderr == ''
    sockets = {}
    for row in json.loads(answer.stdout):
        key = row.get('inode') or (row['netns'], row['local'], row['peer'])
        s = sockets.setdefault(key, our_socket(row))
        if 'pid' in row:
            s.holders.add((row['pid'], row['fd']))
    return list(sockets.values())


# --- ss -----------------------------------------------------------------------------------------------

SS_STATE = {'ESTAB': 'established', 'UNCONN': 'unconnected', 'LISTEN': 'listening'}


def ss_detail(rest):
    row = {'inode': int(m[1]) if (m := re.search(r'ino:(\d+)', rest)) else None,
           'holders': {(int(p), int(f)) for p, f in re.findall(r'pid=(\d+),fd=(\d+)', rest)}}
    if m := re.search(r'sk:(\w+)', rest):
        row['cookie'] = int(m[1], 16)
    return row


def ss_end(text):
    host, port = text.rsplit(':', 1)
    host, _, interface = host.partition('%')
    return endpoint(host, 0 if port == '*' else port), interface or None


def ss_inet(line):
    transport, state, _, _, local, peer, rest = f'{line} -'.split(None, 6)
    (local, interface), (peer, _) = ss_end(local), ss_end(peer)
    row = {'transport': transport, 'state': SS_STATE.get(state, state.lower()), 'local': local, 'peer': peer if peer[1] else None,
           'interface': interface, 'family': 'ipv6' if '[' in line.split()[4] or line.split()[4][0] == '*' else 'ipv4', **ss_detail(rest)}
    if transport == 'raw':  # what stands for the port is the protocol, and no inode is known
        row.update(local=(local[0], 0), protocol={1: 'icmp', 58: 'icmp6'}[local[1]])
    return row


def ss_packet(line):
    kind, state, _, _, local, _, rest = f'{line} -'.split(None, 6)
    protocol, interface = local.rsplit(':', 1)
    number = 3 if protocol == '*' else int(protocol.strip('[]'))
    return {'family': 'packet', 'transport': {'p_raw': 'raw', 'p_dgr': 'dgram'}[kind], 'state': SS_STATE[state],
            'protocol': {0: 'none', 3: 'all', 0x806: 'arp'}[number], 'interface': None if interface == '*' else interface, **ss_detail(rest)}


def ss_unix(text):
    kind, state, local, inode, peer, rest = re.match(r'(u_\w+)\s+(\S+)\s+\d+\s+\d+\s+(.*) (\d+)\s+\* (\d+)\s*(.*)', text, re.S).groups()
    return {**ss_detail(rest), 'family': 'unix', 'transport': {'u_str': 'stream', 'u_dgr': 'dgram', 'u_seq': 'seqpacket'}[kind],
            'state': SS_STATE[state], 'local': '' if local == '*' else local, 'inode': int(inode), 'peer_inode': int(peer)}


def unmapped(end):
    return (end[0].replace('::ffff:', ''), end[1])


def ss_peers(rows):
    """Who is at the other end: whose addresses are the other way round, or whose inode a unix socket names."""
    by_inode = {r['inode']: r for r in rows if r['inode']}
    by_ends = {}
    for r in rows:
        if r.get('peer') and r['transport'] in ('tcp', 'udp', 'mptcp'):
            by_ends.setdefault((r['transport'].replace('mp', ''), unmapped(r['local']), unmapped(r['peer'])), {})[r['inode']] = r
    for r in rows:
        if r.get('peer') and r['transport'] in ('tcp', 'udp', 'mptcp'):
            other = by_ends.get((r['transport'].replace('mp', ''), unmapped(r['peer']), unmapped(r['local'])), {})
            r['peer_inode'] = next(iter(other)) if len(other) == 1 else 0
        if 'peer_inode' in r:
            r['peer_holders'] = by_inode[r['peer_inode']]['holders'] if r['peer_inode'] in by_inode else set()
    return rows


def ss(machine, ns):
    def lines(*options):
        return output(ns, 'ss', '-H', '-n', '-a', '-e', '-O', '-p', *options).splitlines()
    rows = [ss_inet(line) for line in lines('-t', '-u', '-w', 'exclude', 'time-wait')]
    rows += [ss_inet(f'mptcp {line}') for line in lines('-M')]
    rows += [ss_packet(line) for line in lines('-0')]
    text = output(ns, 'ss', '-H', '-n', '-a', '-e', '-O', '-p', '-x')
    rows += [ss_unix(t) for t in re.split(r'\n(?=u_(?:str|dgr|seq)\s)', text) if t.strip()]
    return ss_peers(rows)


# --- lsof ---------------------------------------------------------------------------------------------

LSOF_STATE = {'LISTEN': 'listening', 'ESTABLISHED': 'established', 'CONNECTED': 'established', 'FIN_WAIT2': 'fin-wait-2', 'CLOSE_WAIT': 'close-wait',
              'SYN_SENT': 'syn-sent', 'UNCONNECTED': 'unconnected'}
PROTOCOLS = {'TCP': ('ipv4', 'tcp'), 'TCPv6': ('ipv6', 'tcp'), 'UDP': ('ipv4', 'udp'), 'UDPv6': ('ipv6', 'udp'), 'UDP-Lite': ('ipv4', 'udplite'),
             'UDPLITEv6': ('ipv6', 'udplite'), 'RAW': ('ipv4', 'raw'), 'RAWv6': ('ipv6', 'raw'), 'PING': ('ipv4', 'icmp'), 'PINGv6': ('ipv6', 'icmp'),
             'MPTCP': ('ipv4', 'mptcp'), 'PACKET': ('packet',), 'NETLINK': ('netlink', None), 'AF_VSOCK': ('vsock',), 'UNIX': ('unix',),
             'UNIX-STREAM': ('unix', 'stream')}


def by_protocol(name):
    family, *transport = PROTOCOLS[name]
    return {'family': family, **({'transport': transport[0]} if transport else {})}


def lsof_internet(f):
    local, _, peer = f['n'].partition('->')
    row = {'inode': int(f['d']), 'family': f['t'].lower(), 'transport': f['P'].lower(), 'local': endpoint(*local.rsplit(':', 1)),
           'peer': endpoint(*peer.rsplit(':', 1)) if peer else None}
    if f.get('TST'):
        row['state'] = LSOF_STATE[f['TST']]
    return row


def lsof_row(f):
    if f['t'] in ('IPv4', 'IPv6'):
        return lsof_internet(f)
    inode = int(f['i'] if 'i' in f else f['d'])
    if f['t'] == 'unix':
        name, kind = re.fullmatch(r'(.*?) ?type=(\w+)', f['n']).groups()
        return {'inode': inode, 'family': 'unix', 'transport': kind.lower(), 'local': name,
                **({'state': LSOF_STATE[f['TST']]} if 'TST' in f else {})}
    if f['t'] == 'sock':
        return {'inode': inode, **by_protocol(f['n'].removeprefix('protocol: '))}
    if f['t'] == 'pack':
        return {'inode': inode, 'family': 'packet', 'transport': f['n'].removeprefix('type=SOCK_').lower(),
                'protocol': {'ALL': 'all', 'ARP': 'arp', '0': 'none'}[f['P']]}
    if f['t'] == 'netlink':
        return {'inode': inode, 'family': 'netlink', 'protocol': {'ROUTE': 'rtnl', 'KOBJECT_UEVENT': 'uevent', 'GENERIC': 'genl'}[f['n']]}
    return {'inode': inode, 'family': 'ipv6' if f['t'].endswith('6') else 'ipv4', 'transport': f['t'].rstrip('6')}


def lsof(machine, ns):
    """It reads the tables of its own namespace."""
    pids = ','.join(str(m.pid) for m in machine.of(ns))
    rows, pid, f = {}, None, None
    for line in [*output(ns, 'lsof', '-n', '-P', '-F', 'pftdinPT', '-a', '-p', pids).splitlines(), 'f']:
        if line[0] in 'pf' and f and f.get('t') in ('IPv4', 'IPv6', 'unix', 'sock', 'pack', 'netlink', 'raw', 'raw6', 'icmp'):
            row = lsof_row(f)
            rows.setdefault(row['inode'], {**row, 'holders': set()})['holders'].add((pid, int(f['f'])))
        if line[0] == 'p':
            pid, f = int(line[1:]), None
        elif line[0] == 'f':
            f = {'f': line[1:]}
        elif line[0] == 'T':
            f[line[:3]] = line[4:]
        elif f:
            f[line[0]] = line[1:]
    return list(rows.values())


# --- lsfd ---------------------------------------------------------------------------------------------

def lsfd():
    """Version 2.38 has inode, protocol and holders of each descriptor, in whichever namespace."""
    rows = {}
    for line in output(None, 'lsfd', '-n', '-r', '-o', 'PID,ASSOC,INODE,TYPE,PROTONAME').splitlines():
        if m := re.fullmatch(r'(\d+) (\d+) (\d+) SOCK (\S+)', line.strip()):
            rows.setdefault(int(m[3]), {'inode': int(m[3]), **by_protocol(m[4]), 'holders': set()})['holders'].add((int(m[1]), int(m[2])))
    return list(rows.values())


# --- the comparison -----------------------------------------------------------------------------------

class Comparison:
    def __init__(self, machine, sockets):
        self.sockets = sockets
        self.differences = []
        self.compared = 0
        for s in sockets:
            s.role = next((machine.roles[h] for h in s.holders if h in machine.roles), None)
            s.peer_roles = {machine.roles.get(h) for h in s.peer_holders}

    def find(self, row):
        if row.get('inode'):
            return next((s for s in self.sockets if s.inode == row['inode']), None)
        if row.get('holders'):
            return next((s for s in self.sockets if s.holders == row['holders']), None)
        return next((s for s in self.sockets if not s.inode and (s.transport, s.local, s.peer) == (row['transport'], row['local'], row['peer'])), None)

    def compare(self, who, rows, scope):
        seen = set()
        for row in rows:
            s = self.find(row)
            if not s:
                self.differences.append((who, 'not in our list', SimpleNamespace(**row), None))
                continue
            seen.add(id(s))
            wrong = [k for k, v in row.items() if v is not None and getattr(s, k) != v or v is None and k not in ('inode', 'interface') and getattr(s, k)]
            if 'transport' in wrong:  # of another table: nothing else need be the same
                wrong = ['transport']
            self.compared += len(row)
            self.differences += [(who, k, s, row[k]) for k in wrong]
        self.differences += [(who, 'missing', s, None) for s in self.sockets if id(s) not in seen and scope(s)]

    def explained(self):
        """Names of explanations that were needed, and what has none."""
        used, open_ = set(), []
        for who, what, s, theirs in self.differences:
            reasons = [name for name, (w, k, holds) in DIFFERENCES.items() if (w, k) == (who, what) and holds(s)]
            used.update(reasons)
            if not reasons:
                open_.append((who, what, theirs, vars(s)))
        return used, open_


def test_at_least_thirty_kinds(machine):
    sockets = ours()
    kinds = {(s.family, s.transport, s.state, s.listed, bool(s.peer or s.peer_inode), bool(s.holders), bool(s.interface),
              s.protocol if s.family != 'unix' else s.local[:1]) for s in sockets}
    assert len(kinds) >= 30 and len({s.netns for s in sockets if s.netns}) == 3
    assert {s.family for s in sockets} == {'ipv4', 'ipv6', 'unix', 'packet', 'netlink', 'vsock'}


def test_ss_lsof_and_lsfd_agree(machine):
    c = Comparison(machine, ours())
    inodes = {ns: ns.inode() if ns else None for ns in machine.namespaces}
    mine = next(s.netns for s in c.sockets if s.netns and s.netns not in inodes.values())
    ss_rows, lsof_rows = [], []
    for ns in machine.namespaces:
        ss_rows += ss(machine, ns)
        lsof_rows += lsof(machine, ns)
    c.compare('ss', ss_rows, lambda s: s.family != 'netlink')
    c.compare('lsof', lsof_rows, lambda s: bool(s.holders))
    c.compare('lsfd', lsfd(), lambda s: bool(s.holders))
    # ss knows no more of netlink than protocol and port; it lists the kernel's own ends, and itself.
    numbers = {'rtnl': 0, 'uevent': 15, 'genl': 16}
    for ns in machine.namespaces:
        theirs = {(int(p), int(i)) for p, i in re.findall(r'UNCONN\s+\d+\s+\d+\s+(\d+):(\d+)', output(ns, 'ss', '-H', '-n', '-a', '-A', 'netlink'))
                  if int(p) in numbers.values() and int(i)}
        assert {(numbers[s.protocol], s.local) for s in c.sockets if s.family == 'netlink' and s.listed and
                s.netns == (inodes[ns] or mine)} == theirs
    used, unexplained = c.explained()
    assert unexplained == [], '\n'.join(map(str, unexplained[:10]))
    vsock_is_listed = 'ss asks vsock_diag, which this kernel has not' not in used
    assert set(DIFFERENCES) - used <= ({'ss asks vsock_diag, which this kernel has not'} if vsock_is_listed else set())
    assert c.compared > 1000


def test_each_socket_that_was_made_is_there(machine):
    """Against who made them: inode and descriptor, the state that was meant."""
    by_holder = {h: s for s in ours() for h in s.holders}
    wanted = {'listener': 'listening', 'syn-sent': 'syn-sent', 'unbound': 'unconnected', 'sniffer': 'unconnected', 'rtnl': 'unconnected'}
    for m in machine.made:
        for made in m.sockets:
            s = by_holder[m.pid, made.fd]
            assert s.inode == made.inode
            if made.role in wanted and s.family != 'vsock' and (s.family != 'unix' or s.local):  # without a name it cannot listen
                assert s.state == wanted[made.role], (made, s)
            if made.port and s.family in ('ipv4', 'ipv6') and s.listed and s.transport not in ('raw', 'icmp'):
                assert s.local[1] == made.port
