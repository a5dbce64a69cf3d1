/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "collect/notice.h"
#include "detect/rule.h"
#include "emit/format.h"

static const FormatContext context = {
        .run = "0123456789abcdef0123456789abcdef",
        .clock_offset = 1700000000000000,
};

#define BYTES(s) ((Bytes){ .data = (s), .size = sizeof(s) - 1 })

/* All fields as `NAME=VALUE\n`. */
static int collect(void *userdata, const char *name, const char *value, size_t size) {
        Text *t = userdata;

        assert_int_equal(strlen(value), size);
        assert_true(strlen(name) <= 64);
        assert_true(strlen(name) + 1 + size <= FORMAT_VALUE_MAX);
        assert_true(size > 0);
        text_printf(t, "%s=%s\n", name, value);
        return 1; /* a positive return goes on */
}

static void fields_of(const FormatContext *c, const Event *e, Text *t) {
        text_clear(t);
        assert_int_equal(format_fields(c, e, collect, t), 0);
}

/* What comes after the fields of every event. */
static void assert_own(const FormatContext *c, const Event *e, const char *expected) {
        _cleanup_text_ Text t = TEXT_NULL;
        const char *own;

        fields_of(c, e, &t);
        own = strstr(text_string(&t), "\nSOCKAUDIT_SEQ=");
        assert_non_null(own);
        assert_string_equal(strchr(own + 1, '\n') + 1, expected);
}

static void assert_field(FieldId id, EventValue value, const char *expected) {
        static Event e;
        _cleanup_text_ Text t = TEXT_NULL;
        int r;

        event_init(&e, EVENT_CONNECTION_APPEARED);
        e.values[id] = value;
        e.present[id / 64] |= 1ULL << (id % 64);
        r = format_value(&context, &e, id, SIZE_MAX, &t);
        if (expected) {
                assert_true(r >= 0);
                assert_string_equal(text_string(&t), expected);
        } else {
                assert_int_equal(r, -ENODATA);
                assert_int_equal(t.size, 0);
        }
}

static void test_common_fields(void **state) {
        static Event e;
        _cleanup_text_ Text t = TEXT_NULL;

        event_init(&e, EVENT_LISTENER_APPEARED);
        e.seq = 42;
        fields_of(&context, &e, &t);
        assert_string_equal(text_string(&t),
                            "MESSAGE=?[?] listens: ? -\n"
                            "MESSAGE_ID=f80b2d6e94a74c1db5e6130c7fd2ae18\n"
                            "PRIORITY=5\n"
                            "SYSLOG_IDENTIFIER=sockaudit\n"
                            "SYSLOG_FACILITY=13\n"
                            "SOCKAUDIT_SCHEMA=1\n"
                            "SOCKAUDIT_EVENT=listener-appeared\n"
                            "SOCKAUDIT_RUN=0123456789abcdef0123456789abcdef\n"
                            "SOCKAUDIT_SEQ=42\n");

        e.priority = 3;
        e.seq = UINT64_MAX;
        fields_of(&context, &e, &t);
        assert_non_null(strstr(text_string(&t), "\nPRIORITY=3\n"));
        assert_non_null(strstr(text_string(&t), "\nSOCKAUDIT_SEQ=18446744073709551615\n"));
}

static void test_values_by_type(void **state) {
        static const struct {
                FieldId id;
                uint64_t number;
                const char *expected;
        } numbers[] = {
                { EVENT_FIELD_INODE, 0, "0" },
                { EVENT_FIELD_COOKIE, UINT64_MAX, "18446744073709551615" },
                { EVENT_FIELD_CONNECTION, 0xbeef, "000000000000beef" },
                { EVENT_FIELD_NOT_AFTER, 5, "1700000000000005" },
                { EVENT_FIELD_NOT_AFTER, (uint64_t) INT64_MIN, NULL },
                { EVENT_FIELD_NOT_AFTER, INT64_MAX, NULL },
                { EVENT_FIELD_DURATION, 3200000, "3200000" },
                { EVENT_FIELD_FAMILY, FAMILY_IPV6, "ipv6" },
                { EVENT_FIELD_FAMILY, FAMILY_UNKNOWN, NULL },
                { EVENT_FIELD_FAMILY, (1ULL << 32) + FAMILY_IPV6, NULL },
                { EVENT_FIELD_TRANSPORT, TRANSPORT_SEQPACKET, "seqpacket" },
                { EVENT_FIELD_STATE, STATE_CLOSE_WAIT, "close-wait" },
                { EVENT_FIELD_STATE, 99, NULL },
                { EVENT_FIELD_DIRECTION, DIRECTION_EGRESS, "egress" },
                { EVENT_FIELD_DIRECTION, DIRECTION_UNKNOWN, NULL },
                { EVENT_FIELD_END, END_RESET_RECEIVED, "reset-received" },
        };
        static const struct {
                FieldId id;
                Bytes bytes;
                const char *expected;
        } bytes[] = {
                { EVENT_FIELD_LOCAL_ADDRESS, BYTES("\x0a\x00\x00\x02"), "10.0.0.2" },
                { EVENT_FIELD_LOCAL_ADDRESS, BYTES("\0\0\0\0"), "0.0.0.0" },
                { EVENT_FIELD_PEER_ADDRESS, BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"), "::1" },
                { EVENT_FIELD_PEER_ADDRESS, BYTES("\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\2"), "::ffff:10.0.0.2" },
                { EVENT_FIELD_PEER_ADDRESS, BYTES("\x0a\x00\x00"), NULL },
                { EVENT_FIELD_STATES, BYTES("\2\1\6"), "syn-sent established time-wait" },
                { EVENT_FIELD_STATES, BYTES("\2\x63\1"), "syn-sent established" },
                { EVENT_FIELD_STATES, BYTES("\x63"), NULL },
                { EVENT_FIELD_HOLDER_LOST, BYTES("\5\0\0\0\7\0\0\0\1\0\0\0\0\0\0\0" "cut"), "5/1700000000000001/7" },
                { EVENT_FIELD_HOLDER_LOST, BYTES("cut"), NULL },
                { EVENT_FIELD_SEEN_BY, BYTES("snapshot"), "snapshot" },
                { EVENT_FIELD_COMM, BYTES("a\x1b[31m\n"), "a\\x1b[31m\\x0a" },
                { EVENT_FIELD_COMM, BYTES(""), NULL },
                { EVENT_FIELD_LOCAL_PATH_HEX, BYTES("\0pg\xff"), "007067ff" },
                { EVENT_FIELD_LOCAL_PATH, BYTES("/run/x.sock"), "/run/x.sock" },
                { EVENT_FIELD_LOCAL_PATH, BYTES("\0pg"), "@pg" },
                { EVENT_FIELD_LOCAL_PATH, BYTES("\0"), "@" },
                { EVENT_FIELD_LOCAL_PATH, BYTES("\0a\0b"), "@a\\x00b" },
                { EVENT_FIELD_PEER_PATH, BYTES("@pg"), "\\x40pg" },
                { EVENT_FIELD_COMM, BYTES("@pg"), "@pg" },
        };

        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                assert_field(numbers[i].id, (EventValue){ .number = numbers[i].number }, numbers[i].expected);
        for (size_t i = 0; i < ELEMENTSOF(bytes); i++)
                assert_field(bytes[i].id, (EventValue){ .bytes = bytes[i].bytes }, bytes[i].expected);
}

static void test_time_before_the_epoch_is_no_time(void **state) {
        FormatContext early = context;

        early.clock_offset = -10;
        assert_int_equal(format_epoch(&early, 10), 0);
        assert_int_equal(format_epoch(&early, 9), -1);
        assert_int_equal(format_epoch(&early, 0), -1);
}

static void test_bounds_of_a_value(void **state) {
        static Event e;
        _cleanup_text_ Text t = TEXT_NULL;

        event_init(&e, EVENT_CONNECTION_APPEARED);
        event_set_number(&e, EVENT_FIELD_INODE, 12345);
        event_set_bytes(&e, EVENT_FIELD_LOCAL_PATH, BYTES("\0abcdef"));
        event_set_bytes(&e, EVENT_FIELD_STATES, BYTES("\2\1"));
        /* half a number would be another number */
        assert_int_equal(format_value(&context, &e, EVENT_FIELD_INODE, 4, &t), -ENODATA);
        assert_int_equal(format_value(&context, &e, EVENT_FIELD_LOCAL_PATH, 7, &t), TEXT_TRUNCATED);
        assert_string_equal(text_string(&t), "@abc");
        text_clear(&t);
        assert_int_equal(format_value(&context, &e, EVENT_FIELD_STATES, 12, &t), TEXT_TRUNCATED);
        assert_string_equal(text_string(&t), "syn-sent");
        assert_int_equal(format_value(&context, &e, EVENT_FIELD_COMM, SIZE_MAX, &t), -ENODATA);
}

static void test_escaped_and_exact_bytes(void **state) {
        static Event e;

        event_init(&e, EVENT_CONNECTION_APPEARED);
        event_set_bytes(&e, EVENT_FIELD_LOCAL_PATH, BYTES("\0a\nb"));
        event_set_bytes(&e, EVENT_FIELD_PEER_PATH, BYTES("\0plain"));
        event_set_bytes(&e, EVENT_FIELD_COMM, BYTES("x\\y"));
        assert_own(&context, &e,
                   "SOCKAUDIT_LOCAL_PATH=@a\\x0ab\n"
                   "SOCKAUDIT_LOCAL_PATH_HEX=00610a62\n"
                   "SOCKAUDIT_PEER_PATH=@plain\n"
                   "SOCKAUDIT_COMM=x\\\\y\n"
                   "SOCKAUDIT_ESCAPED=LOCAL_PATH COMM\n");

        /* a name that begins with a real @ is not an abstract one */
        event_init(&e, EVENT_CONNECTION_APPEARED);
        event_set_bytes(&e, EVENT_FIELD_PEER_PATH, BYTES("@pg"));
        assert_own(&context, &e,
                   "SOCKAUDIT_PEER_PATH=\\x40pg\n"
                   "SOCKAUDIT_PEER_PATH_HEX=407067\n"
                   "SOCKAUDIT_ESCAPED=PEER_PATH\n");

        /* the event's own bytes win */
        event_set_bytes(&e, EVENT_FIELD_PEER_PATH_HEX, BYTES("\x01\x02"));
        assert_own(&context, &e,
                   "SOCKAUDIT_PEER_PATH=\\x40pg\n"
                   "SOCKAUDIT_PEER_PATH_HEX=0102\n"
                   "SOCKAUDIT_ESCAPED=PEER_PATH\n");
}

static void test_truncated(void **state) {
        static char big[10000];
        static Event e;
        _cleanup_text_ Text t = TEXT_NULL;
        const char *start;

        memset(big, 'x', sizeof(big));
        big[0] = '\n';
        event_init(&e, EVENT_PROCESS_MATCHED);
        event_set_bytes(&e, EVENT_FIELD_CMDLINE, (Bytes){ big, sizeof(big) });
        event_set_bytes(&e, EVENT_FIELD_EXE, (Bytes){ big + 1, sizeof(big) - 1 });
        fields_of(&context, &e, &t);
        start = strstr(text_string(&t), "\nSOCKAUDIT_CMDLINE=");
        assert_non_null(start);
        assert_int_equal(strchr(start + 1, '\n') - (start + 1), FORMAT_VALUE_MAX);
        assert_non_null(strstr(text_string(&t), "\nSOCKAUDIT_ESCAPED=CMDLINE\nSOCKAUDIT_TRUNCATED=EXE CMDLINE\n"));
}

static void test_holders(void **state) {
        static Event e;

        event_init(&e, EVENT_CONNECTION_APPEARED);
        event_set_number(&e, EVENT_FIELD_HOLDER_COUNT, 3);
        event_add_holder(&e, &(EventHolder){ .pid = 1, .start_usec = 7, .fd = 3, .comm = "a" });
        event_add_holder(&e, &(EventHolder){ .pid = 4194304, .start_usec = 8, .fd = 1023, .comm = "b/\n" });
        event_add_holder(&e, &(EventHolder){ .pid = 2, .start_usec = 9, .fd = 0 });
        event_set_number(&e, EVENT_FIELD_PID, 1);
        assert_own(&context, &e,
                   "SOCKAUDIT_HOLDER_COUNT=3\n"
                   "SOCKAUDIT_HOLDER=1/1700000000000007/3/a\n"
                   "SOCKAUDIT_HOLDER=4194304/1700000000000008/1023/b/\\x0a\n"
                   "SOCKAUDIT_HOLDER=2/1700000000000009/0/\n"
                   "SOCKAUDIT_PID=1\n"
                   "SOCKAUDIT_ESCAPED=HOLDER\n");
}

static void test_unit_log(void **state) {
        FormatContext c = context;
        static Event e;

        event_init(&e, EVENT_CONNECTION_APPEARED);
        event_set_bytes(&e, EVENT_FIELD_UNIT, BYTES("a\\x2db.service"));
        assert_own(&c, &e, "SOCKAUDIT_UNIT=a\\\\x2db.service\nSOCKAUDIT_ESCAPED=UNIT\n");
        c.unit_log = FORMAT_UNIT_LOG_NONE;
        assert_own(&c, &e, "SOCKAUDIT_UNIT=a\\\\x2db.service\nSOCKAUDIT_ESCAPED=UNIT\n");
        c.unit_log = FORMAT_UNIT_LOG_ALL;
        assert_own(&c, &e,
                   "SOCKAUDIT_UNIT=a\\\\x2db.service\nSOCKAUDIT_ESCAPED=UNIT\nOBJECT_SYSTEMD_UNIT=a\\x2db.service\n");

        event_set_bytes(&e, EVENT_FIELD_UNIT, BYTES("user@1.service"));
        event_set_bytes(&e, EVENT_FIELD_USER_UNIT, BYTES("x.service"));
        assert_own(&c, &e,
                   "SOCKAUDIT_UNIT=user@1.service\nSOCKAUDIT_USER_UNIT=x.service\n"
                   "OBJECT_SYSTEMD_UNIT=user@1.service\nOBJECT_SYSTEMD_USER_UNIT=x.service\n");

        /* of a problem, unless told otherwise */
        c.unit_log = FORMAT_UNIT_LOG_PROBLEMS;
        event_init(&e, EVENT_CONNECTION_STALLED);
        event_set_bytes(&e, EVENT_FIELD_UNIT, BYTES("x.service"));
        assert_own(&c, &e, "SOCKAUDIT_UNIT=x.service\nOBJECT_SYSTEMD_UNIT=x.service\n");
        c.unit_log = FORMAT_UNIT_LOG_NONE;
        assert_own(&c, &e, "SOCKAUDIT_UNIT=x.service\n");

        /* no name of a unit: not sent as one */
        c.unit_log = FORMAT_UNIT_LOG_ALL;
        event_init(&e, EVENT_CONNECTION_APPEARED);
        event_set_bytes(&e, EVENT_FIELD_UNIT, BYTES("x\nPRIORITY=0"));
        assert_own(&c, &e, "SOCKAUDIT_UNIT=x\\x0aPRIORITY=0\nSOCKAUDIT_ESCAPED=UNIT\n");
}

/* What only events of the audit itself carry stands behind the rest. */
static bool may_carry(EventKind kind, unsigned id) {
        return kind >= EVENT_AUDIT_STARTED ? id < EVENT_FIELD_DIRECTION || id >= EVENT_FIELD_PID : id < EVENT_FIELD_LOST_COUNT;
}

/* Everything at once, hostile and too long. */
static void fill(Event *e, EventKind kind) {
        static char hostile[5000];

        for (size_t i = 0; i < sizeof(hostile); i++)
                hostile[i] = (char) (i * 7);
        event_init(e, kind);
        for (unsigned id = 0; id < _EVENT_FIELD_MAX; id++) {
                FieldType type = event_field_info(id)->type;

                if (!may_carry(kind, id))
                        continue;
                if (type >= FIELD_STATES && type != FIELD_HOLDERS)
                        event_set_bytes(e, id, (Bytes){ hostile, type == FIELD_ADDRESS ? 16 : sizeof(hostile) });
                else if (type != FIELD_HOLDERS)
                        event_set_number(e, id, 1);
        }
        for (size_t i = 0; i < EVENT_HOLDERS_MAX + 5; i++)
                event_add_holder(e, &(EventHolder){ .pid = 1, .start_usec = 1, .fd = 1, .comm = hostile + 1 });
}

static int count(void *userdata, const char *name, const char *value, size_t size) {
        unsigned *n = userdata;

        assert_true(strlen(name) + 1 + size <= FORMAT_VALUE_MAX);
        for (size_t i = 0; i < size; i++)
                assert_true(((unsigned char) value[i] >= ' ' && value[i] != 0x7f) || (value[i] == '\n' && strcmp(name, "SOCKAUDIT_PEERS") == 0));
        (*n)++;
        return 0;
}

static void test_largest_event(void **state) {
        static Event e;
        FormatContext c = context;

        c.unit_log = FORMAT_UNIT_LOG_ALL;
        for (unsigned kind = 0; kind < _EVENT_KIND_MAX; kind++) {
                _cleanup_text_ Text t = TEXT_NULL;
                unsigned n = 0;

                fill(&e, kind);
                assert_int_equal(format_fields(&c, &e, count, &n), 0);
                assert_true(n > EVENT_FIELD_LOST_COUNT / 2 + EVENT_HOLDERS_MAX);
                assert_true(n + 2 <= FORMAT_FIELDS_MAX); /* OBJECT_SYSTEMD_UNIT and _USER_UNIT */
                format_message(&c, &e, &t);
                assert_true(t.size <= FORMAT_MESSAGE_MAX);
        }
}

static int refuse(void *userdata, const char *name, const char *value, size_t size) {
        int *left = userdata;

        return (*left)-- > 0 ? 0 : -EIO;
}

static void test_callback_ends_it(void **state) {
        static Event e;
        int left;

        fill(&e, EVENT_CONNECTION_APPEARED);
        for (int n = 0; n < EVENT_FIELD_LOST_COUNT + EVENT_HOLDERS_MAX; n++) {
                left = n;
                assert_int_equal(format_fields(&context, &e, refuse, &left), -EIO);
                assert_int_equal(left, -1);
        }
}

static void test_json(void **state) {
        static Event e;
        _cleanup_text_ Text t = TEXT_NULL;

        event_init(&e, EVENT_CONNECTION_APPEARED);
        e.seq = 7;
        event_set_bytes(&e, EVENT_FIELD_PEER_PATH, BYTES("/run/\"a\\b\n"));
        event_add_holder(&e, &(EventHolder){ .pid = 1, .start_usec = 7, .fd = 3, .comm = "a" });
        event_add_holder(&e, &(EventHolder){ .pid = 2, .start_usec = 8, .fd = 4, .comm = "b" });
        assert_int_equal(format_json(&context, &e, &t), 0);
        assert_string_equal(text_string(&t),
                            "{\"MESSAGE\":\"?[?] appeared: ? - -- -\","
                            "\"MESSAGE_ID\":\"0f5ce2a97d6b4f3f8b1c94d2a6e07312\",\"PRIORITY\":\"6\","
                            "\"SYSLOG_IDENTIFIER\":\"sockaudit\",\"SYSLOG_FACILITY\":\"13\",\"SOCKAUDIT_SCHEMA\":\"1\","
                            "\"SOCKAUDIT_EVENT\":\"connection-appeared\","
                            "\"SOCKAUDIT_RUN\":\"0123456789abcdef0123456789abcdef\",\"SOCKAUDIT_SEQ\":\"7\","
                            "\"SOCKAUDIT_PEER_PATH\":\"/run/\\\"a\\\\\\\\b\\\\x0a\","
                            "\"SOCKAUDIT_PEER_PATH_HEX\":\"2f72756e2f22615c620a\","
                            "\"SOCKAUDIT_HOLDER\":[\"1/1700000000000007/3/a\",\"2/1700000000000008/4/b\"],"
                            "\"SOCKAUDIT_ESCAPED\":\"PEER_PATH\"}\n");
}

static void test_json_of_anything_parses(void **state) {
        static Event e;

        for (unsigned kind = 0; kind < _EVENT_KIND_MAX; kind++) {
                _cleanup_text_ Text t = TEXT_NULL;
                json_object *o, *holders;

                fill(&e, kind);
                assert_int_equal(format_json(&context, &e, &t), 0);
                assert_ptr_equal(strchr(t.data, '\n'), t.data + t.size - 1);
                o = json_tokener_parse(t.data);
                assert_non_null(o);
                assert_true(json_object_object_get_ex(o, "SOCKAUDIT_HOLDER", &holders));
                assert_int_equal(json_object_array_length(holders), EVENT_HOLDERS_MAX);
                json_object_put(o);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_common_fields),
                cmocka_unit_test(test_values_by_type),
                cmocka_unit_test(test_time_before_the_epoch_is_no_time),
                cmocka_unit_test(test_bounds_of_a_value),
                cmocka_unit_test(test_escaped_and_exact_bytes),
                cmocka_unit_test(test_truncated),
                cmocka_unit_test(test_holders),
                cmocka_unit_test(test_unit_log),
                cmocka_unit_test(test_largest_event),
                cmocka_unit_test(test_callback_ends_it),
                cmocka_unit_test(test_json),
                cmocka_unit_test(test_json_of_anything_parses),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
