# SPDX-License-Identifier: MIT
"""A storm into a journal that has room for it: each end of each connection is in there, once or twice, and nothing is lost. FULL=1 makes 200,000
connections, as fast as they go on both processors."""

import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / 'live'))

from daemon import Daemon, is_empty, run_of, wait  # noqa: E402
from storms import STORM, begin_storm, calm_namespace, end_storm, kernel_opens, made_opens, plain_address  # noqa: E402

COUNT = 100000 if os.environ.get('FULL') else 1500
CONFIG = f'''
interval: 200ms
cpu_max: 100%
budget: 1T
collector: bpf
limits: {{queue: 1G, ring: 1G, outbox: 4G}}
watch:
  - name: storm
    match: {{exe: {STORM}}}
    sockets: {{transport: [tcp]}}
'''
FIELDS = ('EVENT', 'NETNS', 'LOCAL_ADDRESS', 'LOCAL_PORT', 'PEER_ADDRESS', 'PEER_PORT', 'BYTES_SENT', 'BYTES_RECEIVED', 'PID')


def in_journal(run, *match):
    """Of each seq: what it says."""
    names = ','.join(['MESSAGE', *(f'SOCKAUDIT_{field}' for field in ('SEQ', *FIELDS))])
    subprocess.run(['journalctl', '--sync'], check=True)
    with subprocess.Popen(['journalctl', '-q', '-o', 'json', f'--output-fields={names}', f'SOCKAUDIT_RUN={run}', *match], stdout=subprocess.PIPE) as p:
        entries = [json.loads(line) for line in p.stdout]
    return {int(e['SOCKAUDIT_SEQ']): e for e in entries}


def test_all_are_stored(tmp_path):
    ns = calm_namespace()
    d = Daemon(tmp_path, CONFIG, ['--sink=journal'], prefix=ns.command())
    run = run_of(d)
    ends = [e for p in [begin_storm(ns, 'plain', COUNT) for _ in range(2)] for e in end_storm(p, 300)]
    assert made_opens(ends) == kernel_opens(ns)
    # Each storm has a listener, which it closes last.
    wait('they are over', lambda: len(in_journal(run, 'SOCKAUDIT_EVENT=listener-vanished', f'SOCKAUDIT_NETNS={ns.inode()}')) == 2, 300)
    wait('the outbox is empty', is_empty, 300)
    inode = str(ns.inode())
    d.stop()
    ns.close()
    entries = in_journal(run)
    assert [e['MESSAGE'] for e in entries.values() if e['SOCKAUDIT_EVENT'] == 'audit-lost'] == []
    assert len(entries) == max(entries)
    told = sorted((plain_address((e['SOCKAUDIT_LOCAL_ADDRESS'], e['SOCKAUDIT_LOCAL_PORT'])), plain_address((e['SOCKAUDIT_PEER_ADDRESS'], e['SOCKAUDIT_PEER_PORT'])),
                   int(e['SOCKAUDIT_BYTES_SENT']), int(e['SOCKAUDIT_BYTES_RECEIVED']), int(e['SOCKAUDIT_PID']))
                  for e in entries.values() if e['SOCKAUDIT_EVENT'] in ('connection-completed', 'connection-vanished') and e['SOCKAUDIT_NETNS'] == inode)
    made = sorted((*e.key, e.sent, e.received, e.holder) for e in ends)
    assert len(told) == len(made) and told == made
    print(f'{len(ends)} ends of connections, {len(entries)} entries')
