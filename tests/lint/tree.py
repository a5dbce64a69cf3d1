# SPDX-License-Identifier: MIT
"""The source tree and the build directory, for the tests beside this file."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get('BUILD_DIR', ROOT / 'build'))

SKIPPED_DIRECTORIES = {'.git', '__pycache__', '.pytest_cache', '.cache'}


def files(*suffixes, under=''):
    """All files of the tree with one of these suffixes (all files without), as paths relative to ROOT, sorted."""
    found = []
    for directory, subdirectories, names in os.walk(ROOT / under):
        subdirectories[:] = [d for d in subdirectories
                             if d not in SKIPPED_DIRECTORIES and not (ROOT / directory / d / 'build.ninja').exists()]
        found += [Path(directory, name).relative_to(ROOT) for name in names
                  if not suffixes or name.endswith(suffixes)]
    return sorted(found)


def text(path):
    return (ROOT / path).read_text(encoding='utf-8')


def run(*command, **options):
    """A finished process with stdout and stderr as text; no stdin, and bounded in time."""
    return subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=120, check=False, **options)
