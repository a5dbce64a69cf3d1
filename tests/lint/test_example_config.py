# SPDX-License-Identifier: MIT
"""Configurations that people copy are good: the installed one, and those of the manual and of README.md."""

import re

import pytest
from tree import BUILD, ROOT, files, run, text

SOCKAUDIT = BUILD / 'src' / 'sockaudit'


def check(path):
    return run(SOCKAUDIT, 'check', path)


@pytest.mark.parametrize('path', [str(p) for p in files('.yaml', under='conf')])
def test_installed(path):
    answer = check(ROOT / path)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_there_is_one():
    assert (ROOT / 'conf/sockaudit.yaml').exists()


def examples():
    for path in files('.md', '.scd', '.scd.in'):
        for number, block in enumerate(re.findall(r'^```\w*\n(.*?)^```', text(path), re.M | re.S), 1):
            if re.search(r'^watch:', block, re.M):
                yield pytest.param(block, id=f'{path}:{number}')


@pytest.mark.parametrize('block', examples())
def test_documented(block, tmp_path):
    path = tmp_path / 'example.yaml'
    path.write_text(block)
    answer = check(path)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_a_bad_one_would_be_noticed(tmp_path):
    path = tmp_path / 'bad.yaml'
    path.write_text('interval: soon\nwatch:\n  - name: all\n')
    answer = check(path)
    assert answer.returncode == 1
    assert 'bad.yaml:1:' in answer.stdout + answer.stderr
