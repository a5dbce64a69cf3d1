# SPDX-License-Identifier: MIT
"""Data flows collect -> detect -> emit; includes follow it. The table is that of ARCHITECTURE.md."""

import re

import pytest
from tree import files, text

RECORDS = ['collect/socket.h', 'collect/process.h', 'collect/look.h', 'collect/notice.h']

# Who may include what: prefixes of the path under src/.
ALLOWED = {
    'base/': ['base/'],
    'bpf/': ['bpf/'],
    'collect/': ['base/', 'bpf/record.h', 'bpf/programs.skel.h', 'collect/'],
    'detect/': ['base/', 'detect/', *RECORDS],
    'emit/': ['base/', 'detect/', 'emit/', *RECORDS],
    'config/': ['base/', 'detect/', 'config/', 'collect/collect.h', 'collect/hooks.h', 'emit/sink.h'],
    'inspect/': ['base/', 'collect/', 'detect/', 'config/config.h', 'inspect/', 'emit/format', 'emit/journal-keeps.h', 'emit/message.h', 'emit/outbox.h', 'emit/sink.h'],
    'cycle': ['base/', 'collect/', 'detect/', 'config/config.h', 'cycle'],
    'manager': ['base/', 'collect/', 'detect/', 'emit/', 'config/config.h', 'cycle', 'manager'],
    'sockauditd.c': ['base/', 'collect/deputy.h', 'manager.h', 'config/config.h', 'emit/sink.h'],
    'sockaudit.c': ['base/', 'collect/deputy.h', 'inspect/'],
}

GENERATED = ['bpf/programs.skel.h']  # by the build

# A foreign interface has one file, or a few: what it looks like in the source, and where it may stand.
FOREIGN = {
    'libyaml': (r'#include <yaml\.h>', r'config/config-yaml\.c'),
    'libmnl': (r'#include <libmnl/', r'collect/(sockdiag[^/]*|rtnet)\.c'),
    'process connector': (r'#include <linux/(cn_proc|connector)\.h>', r'collect/connector\.c'),
    'sock_diag': (r'#include <linux/(sock_diag|inet_diag|unix_diag|packet_diag|netlink_diag)\.h>', r'collect/(sockdiag[^/]*|destroy)\.[ch]'),
    'rtnetlink': (r'#include <linux/(rtnetlink|net_namespace)\.h>', r'collect/(nsid|rtnet)\.c'),
    'libbpf': (r'#include <bpf/', r'(collect/hooks\.c|bpf/maps\.bpf\.h)'),
    'setns': (r'\b(setns|unshare)\(', r'collect/netns\.c'),
    'sd-event, sd-daemon': (r'#include <systemd/sd-(event|daemon)\.h>', r'manager[^/]*\.[ch]'),
    'sd-journal': (r'#include <systemd/sd-journal\.h>', r'(emit/confirm|inspect/reader)\.c'),
    'libmd': (r'#include <sha[12]\.h>', r'(detect/community-id|collect/exehash)\.c'),
    'json-c': (r'#include <json-c/|#include <json\.h>', r'(emit/format-json|inspect/[^/]*)\.c'),
    'libsmartcols': (r'#include <libsmartcols', r'inspect/table\.[ch]'),
}

# detect/ is pure: no clock, no /proc, no descriptor, no log.
IMPURE = re.compile(r'#include [<"](base/(clock|fd|log)\.h|fcntl\.h|time\.h|unistd\.h|syslog\.h|sys/(stat|socket|ioctl|time)\.h)[>"]')

# Stages return errors; those who call them log.
LOGGERS = re.compile(r'(base/log\.c|manager[^/]*\.c|sockauditd\.c|sockaudit\.c|inspect/[^/]*\.c)$')


def sources():
    return {str(path.relative_to('src')): text(path) for path in files('.c', '.h', under='src')}


def stage(name):
    return max((s for s in ALLOWED if name.startswith(s)), key=len, default=None)


def wrong_includes(name, source):
    included = re.findall(r'^#include "([^"]+)"', source, re.M)
    return [f'src/{name} includes {i}' for i in included if not i.startswith(tuple(ALLOWED[stage(name)]))]


def test_every_file_belongs_to_a_stage():
    assert [name for name in sources() if stage(name) is None] == []


def test_includes_point_with_the_flow():
    assert [w for name, source in sources().items() for w in wrong_includes(name, source)] == []


def test_included_files_exist_as_spelled_from_src():
    known = sources()
    assert [f'src/{name}: {i}' for name, source in known.items()
            for i in re.findall(r'^#include "([^"]+)"', source, re.M) if i not in known and i not in GENERATED] == []


@pytest.mark.parametrize('interface', FOREIGN)
def test_foreign_interface_has_its_file(interface):
    pattern, home = FOREIGN[interface]
    assert [name for name, source in sources().items()
            if re.search(pattern, source) and not re.fullmatch(home, name)] == []


def test_detect_is_pure():
    assert [(name, match.group()) for name, source in sources().items()
            if name.startswith('detect/') and (match := IMPURE.search(source))] == []


def test_stages_do_not_log():
    assert [name for name, source in sources().items()
            if '#include "base/log.h"' in source and not LOGGERS.fullmatch(name)] == []


@pytest.mark.parametrize('name, include, wrong', [
    ('detect/ledger.c', 'collect/socket.h', False),
    ('detect/ledger.c', 'collect/procfs.h', True),
    ('collect/procnet.c', 'detect/event.h', True),
    ('emit/message.c', 'collect/collect.h', True),
    ('config/config.c', 'emit/sink.h', False),
    ('sockauditd.c', 'detect/ledger.h', True),
])
def test_the_table_itself(name, include, wrong):
    assert bool(wrong_includes(name, f'#include "{include}"\n')) == wrong
