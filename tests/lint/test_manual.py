# SPDX-License-Identifier: MIT
"""Manual pages format without warnings and name every kind of event and every configuration key."""

import os
import re

import pytest
from tree import BUILD, files, run, text

PAGES = sorted(p for p in (BUILD / 'man').glob('*.[1578]'))


def test_pages_are_built():
    wanted = {p.name.replace('.in', '').replace('.scd', '') for p in files('.scd', '.scd.in', under='man')}
    if not (BUILD / 'src' / 'config-keys').exists():
        wanted.discard('sockaudit.yaml.5')
    assert {p.name for p in PAGES} == wanted


@pytest.mark.parametrize('page', PAGES, ids=lambda p: p.name)
def test_no_warnings(page):
    formatted = run('man', '--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z', page, env={**os.environ, 'LC_ALL': 'C.UTF-8'})
    assert (formatted.returncode, formatted.stderr) == (0, '')
    assert 'SEE ALSO' in page.read_text() and not re.search('^@[A-Z]+@', page.read_text(), re.M)


def test_daemon_page_names_every_kind():
    kinds = re.findall(r'^ +X\([A-Z_]+, "([a-z]+-[a-z]+)", \d', text('src/detect/event.h'), re.M)
    assert len(kinds) >= 15
    page = text('man/sockauditd.8.scd')
    assert [kind for kind in kinds if f'*{kind}*' not in page] == []
