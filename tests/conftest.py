# SPDX-License-Identifier: MIT
"""For every test in Python: a file of which anything was skipped counts as skipped (77), not as passed."""

import pytest


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.get_plugin('terminalreporter')
    if exitstatus == 0 and reporter.stats.get('skipped'):
        session.exitstatus = 77
