# SPDX-License-Identifier: MIT
"""Events through a real journald and back: every kind, every field, hostile values; and what journald's death, sleep and
absence cost. Runs under with-journald; emit-all makes the events, and knows the same values."""

import json
import os
import re
import subprocess
import uuid
from pathlib import Path

from journald import entries, journald, journalctl, only_journald  # noqa: F401 (fixtures)

ROOT = Path(__file__).resolve().parents[2]
EVENT_H = (ROOT / 'src/detect/event.h').read_text().replace('\\\n', ' ')
SOCKET = Path('/run/systemd/journal/socket')

EPOCH = 1700000000000000
HOSTILE = b'\n\x1b[31m\\ \xff\xe2\x80\xae\xc3\xa9=MESSAGE'
HOSTILE_TEXT = r'\x0a\x1b[31m\\ \xff\xe2\x80\xaeé=MESSAGE'

MEBIBYTE = 1 << 20
LONGEST_PUT = 200_000  # microseconds; blocking would be seconds


def rows(name):
    return re.findall(r'X\(\w+, "([^"]*)", (\w+)(?:, "([0-9a-f]*)")?', re.search(rf'#define {name}\(X\)(.*)', EVENT_H)[1])


KINDS = [(name, int(priority), message_id) for name, priority, message_id in rows('EVENT_KINDS')]
FIELDS = [(name, kind) for name, kind, _ in rows('EVENT_FIELDS')]


class Emitter:
    """emit-all with a sink; each has a run id of its own."""

    def __init__(self, sink, queue=64 * MEBIBYTE):
        self.run = uuid.uuid4().hex
        self.process = subprocess.Popen([os.environ['EMIT_ALL'], sink, self.run, str(queue)], text=True, encoding='utf-8',
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.communicate()

    def ask(self, command):
        print(command, file=self.process.stdin, flush=True)
        return self.process.stderr.readline().split()

    def do(self, command):
        """Last seq, events that wait."""
        word, seq, waiting, longest = self.ask(command)
        assert word == 'ok'
        assert int(longest) < LONGEST_PUT
        print(f'{command}: longest put() {longest} us, {waiting} waiting')
        return int(seq), int(waiting)

    def loss(self):
        return [int(n) for n in self.ask('loss')]

    def output(self):
        """What a stream sink wrote."""
        return self.process.communicate('flush\n')[0]

    def stored(self):
        return entries(f'SOCKAUDIT_RUN={self.run}')

    def stored_seqs(self):
        return [int(entry['SOCKAUDIT_SEQ']) for entry in self.stored()]


# --- every kind, every field ------------------------------------------------------------------------------


def expected_value(number, name, kind, hostile):
    values = {
        'NUMBER': str(2**64 - 1 if hostile else 1000 + number),
        'HEX': f'{0xabc000 + number:016x}',
        'TIME': str(EPOCH + 1000000 * number),
        'USEC': str(5000 + number),
        'FAMILY': 'ipv6',
        'TRANSPORT': 'tcp',
        'STATE': 'close-wait',
        'DIRECTION': 'egress',
        'END': 'reset-received',
        'STATES': 'syn-sent established',
        'ADDRESS': f'10.0.0.{number}' if number % 2 == 0 else f'2001:db8::{number:x}',
        'WORD': f'word-{number}',
        'BYTES': (HOSTILE_TEXT if hostile else 'bytes of ') + name,
        'LINES': '10.0.0.2 1 2 3 0\n10.0.0.3 4 5 6 0',
        'BYTES_HEX': '00ff',
        'HOLDER_IDS': f'1/{EPOCH + 2}/3',
        'HOLDERS': [f'{100 + i}/{EPOCH + i}/{i}/' + (HOSTILE_TEXT if hostile else 'holder') for i in range(16)],
    }
    special = {'UNIT': r'made\\x2dup.service'}
    if hostile:
        special.update({
            'LOCAL_PATH': '@' + HOSTILE_TEXT + 'LOCAL_PATH',
            'LOCAL_PATH_HEX': (b'\0' + HOSTILE + b'LOCAL_PATH').hex(),
            'PEER_PATH': r'\x40PEER_PATH',
            'PEER_PATH_HEX': b'@PEER_PATH'.hex(),
            'CMDLINE': 'x' * (4000 - len('SOCKAUDIT_CMDLINE=')),
        })
    return special.get(name, values[kind])


def expected_fields(run, seq, kind, hostile):
    name, priority, message_id = kind
    fields = {'MESSAGE_ID': message_id, 'PRIORITY': str(priority), 'SYSLOG_IDENTIFIER': 'sockaudit', 'SYSLOG_FACILITY': '13',
              'SOCKAUDIT_SCHEMA': '1', 'SOCKAUDIT_EVENT': name, 'SOCKAUDIT_RUN': run, 'SOCKAUDIT_SEQ': str(seq),
              'OBJECT_SYSTEMD_UNIT': r'made\x2dup.service'}
    for number, (field, kind_of_field) in enumerate(FIELDS):
        fields['SOCKAUDIT_' + field] = expected_value(number, field, kind_of_field, hostile)
    escaped = [f for f, t in FIELDS if t == 'BYTES' and f != 'CMDLINE' or t == 'HOLDERS'] if hostile else ['UNIT']
    fields['SOCKAUDIT_ESCAPED'] = ' '.join(escaped)
    if hostile:
        fields['SOCKAUDIT_TRUNCATED'] = 'CMDLINE'
    else:
        fields['OBJECT_SYSTEMD_USER_UNIT'] = None  # "bytes of USER_UNIT" is no name of a unit
    return {k: v for k, v in fields.items() if v is not None}


def assert_events(events, run):
    assert len(events) == 2 * len(KINDS)
    for index, event in enumerate(events):
        ours = {k: v for k, v in event.items() if not k.startswith('_')}
        ours.pop('SYSLOG_TIMESTAMP', None)
        message = ours.pop('MESSAGE')
        assert ours == expected_fields(run, index + 1, KINDS[index % len(KINDS)], index >= len(KINDS))
        assert isinstance(message, str) and message.isprintable() and len(message.encode()) <= 1024
        for name, value in ours.items():
            for v in value if isinstance(value, list) else [value]:
                assert isinstance(v, str) and v and all(line.isprintable() for line in v.split('\n' if name == 'SOCKAUDIT_PEERS' else '\0')), name
                assert len(f'{name}={v}'.encode()) <= 4000
        assert sum(len(v) if isinstance(v, list) else 1 for v in ours.values()) < 200


def all_kinds(emitter):
    emitter.do('plain')
    return emitter.do('hostile')


def test_tables_were_read():
    assert len(KINDS) >= 17 and ('PID', 'NUMBER') in FIELDS and ('HOLDER', 'HOLDERS') in FIELDS


def test_journal_has_every_field_of_every_kind():
    with Emitter('journal') as emitter:
        all_kinds(emitter)
        assert emitter.do('flush') == (2 * len(KINDS), 0)
        stored = emitter.stored()
        # journald keeps repeated fields as a set: order is its own.
        for entry in stored:
            entry['SOCKAUDIT_HOLDER'].sort(key=lambda holder: int(holder.split('/')[0]))
        assert_events(stored, emitter.run)
        assert {entry['_UID'] for entry in stored} == {'0'}


def test_json_has_every_field_of_every_kind():
    with Emitter('json') as emitter:
        all_kinds(emitter)
        assert_events([json.loads(line) for line in emitter.output().splitlines()], emitter.run)


def test_text_has_a_line_an_event():
    with Emitter('text') as emitter, Emitter('journal') as journal:
        all_kinds(emitter)
        all_kinds(journal)
        journal.do('flush')
        lines = emitter.output().splitlines()
        messages = [entry['MESSAGE'] for entry in journal.stored()]
        assert [re.sub(r'^\d\d:\d\d:\d\d\.\d{3}  ', '', line) for line in lines] == messages
        assert all(line.isprintable() for line in lines)


def test_a_unit_shows_our_events():
    with Emitter('journal') as emitter:
        emitter.do('plain')
        emitter.do('flush')
        seqs = [e['SOCKAUDIT_SEQ'] for e in entries('-u', r'made\x2dup.service') if e['SOCKAUDIT_RUN'] == emitter.run]
        assert len(seqs) == len(KINDS)


def test_catalog_explains_every_kind():
    with Emitter('journal') as emitter:
        emitter.do('plain')
        emitter.do('flush')
        journalctl('--sync')
        for name, _, message_id in KINDS:
            shown = journalctl('-x', f'SOCKAUDIT_RUN={emitter.run}', f'MESSAGE_ID={message_id}')
            assert len(re.findall(r'^░░ Subject: \S.+', shown, re.M)) == 1, name
            assert 'man:sockaudit-events(7)' in shown
            assert '@' not in re.sub(r'^[^░].*', '', shown, flags=re.M), name


def test_large_event_goes_as_memfd():
    with Emitter('journal') as emitter:
        emitter.do('put 1')
        emitter.do('sndbuf 1')  # the kernel makes 4608 of it: less than an event with all fields
        all_kinds(emitter)
        emitter.do('put 1')
        last, waiting = emitter.do('flush')
        assert waiting == 0
        assert emitter.stored_seqs() == list(range(1, last + 1))


# --- journald in trouble ----------------------------------------------------------------------------------


def test_stopped_journald_costs_nothing(journald):
    with Emitter('journal') as emitter:
        emitter.do('put 10')
        journald.stop()
        last, waiting = emitter.do('put 20000')
        assert last == 20010 and waiting > 19000
        journald.go_on()
        assert emitter.do('flush') == (last, 0)
        assert emitter.loss() == [0, 0, 0]
        assert emitter.stored_seqs() == list(range(1, last + 1))


def test_queue_is_bounded_and_loss_exact(journald):
    with Emitter('journal', queue=MEBIBYTE // 4) as emitter:
        emitter.do('put 10')
        journald.stop()
        seq, waiting = emitter.do('put 5000')
        assert 50 < waiting < 1000
        journald.go_on()
        assert emitter.do('flush')[1] == 0
        count, first, last = emitter.loss()
        assert last == seq and count == last - first + 1 and count > 3000
        assert emitter.loss() == [0, 0, 0]
        end, _ = emitter.do('put 10')
        emitter.do('flush')
        assert emitter.stored_seqs() == [*range(1, first), *range(last + 1, end + 1)]


def test_killed_journald(journald):
    with Emitter('journal') as emitter:
        emitter.do('put 10')
        emitter.do('flush')
        assert len(emitter.stored()) == 10  # read by journald: nothing lies in its socket
        journald.kill()
        seq, waiting = emitter.do('put 1000')
        assert (seq, waiting) == (1010, 1000)
        journald.start()
        assert emitter.do('flush') == (1010, 0)
        emitter.do('put 10')
        emitter.do('flush')
        assert emitter.loss() == [0, 0, 0]
        assert emitter.stored_seqs() == list(range(1, 1021))


def test_stopped_then_killed_journald(journald):
    """What lay in the socket is gone, and cannot be seen; what waited is not."""
    with Emitter('journal') as emitter:
        journald.stop()
        _, waiting = emitter.do('put 1000')
        in_socket = 1000 - waiting
        assert 0 < in_socket < 1000
        journald.kill()
        journald.start()
        assert emitter.do('flush') == (1000, 0)
        assert emitter.loss() == [0, 0, 0]
        assert emitter.stored_seqs() == list(range(in_socket + 1, 1001))


def test_missing_socket(journald):
    away = SOCKET.with_name('socket-away')
    SOCKET.rename(away)
    try:
        with Emitter('journal') as emitter:
            assert emitter.do('put 100') == (100, 100)
            away.rename(SOCKET)
            assert emitter.do('flush') == (100, 0)
            assert emitter.stored_seqs() == list(range(1, 101))
    finally:
        if away.exists():
            away.rename(SOCKET)
