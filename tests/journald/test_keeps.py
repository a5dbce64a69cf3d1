# SPDX-License-Identifier: MIT
"""How long the journal keeps, as audit-balance and the doctor say, against real journals: one that grows, one that is full, and others."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PATIENCE = 60
DAY = 86_400_000_000
SECONDS = {'us': 1e-6, 'ms': 1e-3, 's': 1, 'min': 60, 'h': 3600, 'd': 86400}


def ask(*settings, lines=100, ahead=0, command=()):
    options = [o for s in settings for o in ('-c', s)]
    r = subprocess.run([HERE / 'with-journald', *options, '--', sys.executable, HERE / 'keeps_inside.py', str(lines), str(ahead), *command],
                       capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert r.returncode == 0, r.stderr
    facts = json.loads(r.stdout)
    print({k: v for k, v in facts.items() if k not in ('log', 'balances')})
    assert facts['balances'] and not facts['others']
    assert 'ERROR' not in facts['log']
    return facts


def keeps(facts):
    return int(facts['balances'][-1]['SOCKAUDIT_KEEPS'])


def spoken(sentence):
    return sum(float(n) * SECONDS[unit] for n, unit in re.findall(r'([\d.]+) (us|ms|s|min|h|d)\b', sentence)) * 1e6


def assert_told(facts, expected, tolerance):
    """By the event and its message, and by the doctor a moment later."""
    k = keeps(facts)
    assert abs(k - expected) <= tolerance * expected, (k, expected)
    message = re.search(r', the journal keeps (.*)$', facts['balances'][-1]['MESSAGE'])[1]
    assert k * 0.9 <= spoken(message) <= k
    d = facts['doctor']
    assert (d['state'], d['optional']) == ('ok', True)
    what = re.fullmatch(r'the journal keeps about (.*); it takes ([\d.]+) ([KMG])iB of ([\d.]+) ([KMG])iB', d['what'])
    assert what and expected * (0.9 - tolerance) <= spoken(what[1]) <= expected * (1 + tolerance) + 2e6, d


def assert_not_told(facts):
    assert all('SOCKAUDIT_KEEPS' not in e and 'keeps' not in e['MESSAGE'] for e in facts['balances'])
    assert facts['log'].count('cannot say how long it keeps') == 1
    assert facts['doctor']['state'] in ('no', 'unknown') and facts['doctor']['optional']
    return facts['doctor']['what']


@pytest.mark.parametrize('setting', ['RuntimeMaxUse=64M', 'RuntimeMaxFiles=100'], ids=['set', 'default'])
def test_one_that_grows(setting):
    """Four days old, and far from full: what journald said at its start, and its files, give the same."""
    f = ask(setting, ahead=4 * 86400, lines=20000)
    room = int(f['usage']['LIMIT']) * 7 / 8
    span = f['now'] - f['oldest']
    expected = min(room / f['used'], 99 / (f['archived'] + 1) if f['archived'] else room) * span
    assert expected > 1.5 * span
    assert_told(f, expected, 0.1)


def test_free_space_is_as_journald_counts_it():
    """Most of the file system is to stay free: not what may be used is the limit, but what is free."""
    free = ask()['usage']
    keep = int(free['DISK_AVAILABLE']) - 48 * 2**20
    f = ask(f'RuntimeKeepFree={keep}', ahead=86400)
    assert int(f['usage']['LIMIT']) < int(f['usage']['MAX_USE'])
    assert_told(f, (f['now'] - f['oldest']) * int(f['usage']['LIMIT']) * 7 / 8 / f['used'], 0.2)


def test_one_that_is_full():
    """It has lost journald's own word already. How far back it goes is the answer, be it seconds."""
    f = ask('RuntimeMaxUse=8M', lines=60000)
    assert f['usage'] is None and f['used'] > 7 * 2**20
    assert abs(int(f['balances'][-1]['SOCKAUDIT_NOT_AFTER']) - keeps(f) - f['oldest']) < 200_000
    f = ask('RuntimeMaxUse=8M', lines=60000, ahead=4 * 86400)
    assert f['usage'] is None
    assert_told(f, f['now'] - f['oldest'], 0.01)


def test_one_with_all_the_files_it_may_have():
    f = ask('RuntimeMaxUse=64M', 'RuntimeMaxFiles=5', 'RuntimeMaxFileSize=1M', lines=30000, ahead=4 * 86400)
    assert f['archived'] >= 4 and f['used'] < 7 * 2**20
    assert_told(f, 4 * DAY, 0.01)


@pytest.mark.parametrize('setting, days', [('1day', 1), ('3600', 1 / 24), ('2w', 14)])
def test_retention(setting, days):
    f = ask('RuntimeMaxUse=64M', f'MaxRetentionSec={setting}', ahead=4 * 86400)
    assert keeps(f) == days * DAY
    assert ('less than retention_wanted (48)' in f['log']) == (days < 2)


def test_on_disk():
    """After a flush the other directory counts, and its settings."""
    f = ask('Storage=persistent', 'SystemMaxUse=32M', 'RuntimeMaxUse=8M', ahead=4 * 86400, command=['journalctl', '--flush'])
    assert f['usage']['JOURNAL_PATH'].startswith('/var/log/journal/') and int(f['usage']['LIMIT']) <= 32 * 2**20
    assert_told(f, (f['now'] - f['oldest']) * int(f['usage']['LIMIT']) * 7 / 8 / f['used'], 0.1)


def test_of_another_journald(monkeypatch):
    """As systemd says it of a unit with LogNamespace=: that is not the journal that is here."""
    monkeypatch.setenv('LOG_NAMESPACE', 'other')
    assert 'SOCKAUDIT_KEEPS' not in ask('RuntimeMaxUse=64M', ahead=86400)['balances'][-1]


def test_nothing_to_say():
    assert 'too young' in assert_not_told(ask('RuntimeMaxUse=64M'))
    assert 'the clock was set' in assert_not_told(ask('RuntimeMaxUse=64M', ahead=-86400))
    assert 'stores nothing' in assert_not_told(ask('Storage=persistent', ahead=86400, command=['sh', '-c', 'rm -r /run/log/journal']))
    assert 'not understood' in assert_not_told(ask('MaxRetentionSec=a while', ahead=86400))
    assert 'not understood' in assert_not_told(ask('RuntimeMaxUse=much', ahead=86400))
