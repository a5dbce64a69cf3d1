/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "inspect/stuck.h"

#define TICK 10000 /* that the kernel may count too many */
#define S USEC_PER_SEC

static Socket tcp(uint32_t inode, State state) {
        Socket s;

        socket_init(&s);
        s.netns = 1;
        s.inode = inode;
        s.cookie = 1000 + inode;
        s.family = FAMILY_IPV4;
        s.transport = TRANSPORT_TCP;
        s.state = (uint8_t) state;
        s.local = (Endpoint){ { 10, 0, 0, 2 }, (uint16_t) (40000 + inode) };
        s.peer = (Endpoint){ { 198, 51, 100, 7 }, 9200 };
        return s;
}

static void add(Map *m, const Socket *s) {
        assert_int_equal(map_add_socket(m, s), 0);
}

static const MapSocket *judged(Map *m, const Before *before, uint64_t elapsed, uint32_t inode) {
        assert_int_equal(map_join(m), 0);
        map_judge(m, before, elapsed);
        return &m->sockets[map_find(m, inode)];
}

static void assert_why(const Map *m, uint32_t inode, const char *expected) {
        _cleanup_text_ Text t = TEXT_NULL;

        stuck_why(&t, m, map_find(m, inode), m->process_count > 0 ? 0 : MAP_NONE);
        assert_string_equal(text_string(&t), expected);
}

static void add_process(Map *m, uint32_t pid, const char *comm) {
        Process p;

        process_init(&p);
        p.pid = pid;
        p.comm = strdup(comm);
        assert_int_equal(map_add_process(m, &p), 0);
}

static void test_one_look(void **state) {
        _cleanup_(map_done) Map m = {};
        Socket s = tcp(1, STATE_ESTABLISHED);

        add_process(&m, 901, "fluentd");
        s.send_queue = 49357;
        s.timer = TIMER_RETRANSMIT;
        s.timer_msec = 26000;
        s.bytes_acked = 5;
        s.retransmits = s.backoff = 7;
        s.rto_usec = 25600000;
        add(&m, &s);
        s = tcp(2, STATE_CLOSE_WAIT);
        s.heard_usec = 720 * S + TICK;
        add(&m, &s);
        s = tcp(3, STATE_CLOSE_WAIT);
        s.heard_usec = 59 * S; /* not for long enough */
        add(&m, &s);
        s = tcp(4, STATE_SYN_SENT);
        s.retransmits = 3;
        s.rto_usec = 1 * S;
        s.timer = TIMER_RETRANSMIT;
        s.timer_msec = 900;
        add(&m, &s);

        assert_int_equal(judged(&m, NULL, 0, 1)->stall, STALL_UNACKNOWLEDGED);
        assert_why(&m, 1, "unacknowledged: 7 retransmits, next in 26s");
        assert_why(&m, 2, "peer closed 12m ago, fluentd[901] has not");
        assert_why(&m, 3, "");
        assert_why(&m, 4, "connecting: 3 unanswered attempts, next in 900ms");
}

static void test_two_looks(void **state) {
        _cleanup_(map_done) Map m = {}, later = {};
        _cleanup_(before_freep) Before *before = NULL;
        Socket still = tcp(1, STATE_ESTABLISHED), moving = tcp(2, STATE_ESTABLISHED), flying = tcp(3, STATE_ESTABLISHED);
        Socket end;

        socket_init(&end);
        end.netns = 1;
        end.inode = 4;
        end.family = FAMILY_UNIX;
        end.transport = TRANSPORT_STREAM;
        end.state = STATE_ESTABLISHED;
        end.receive_queue = 212992;
        still.send_queue = moving.send_queue = flying.send_queue = 100;
        still.bytes_acked = moving.bytes_acked = flying.bytes_acked = 5;
        still.timer = moving.timer = TIMER_PROBE;
        flying.timer = TIMER_RETRANSMIT;
        moving.receive_queue = 7; /* read, but for these, long ago */
        moving.bytes_received = 100;
        add(&m, &still);
        add(&m, &moving);
        add(&m, &flying);
        add(&m, &end);
        assert_int_equal(judged(&m, NULL, 0, 1)->stall, STALL_NONE);
        assert_int_equal(before_take(&before, &m), 0);

        still.send_queue = 200;
        moving.bytes_acked = 6;
        moving.receive_queue = 6;
        moving.idle_usec = 3600 * S;
        add(&later, &still);
        add(&later, &moving);
        add(&later, &flying);
        add(&later, &end);
        assert_int_equal(judged(&later, before, 2 * S, 1)->stall, STALL_ZERO_WINDOW);
        assert_int_equal(judged(&later, before, 2 * S, 1)->stalled, 2 * S);
        assert_int_equal(judged(&later, before, 2 * S, 2)->stall, STALL_NONE);
        assert_int_equal(judged(&later, before, 2 * S, 3)->stall, STALL_NONE); /* on its way */
        assert_why(&later, 4, "not-reading: 208K unread for 2s");
}

static void test_not_accepted(void **state) {
        _cleanup_(map_done) Map m = {};
        _cleanup_(before_freep) Before *before = NULL;
        Socket listener = tcp(1, STATE_LISTEN), child = tcp(0, STATE_ESTABLISHED), stranger = tcp(0, STATE_ESTABLISHED);

        listener.local = (Endpoint){ .port = 80 };
        listener.peer = (Endpoint){};
        listener.send_queue = 128;
        listener.receive_queue = 1;
        child.local.port = 80;
        child.heard_usec = 4 * S + TICK;
        stranger.cookie++;
        stranger.local.port = 81;
        stranger.heard_usec = 100 * S;
        add(&m, &listener);
        add(&m, &child);
        add(&m, &stranger);
        assert_int_equal(judged(&m, NULL, 0, 1)->stall, STALL_NONE);
        assert_int_equal(before_take(&before, &m), 0);
        assert_int_equal(judged(&m, before, 1 * S, 1)->stall, STALL_NOT_ACCEPTED);
        assert_why(&m, 1, "not-accepted: 1 of 128 waits for 4s");
        before = before_free(before);

        for (size_t i = 0; i < m.socket_count; i++)
                if (m.sockets[i].socket.heard_usec == 4 * S + TICK)
                        m.sockets[i].socket.heard_usec = 6 * S + TICK;
        assert_int_equal(judged(&m, NULL, 0, 1)->stalled, 6 * S);
}

static void test_empty(void **state) {
        _cleanup_(map_done) Map m = {};
        _cleanup_(before_freep) Before *before = NULL;

        assert_int_equal(map_join(&m), 0);
        assert_int_equal(before_take(&before, &m), 0);
        map_judge(&m, before, 1);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one_look),
                cmocka_unit_test(test_two_looks),
                cmocka_unit_test(test_not_accepted),
                cmocka_unit_test(test_empty),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
