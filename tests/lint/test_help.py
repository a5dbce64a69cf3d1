# SPDX-License-Identifier: MIT
"""Each program, asked the wrong way and the right way. The manual and --help name the same options."""

import re

import pytest
from tree import BUILD, run, text

PROGRAMS = [p for p in ('sockauditd', 'sockaudit') if (BUILD / 'src' / p).exists()]
PAGES = {'sockauditd': 'man/sockauditd.8.scd', 'sockaudit': 'man/sockaudit.1.scd'}
VERSION = re.search(r"version: '([^']+)'", text('meson.build'))[1]

pytestmark = pytest.mark.parametrize('program', PROGRAMS)


def ask(program, *arguments):
    return run(BUILD / 'src' / program, *arguments)


def test_help(program):
    answer = ask(program, '--help')
    assert answer.returncode == 0
    assert answer.stderr == ''
    assert [line for line in answer.stdout.splitlines() if len(line) > 80] == []
    assert '--help' in answer.stdout and '--version' in answer.stdout


def test_version(program):
    answer = ask(program, '--version')
    assert (answer.returncode, answer.stderr) == (0, '')
    assert VERSION in answer.stdout


@pytest.mark.parametrize('arguments', [['--no-such-option'], ['-\x1b'], ['--version=1']])
def test_bad_option(program, arguments):
    answer = ask(program, *arguments)
    assert answer.returncode == 2
    assert answer.stdout == ''
    assert answer.stderr.count('\n') >= 1
    assert '\x1b' not in answer.stderr


def test_manual_names_the_options(program):
    documented = set(re.findall(r'--[a-z][a-z-]+', text(PAGES[program])))
    assert set(re.findall(r'--[a-z][a-z-]+', ask(program, '--help').stdout)) - documented == set()


def test_daemon_refuses_what_it_does_not_know(program):
    if program == 'sockauditd':
        for arguments in ['--sink=printer'], ['--log-level=loud'], ['stray']:
            answer = ask(program, *arguments)
            assert (answer.returncode, answer.stdout) == (2, ''), arguments
            assert answer.stderr != ''
    else:
        answer = ask(program, 'no-such-verb')
        assert (answer.returncode, answer.stdout) == (2, '')
        assert answer.stderr != ''
