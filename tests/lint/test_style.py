# SPDX-License-Identifier: MIT
"""What a reader of the sources may rely on."""

import json
import re

from tree import ROOT, files, run, text

CODE = ('.c', '.h', '.py', 'meson.build')
LONGEST_FILE = 600
LONGEST_FUNCTION = 100

# Marks of unfinished work, numbers of issues, and paths of one machine say nothing to a reader.
FORBIDDEN = re.compile(r'\b(TO' r'DO|FIX' r'ME|X' r'XX)\b|(?<![\w&])#\d+\b|(?<![\w.])/(wo' r'rk|ho' r'me/\w+)/')


def code_files():
    scripts = [path for path in files() if text_or_empty(path).startswith('#!')]
    return sorted({*files(*CODE), *scripts})


def text_or_empty(path):
    try:
        return text(path)
    except (UnicodeDecodeError, OSError):
        return ''


def places(path, pattern):
    return [f'{path}:{number}: {line.strip()[:80]}' for number, line in enumerate(text(path).split('\n'), 1)
            if re.search(pattern, line)]


def test_licence_line_comes_first():
    assert [str(path) for path in code_files()
            if not any('SPDX-License-Identifier: MIT' in line for line in text(path).split('\n')[:2])] == []


def test_headers_are_included_once():
    assert [str(path) for path in files('.h') if '\n#pragma once\n' not in text(path)] == []


def test_files_say_what_they_are_for():
    def explained(path):
        return re.search(r'\n/\* \S', '\n'.join(text(path).split('\n')[:8]))

    assert [str(path) for path in files('.c', '.h', under='src')
            if not explained(path)  # or the header of a small file does
            and not ((ROOT / path.with_suffix('.h')).exists() and explained(path.with_suffix('.h')))] == []


def test_no_tabs_no_trailing_blanks():
    assert [p for path in code_files() for p in places(path, r'\t|[ \t]+$')] == []


def test_files_end_with_one_newline():
    assert [str(path) for path in code_files() if not re.search(r'[^\n]\n\Z', text(path))] == []


def test_only_block_comments():
    assert [p for path in files('.c', '.h') for p in places(path, r'^\s*//|;\s*//')] == []


def test_forbidden_words():
    assert [p for path in [*code_files(), *files('.md', '.scd', '.yaml', '.in', '.catalog', '.service')]
            for p in places(path, FORBIDDEN)] == []


def test_files_are_short():
    lengths = {str(path): text(path).count('\n') for path in files('.c', '.h', under='src')}
    assert {path: n for path, n in lengths.items() if n > LONGEST_FILE} == {}


def test_functions_are_short():
    sources = [ROOT / path for path in files('.c')]
    tags = run('ctags', '--output-format=json', '--kinds-C=f', '--fields=+ne', '-o', '-', *sources)
    assert tags.returncode == 0, tags.stderr
    functions = [json.loads(line) for line in tags.stdout.splitlines()]
    assert not sources or functions
    assert [f"{f['path']}: {f['name']}: {f['end'] - f['line']} lines" for f in functions
            if f.get('end', f['line']) - f['line'] > LONGEST_FUNCTION] == []
