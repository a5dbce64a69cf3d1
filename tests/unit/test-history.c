/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "inspect/history.h"

static void field(History *h, const char *text) {
        assert_int_equal(history_field(h, text, strlen(text)), 0);
}

static void test_connection(void **state) {
        _cleanup_(history_done) History h;
        Socket peer;

        history_init(&h);
        field(&h, "SOCKAUDIT_EVENT=connection-stalled");
        field(&h, "SOCKAUDIT_NOT_AFTER=1795471524843943");
        field(&h, "SOCKAUDIT_STALL=zero-window");
        field(&h, "SOCKAUDIT_STATE=syn-sent");
        field(&h, "SOCKAUDIT_PID=901");
        field(&h, "SOCKAUDIT_PROCESS_ENTITY=0123456789abcdef0123456789abcdef-901-4711");
        field(&h, "SOCKAUDIT_COMM=a\\x20b\\\\");
        field(&h, "SOCKAUDIT_UNIT=x.service");
        field(&h, "SOCKAUDIT_FAMILY=ipv4");
        field(&h, "SOCKAUDIT_TRANSPORT=tcp");
        field(&h, "SOCKAUDIT_PEER_ADDRESS=198.51.100.7");
        field(&h, "SOCKAUDIT_PEER_PORT=9200");
        field(&h, "_PID=5");
        assert_string_equal(h.kind, "connection-stalled");
        assert_int_equal(h.time, 1795471524843943);
        assert_string_equal(h.stall, "zero-window");
        assert_int_equal(h.state, STATE_SYN_SENT);
        assert_int_equal(h.process.pid, 901);
        assert_int_equal(h.process.start_ticks, 4711);
        assert_string_equal(h.process.comm, "a b\\");
        assert_string_equal(h.process.unit, "x.service");
        assert_int_equal(h.socket.family, FAMILY_IPV4);
        assert_int_equal(h.socket.peer.port, 9200);
        assert_int_equal(h.socket.peer.ip[0], 198);
        assert_false(history_peer(&h, &peer));
}

static void test_paths(void **state) {
        _cleanup_(history_done) History h;
        Socket peer;

        history_init(&h);
        field(&h, "SOCKAUDIT_LOCAL_PATH=@a\\x00b");
        field(&h, "SOCKAUDIT_PEER_PATH=\\x40a");
        assert_int_equal(h.socket.path_size, 4);
        assert_memory_equal(h.socket.path, "\0a\0b", 4);
        assert_true(history_peer(&h, &peer));
        assert_int_equal(peer.family, FAMILY_UNIX);
        assert_memory_equal(peer.path, "@a", 2);
}

static void test_damaged(void **state) {
        _cleanup_(history_done) History h;

        history_init(&h);
        field(&h, "SOCKAUDIT_PID=x");
        field(&h, "SOCKAUDIT_PID=99999999999");
        field(&h, "SOCKAUDIT_COMM=\\xzz");
        field(&h, "SOCKAUDIT_LOCAL_PORT=65536");
        field(&h, "SOCKAUDIT_LOCAL_ADDRESS=1.2.3");
        field(&h, "SOCKAUDIT_PROCESS_ENTITY=-");
        field(&h, "SOCKAUDIT_STALL=a-word-that-is-longer-than-there-is-room");
        field(&h, "NOTHING");
        assert_int_equal(h.process.pid, 0);
        assert_null(h.process.comm);
        assert_int_equal(h.socket.local.port, 0);
        assert_string_equal(h.stall, "");
}

static void test_message(void **state) {
        _cleanup_(history_done) History h;

        history_init(&h);
        field(&h, "MESSAGE=comm\\x20 \x1b[31m\\");
        assert_string_equal(text_string(&h.message), "comm\\x20 \\x1b[31m\\");
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_connection),
                cmocka_unit_test(test_paths),
                cmocka_unit_test(test_damaged),
                cmocka_unit_test(test_message),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
