# SPDX-License-Identifier: MIT
"""Beside a journald of its own (test_keeps.py): writes lines, asks the daemon and the doctor how long that journal keeps, and prints what they say, and what
the journal itself says, as one JSON object.

    keeps_inside.py LINES AHEAD [COMMAND...]

AHEAD: the programs' wall clock is so many seconds ahead. COMMAND: run first."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

BUILD = Path(os.environ['BUILD_DIR'])
CONFIG = Path('/run/sockaudit.yaml')
CLOCKS = Path('/run/clocks')
USAGE = 'MESSAGE_ID=ec387f577b844b8fa948f33cad9a75e6'  # journald's word at its start


def journalctl(*arguments):
    return subprocess.run(['journalctl', '-q', '--no-pager', '-o', 'json', *arguments], capture_output=True, text=True, check=True).stdout.splitlines()


def preloaded():
    linked = subprocess.run(['ldd', BUILD / 'src/sockauditd'], capture_output=True, text=True, check=True).stdout
    sanitizer = re.findall(r'=> (\S*libasan\S*)', linked)  # wants to be the first
    return {'LD_PRELOAD': ':'.join([*sanitizer, str(BUILD / 'tests/live/libclocks.so')]), 'CLOCKS': str(CLOCKS)}


def fill(lines):
    # Words that nobody has written before: with others a file would hold more of them.
    text = ''.join(f'{os.urandom(30).hex()} {n}\n' for n in range(lines))
    subprocess.run(['systemd-cat'], input=text, text=True, check=True)
    subprocess.run(['journalctl', '--sync'], check=True, stderr=subprocess.DEVNULL)


def files():
    """As journald counts: of the directory that it writes to."""
    machine = Path('/etc/machine-id').read_text().strip()
    volatile, persistent = (Path(d, machine) for d in ('/run/log/journal', '/var/log/journal'))
    directory = volatile if (volatile / 'system.journal').exists() else persistent
    found = list(directory.glob('*.journal'))
    return sum(f.stat().st_blocks * 512 for f in found), sum('@' in f.name for f in found)


def audit(environment):
    CONFIG.write_text('retention_wanted: 2d\nwatch: [{name: rule, match: {comm: nobody-at-all}}]\n')
    daemon = subprocess.run([BUILD / 'src/sockauditd', '--once', '-c', CONFIG, '-s', 'journal', '-s', 'json', '-l', 'debug'], capture_output=True, text=True,
                            check=True, env=environment)
    doctor = subprocess.run([BUILD / 'src/sockaudit', 'doctor', '--json'], capture_output=True, text=True, check=False, env=environment)
    events = [json.loads(line) for line in daemon.stdout.splitlines()]
    return {'balances': [e for e in events if e['SOCKAUDIT_EVENT'] == 'audit-balance'], 'log': daemon.stderr,
            'others': [e['SOCKAUDIT_EVENT'] for e in events if e['SOCKAUDIT_EVENT'] != 'audit-balance' and 'SOCKAUDIT_KEEPS' in e],
            'doctor': next(c for c in json.loads(doctor.stdout) if c['check'] == 'keeps')}


def main(lines, ahead, *command):
    CLOCKS.write_text(f'{ahead * 1000000} 0')
    if command:
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    fill(lines)
    told = audit({**os.environ, **preloaded()})
    used, archived = files()
    oldest = [json.loads(line)['__REALTIME_TIMESTAMP'] for line in journalctl('--output-fields=MESSAGE')[:1]]
    usage = [json.loads(line) for line in journalctl(USAGE)]
    print(json.dumps({**told, 'now': time.time_ns() // 1000 + ahead * 1000000, 'oldest': int(oldest[0]) if oldest else None, 'used': used, 'archived': archived,
                      'usage': usage[-1] if usage else None}))


main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
