/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "base/macro.h"
#include "detect/stall.h"

#define S USEC_PER_SEC
#define MS USEC_PER_MSEC

static Socket tcp(State state) {
        Socket s;

        socket_init(&s);
        s.family = FAMILY_IPV4;
        s.transport = TRANSPORT_TCP;
        s.state = (uint8_t) state;
        s.inode = 1;
        return s;
}

static void assert_sign(StallPart part, const Socket *s, StallKind kind, uint64_t least) {
        StallSign sign = stall_sign(part, s);

        assert_int_equal(sign.kind, kind);
        assert_int_equal(sign.least, least);
}

static void test_nothing_waits(void **state) {
        Socket s = tcp(STATE_ESTABLISHED);

        s.idle_usec = s.heard_usec = 3600 * S;
        for (StallPart part = 0; part < _STALL_PART_MAX; part++)
                assert_sign(part, &s, STALL_NONE, 0);
        s.transport = TRANSPORT_UDP; /* nobody has to read what comes by itself */
        s.receive_queue = s.send_queue = 100;
        for (StallPart part = 0; part < _STALL_PART_MAX; part++)
                assert_sign(part, &s, STALL_NONE, 0);
}

/* As the kernel showed them (Linux 6.18): attempts go out after 1, 2, 3, 4 and 5 s, then after 7 and 11. */
static void test_connecting(void **state) {
        Socket s = tcp(STATE_SYN_SENT);

        s.send_queue = 1;
        s.rto_usec = 1 * S;
        assert_sign(STALL_OF_STATE, &s, STALL_CONNECTING, 0);
        assert_sign(STALL_OF_SENDING, &s, STALL_NONE, 0);
        s.retransmits = 3;
        assert_sign(STALL_OF_STATE, &s, STALL_CONNECTING, 3 * S);
        s.retransmits = 6;
        s.backoff = 2;
        s.rto_usec = 4 * S;
        assert_sign(STALL_OF_STATE, &s, STALL_CONNECTING, 4 * S + 3 * S);
        s.rto_usec = 0; /* /proc */
        assert_sign(STALL_OF_STATE, &s, STALL_CONNECTING, 6 * S);
}

static void test_unacknowledged(void **state) {
        Socket s = tcp(STATE_ESTABLISHED), later;

        s.send_queue = 100;
        s.timer = TIMER_RETRANSMIT;
        s.bytes_acked = 7;
        assert_sign(STALL_OF_SENDING, &s, STALL_UNACKNOWLEDGED, 0); /* on its way */
        s.retransmits = s.backoff = 5;
        s.rto_usec = 200 * MS << 5;
        s.idle_usec = 1 * S;
        assert_sign(STALL_OF_SENDING, &s, STALL_UNACKNOWLEDGED, 200 * MS * 31 + 990 * MS);
        s.backoff = 7; /* two of them are of an earlier loss */
        assert_sign(STALL_OF_SENDING, &s, STALL_UNACKNOWLEDGED, 200 * MS * 31 + 990 * MS);
        s.backoff = 200;
        s.retransmits = 255;
        assert_true(stall_sign(STALL_OF_SENDING, &s).least < 86400 * S);

        later = s;
        later.send_queue = 5000; /* the program goes on to write */
        assert_int_equal(stall_sign(STALL_OF_SENDING, &s).mark, stall_sign(STALL_OF_SENDING, &later).mark);
        later.bytes_acked++;
        assert_int_not_equal(stall_sign(STALL_OF_SENDING, &s).mark, stall_sign(STALL_OF_SENDING, &later).mark);
        later.bytes_acked = 1ULL << 32;
        assert_int_not_equal(stall_sign(STALL_OF_SENDING, &later).mark, 0);
}

static void test_unacknowledged_by_text(void **state) {
        Socket s = tcp(STATE_ESTABLISHED);

        s.send_queue = 100;
        s.timer = TIMER_RETRANSMIT;
        assert_sign(STALL_OF_SENDING, &s, STALL_NONE, 0);
        s.retransmits = 1;
        assert_sign(STALL_OF_SENDING, &s, STALL_NONE, 0);
        s.retransmits = 6;
        assert_sign(STALL_OF_SENDING, &s, STALL_UNACKNOWLEDGED, 200 * MS * 63);
        s.timer = TIMER_PROBE;
        assert_sign(STALL_OF_SENDING, &s, STALL_ZERO_WINDOW, 0);
}

/* As the kernel showed it, 4.3 s after the receiver's buffer was full. */
static void test_zero_window(void **state) {
        Socket s = tcp(STATE_ESTABLISHED);

        s.send_queue = 3782144;
        s.timer = TIMER_PROBE;
        s.bytes_acked = 128513;
        s.backoff = 4;
        s.rto_usec = 208 * MS;
        assert_sign(STALL_OF_SENDING, &s, STALL_ZERO_WINDOW, 208 * MS * 15);
        s.send_queue = 0;
        assert_sign(STALL_OF_SENDING, &s, STALL_NONE, 0);
}

static void test_close_wait(void **state) {
        Socket s = tcp(STATE_CLOSE_WAIT);

        assert_sign(STALL_OF_STATE, &s, STALL_CLOSE_WAIT, 0);
        s.heard_usec = 720 * S;
        assert_sign(STALL_OF_STATE, &s, STALL_CLOSE_WAIT, 720 * S - 10 * MS);
        s.receive_queue = 1; /* the FIN */
        assert_sign(STALL_OF_READING, &s, STALL_NONE, 0);
        s.receive_queue = 31;
        assert_sign(STALL_OF_READING, &s, STALL_NOT_READING, 0);
        assert_int_equal(stall_unread(&s), 30);
        s.transport = TRANSPORT_UDP;
        assert_sign(STALL_OF_STATE, &s, STALL_NONE, 0);
}

static void test_not_reading(void **state) {
        Socket s = tcp(STATE_ESTABLISHED), later;

        s.receive_queue = 500;
        s.bytes_received = 1500;
        s.idle_usec = 9 * S;
        assert_sign(STALL_OF_READING, &s, STALL_NOT_READING, 9 * S - 10 * MS);
        later = s;
        later.receive_queue += 100;
        later.bytes_received += 100; /* more comes, nothing is read */
        assert_int_equal(stall_sign(STALL_OF_READING, &s).mark, stall_sign(STALL_OF_READING, &later).mark);
        later.receive_queue -= 50;
        assert_int_not_equal(stall_sign(STALL_OF_READING, &s).mark, stall_sign(STALL_OF_READING, &later).mark);
        later.bytes_received = SOCKET_UNKNOWN;
        assert_int_equal(stall_sign(STALL_OF_READING, &later).mark, later.receive_queue);
        s.inode = 0; /* who has not accepted it cannot read it */
        assert_sign(STALL_OF_READING, &s, STALL_NONE, 0);
        assert_true(stall_is_waiting(&s));
        assert_int_equal(stall_waiting(&s), 8990 * MS);
        s.heard_usec = 12 * S;
        assert_int_equal(stall_waiting(&s), 11990 * MS);
}

/* What began at the end of a tick is counted from its beginning. */
static void test_tick(void **state) {
        static const struct {
                uint64_t counted, least;
        } cases[] = { { SOCKET_UNKNOWN, 0 }, { 0, 0 }, { 4 * MS, 0 }, { 10 * MS, 0 }, { 14 * MS, 4 * MS }, { 3004 * MS, 2994 * MS } };
        Socket s;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                s = tcp(STATE_CLOSE_WAIT);
                s.heard_usec = cases[i].counted;
                assert_sign(STALL_OF_STATE, &s, STALL_CLOSE_WAIT, cases[i].least);
                assert_int_equal(stall_waiting(&s), cases[i].least);
                s = tcp(STATE_ESTABLISHED);
                s.receive_queue = 100;
                s.bytes_received = 100;
                s.idle_usec = cases[i].counted;
                assert_sign(STALL_OF_READING, &s, STALL_NOT_READING, cases[i].least);
                assert_int_equal(stall_waiting(&s), cases[i].least);
        }
}

static void test_unix(void **state) {
        Socket s;

        socket_init(&s);
        s.family = FAMILY_UNIX;
        s.transport = TRANSPORT_STREAM;
        s.state = STATE_ESTABLISHED;
        s.send_queue = 100;
        assert_sign(STALL_OF_SENDING, &s, STALL_NOT_READING, 0);
        assert_sign(STALL_OF_READING, &s, STALL_NONE, 0);
        s.receive_queue = 7;
        assert_sign(STALL_OF_READING, &s, STALL_NOT_READING, 0);
        s.state = STATE_LISTEN;
        s.waiting = 4711;
        assert_sign(STALL_OF_SENDING, &s, STALL_NONE, 0); /* the limit of its queue */
        assert_sign(STALL_OF_READING, &s, STALL_NOT_ACCEPTED, 0);
        assert_int_equal(stall_sign(STALL_OF_READING, &s).mark, 4711);
}

static void test_past(void **state) {
        StallSpan spans[_STALL_PART_MAX] = {
                [STALL_OF_SENDING] = { STALL_ZERO_WINDOW, 0, 100 * S },
                [STALL_OF_STATE] = { STALL_CLOSE_WAIT, 0, 50 * S },
        };
        uint64_t thresholds[_STALL_MAX];

        memcpy(thresholds, STALL_DEFAULTS, sizeof(thresholds));
        assert_int_equal(stall_past(spans, thresholds, 90 * S), _STALL_PART_MAX);
        assert_int_equal(stall_past(spans, thresholds, 110 * S), STALL_OF_STATE);
        assert_int_equal(stall_past(spans, thresholds, 130 * S), STALL_OF_SENDING);
        thresholds[STALL_ZERO_WINDOW] = thresholds[STALL_CLOSE_WAIT] = 0;
        assert_int_equal(stall_past(spans, thresholds, 1000 * S), _STALL_PART_MAX);
}

static void test_names(void **state) {
        assert_null(stall_name(STALL_NONE));
        assert_null(stall_name(_STALL_MAX));
        for (StallKind k = STALL_CONNECTING; k < _STALL_MAX; k++)
                assert_non_null(stall_name(k));
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing_waits), cmocka_unit_test(test_connecting),
                cmocka_unit_test(test_unacknowledged), cmocka_unit_test(test_unacknowledged_by_text),
                cmocka_unit_test(test_zero_window), cmocka_unit_test(test_close_wait),
                cmocka_unit_test(test_not_reading), cmocka_unit_test(test_unix),
                cmocka_unit_test(test_tick), cmocka_unit_test(test_past), cmocka_unit_test(test_names),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
