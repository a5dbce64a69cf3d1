# SPDX-License-Identifier: MIT
"""The tables of src/detect/event.h are the whole schema: catalog and manual name what is in them, and nothing else."""

import re

from tree import text

EVENT_H = text('src/detect/event.h').replace('\\\n', ' ')
CATALOG = text('systemd/sockaudit.catalog')
PAGE = text('man/sockaudit-events.7.scd')

# What src/emit/format.c adds to every event.
COMMON_FIELDS = {'SCHEMA', 'EVENT', 'RUN', 'SEQ', 'ESCAPED', 'TRUNCATED'}


def table(name):
    """The rows X(...) of an X-macro, as lists of their arguments up to the first that is prose."""
    body = re.search(rf'#define {name}\(X\)(.*)', EVENT_H)[1]
    return re.findall(r'X\((\w+), "([^"]*)", (\w+)(?:, "([0-9a-f]*)")?', body)


KINDS = {name: (int(priority), message_id) for _, name, priority, message_id in table('EVENT_KINDS')}
FIELDS = [name for _, name, _, _ in table('EVENT_FIELDS')]


def test_tables_were_read():
    assert KINDS['audit-lost'] == (3, '15d7c9a0be4f4d63872c6fe1a0d3b920')
    assert len(KINDS) == EVENT_H.split('#define EVENT_KINDS(X)')[1].split('\n')[0].count('X(')
    assert len(FIELDS) == EVENT_H.split('#define EVENT_FIELDS(X)')[1].split('\n')[0].count('X(')
    assert {'PID', 'LOCAL_ADDRESS', 'VERSION'} <= set(FIELDS)


def test_message_ids():
    ids = [message_id for _, message_id in KINDS.values()]
    assert [i for i in ids if not re.fullmatch('[0-9a-f]{32}', i)] == []
    assert len(set(ids)) == len(ids)


def test_kind_names():
    assert [kind for kind in KINDS if not re.fullmatch('[a-z]+-[a-z]+', kind)] == []
    assert all(3 <= priority <= 6 for priority, _ in KINDS.values())


def test_field_names():
    # journald drops other names without a word, and some matchers refuse digits.
    assert [f for f in FIELDS if not re.fullmatch('[A-Z][A-Z_]*[A-Z]', f) or len('SOCKAUDIT_' + f) > 64] == []
    assert len(set(FIELDS)) == len(FIELDS)
    assert set(FIELDS) & COMMON_FIELDS == set()


# Of events that are about no connection: of the audit itself, of a process that inherits, of expectations, of sums, of sockets without connection.
OTHER_FIELDS = re.compile('LOST_|GAP_|OPENED_(KERNEL|HOOKED|WATCHED|RECORDED|REPORTED|UNCERTAIN)|CLOCK_(SYNC|ERROR|BEFORE|AFTER)|NAMESPACE_COUNT|COUNTS|KEEPS|COLLECTOR|'
                          'DEGRADED|CONDITION|BUDGET_|SOCKET_COUNT|PROCESS_COUNT|UNATTRIBUTABLE|ESTIMATE|RULES|CONFIG_HASH|STOPPED_BY|VERSION|SINK|(UN)?BALANCED|'
                          'INHERITED_COUNT|FROM_|EXPECTED|FOUND|UNMET|LAST_|MISSED|(OPENED|CLOSED|FAILED|PRESENT|CHANGES|PEERS|EARLY)$|SPAN_|PEER_COUNT|PROTOCOL')


def test_fields_stay_below_the_limit():
    # Nine of every event, ESCAPED, TRUNCATED, two OBJECT_, and HOLDER up to 16 times.
    assert len([f for f in FIELDS if not OTHER_FIELDS.match(f)]) - 1 + 9 + 2 + 2 + 16 <= 120


def test_catalog_has_every_kind():
    ids = re.findall('^-- (.*)$', CATALOG, re.M)
    assert sorted(ids) == sorted(message_id for _, message_id in KINDS.values())


def test_catalog_entries_are_whole():
    for entry in CATALOG.split('\n-- ')[1:]:
        header, body = entry.split('\n\n', 1)
        assert re.search('^Subject: .{10,}$', header, re.M), header
        assert 'Documentation: man:sockaudit-events(7)' in header
        assert len(body.strip()) > 80, header


def test_catalog_names_fields_that_exist():
    known = {'SOCKAUDIT_' + f for f in {*FIELDS, *COMMON_FIELDS}}
    assert set(re.findall('SOCKAUDIT_[A-Z_]+', CATALOG)) - known == set()
    assert set(re.findall('@([A-Z_]+)@', CATALOG)) - known == set()


def test_page_names_every_field_once():
    fields = re.search(r'^# FIELDS$(.*)^# EXAMPLES$', PAGE, re.M | re.S)[1]
    headings = [line for line in fields.split('\n') if line.startswith('*SOCKAUDIT_')]
    named = re.findall(r'\*SOCKAUDIT_([A-Z_]+)\*', '\n'.join(headings))
    assert sorted(named) == sorted([*FIELDS, *COMMON_FIELDS])


def test_page_names_only_fields_that_exist():
    known = {'SOCKAUDIT_' + f for f in {*FIELDS, *COMMON_FIELDS}}
    assert set(re.findall('SOCKAUDIT_[A-Z_]+', PAGE)) - known == set()


def test_page_has_the_table_of_kinds():
    rows = re.findall(r'^\|  \*([a-z-]+)\*\n:  (\d)\n:  ([0-9a-f]+)$', PAGE, re.M)
    assert {kind: (int(priority), message_id) for kind, priority, message_id in rows} == KINDS
    assert len(rows) == len(KINDS)


def test_page_explains_every_kind():
    kinds = re.search(r'^# KINDS$(.*)^# FIELDS$', PAGE, re.M | re.S)[1]
    explained = re.findall(r'\*([a-z]+-[a-z]+)\*', '\n'.join(re.findall(r'^(\*[a-z].*)\n\t', kinds, re.M)))
    assert sorted(explained) == sorted(KINDS)
