# SPDX-License-Identifier: MIT
"""The unit and its drop-ins, as they are installed: systemd takes every line, and the sandbox is as tight as documented."""

import contextlib
import os
import re
import shutil
from pathlib import Path

import pytest
from tree import BUILD, ROOT, run, text

UNIT = 'sockauditd.service'
UNIT_DIRECTORY = Path('/lib/systemd/system')
DROP_INS = NETNS, POLL = 'sockauditd-netns.conf', 'sockauditd-poll.conf'


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """An installation, and beside it the few things of a system that the unit refers to."""
    path = tmp_path_factory.mktemp('root')
    installed = run('/usr/bin/meson', 'install', '-C', BUILD, '--no-rebuild', env={**os.environ, 'DESTDIR': str(path)})
    assert installed.returncode == 0, installed.stdout + installed.stderr

    units = path / UNIT_DIRECTORY.relative_to('/')
    for pattern in '*.target', '*.slice', '*.socket', 'tmp.mount', '-.mount':
        for unit in UNIT_DIRECTORY.glob(pattern):
            shutil.copy(unit, units)
    command = re.search(r'^ExecStart=(\S+)', (units / UNIT).read_text(), re.M)[1]
    for program in '/bin/kill', command:
        stub = path / program.lstrip('/')
        stub.parent.mkdir(parents=True, exist_ok=True)
        if not stub.exists():
            stub.write_text('#!/bin/sh\n')
            stub.chmod(0o755)
    return path


@contextlib.contextmanager
def with_drop_in(root, name):
    directory = root / UNIT_DIRECTORY.relative_to('/') / (UNIT + '.d')
    directory.mkdir()
    if name:
        shutil.copy(next(root.rglob(name)), directory)
    try:
        yield
    finally:
        shutil.rmtree(directory)


def complaints(root):
    # Its exit status is 0 even for unknown keys: what counts is that it says nothing.
    return run('systemd-analyze', 'verify', '--man=no', f'--root={root}', UNIT).stderr.splitlines()


def exposure(root, threshold):
    return run('systemd-analyze', 'security', '--offline=true', '--no-pager', f'--threshold={threshold}', f'--root={root}', UNIT)


@pytest.mark.parametrize('name', [None, *DROP_INS])
def test_systemd_takes_it(root, name):
    with with_drop_in(root, name):
        assert complaints(root) == []


def test_a_wrong_line_would_be_noticed(root):
    unit = root / UNIT_DIRECTORY.relative_to('/') / UNIT
    good = unit.read_text()
    unit.write_text(good.replace('[Service]\n', '[Service]\nProtectNothing=yes\n'))
    try:
        assert complaints(root) != []
    finally:
        unit.write_text(good)


# Of these, 0.6 is for adjtimex(2), which three of the marks count: none sees that without CAP_SYS_TIME it only asks.
@pytest.mark.parametrize(('name', 'threshold'), [(None, 23), (NETNS, 26), (POLL, 16)])
def test_sandbox(root, name, threshold):
    with with_drop_in(root, name):
        marks = exposure(root, threshold)
    assert marks.returncode == 0, marks.stdout.splitlines()[-1]


@pytest.mark.parametrize('path', [f'systemd/{UNIT}.in', *(f'systemd/{name}' for name in DROP_INS)])
def test_each_capability_has_a_reason(path):
    lines = text(path).splitlines()
    capabilities = [number for number, line in enumerate(lines) if line.startswith('CapabilityBoundingSet=')]
    assert capabilities
    for number in capabilities:
        assert re.fullmatch(r'CapabilityBoundingSet=~?CAP_[A-Z_]+', lines[number])
        assert re.fullmatch(r'# .{20,}', lines[number - 1]), lines[number]


def test_journald_does_not_drop_our_events():
    # An interval of 0 does not switch the limit off: systemd then takes the default, 10000 lines in 30 seconds.
    unit = text(f'systemd/{UNIT}.in')
    assert '\nLogRateLimitIntervalSec=1s\nLogRateLimitBurst=1000000\n' in unit


def test_nobody_sets_the_clock():
    assert 'CAP_SYS_TIME' not in text(f'systemd/{UNIT}.in') + ''.join(text(f'systemd/{name}') for name in DROP_INS)


def test_no_administrator_by_default():
    assert 'CAP_SYS_ADMIN' not in text(f'systemd/{UNIT}.in')
    assert (ROOT / 'systemd' / NETNS).exists()
