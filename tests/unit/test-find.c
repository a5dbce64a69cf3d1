/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <arpa/inet.h>
#include <string.h>

#include "collect/find.h"

static Endpoint at(const char *ip, uint16_t port) {
        Endpoint e = { .port = port };

        assert_int_equal(inet_pton(strchr(ip, ':') ? AF_INET6 : AF_INET, ip, e.ip), 1);
        return e;
}

static Socket row_of(Transport transport, State state, const char *local, uint16_t port, const char *peer, uint16_t peer_port) {
        Socket s;

        socket_init(&s);
        s.family = strchr(local, ':') ? FAMILY_IPV6 : FAMILY_IPV4;
        s.transport = (uint8_t) transport;
        s.state = (uint8_t) state;
        s.local = at(local, port);
        s.peer = at(peer, peer_port);
        s.inode = port;
        return s;
}

static Find other_end_of(Transport transport, const char *local, uint16_t port, const char *peer, uint16_t peer_port) {
        Socket s = row_of(transport, STATE_ESTABLISHED, local, port, peer, peer_port);
        Find f = {};

        find_addresses(&f, &s);
        return f;
}

static void look(Find *finds, size_t count, Transport transport, const Socket *rows, size_t row_count) {
        _cleanup_findset_ FindSet set = {};

        assert_int_equal(findset_init(&set, finds, count, transport), 0);
        for (size_t i = 0; i < row_count; i++)
                assert_int_equal(findset_row(&set, &rows[i]), 0);
        findset_end(&set);
}

/* The swapped pair, IPv4 over IPv6 or not; no other. */
static void test_tuple(void **state) {
        Find finds[] = {
                other_end_of(TRANSPORT_TCP, "127.0.0.1", 40000, "127.0.0.1", 80),
                other_end_of(TRANSPORT_TCP, "::ffff:127.0.0.1", 40001, "::ffff:127.0.0.1", 80),
                other_end_of(TRANSPORT_TCP, "::1", 40002, "::1", 80),
                other_end_of(TRANSPORT_TCP, "10.0.0.1", 40003, "10.0.0.2", 80),
        };
        const Socket rows[] = {
                row_of(TRANSPORT_TCP, STATE_ESTABLISHED, "::ffff:127.0.0.1", 80, "::ffff:127.0.0.1", 40000),
                row_of(TRANSPORT_TCP, STATE_ESTABLISHED, "127.0.0.1", 80, "127.0.0.1", 40001),
                row_of(TRANSPORT_TCP, STATE_ESTABLISHED, "::1", 80, "::1", 40002),
                row_of(TRANSPORT_TCP, STATE_ESTABLISHED, "10.0.0.2", 80, "10.0.0.3", 40003),
                row_of(TRANSPORT_TCP, STATE_ESTABLISHED, "127.0.0.1", 40000, "127.0.0.1", 80),
        };

        look(finds, ELEMENTSOF(finds), TRANSPORT_TCP, rows, ELEMENTSOF(rows));
        for (size_t i = 0; i < 3; i++) {
                assert_int_equal(finds[i].found.count, 1);
                assert_int_equal(finds[i].found.inode, 80);
                assert_true(find_is_tuple(&finds[i], &rows[i]));
        }
        assert_int_equal(finds[3].found.count, 0);
        assert_int_equal(finds[1].family, FAMILY_IPV4);
        assert_int_equal(finds[2].family, FAMILY_IPV6);

        /* another transport is not looked for */
        look(finds, ELEMENTSOF(finds), TRANSPORT_UDP, rows, ELEMENTSOF(rows));
        assert_int_equal(finds[0].found.count, 1);
        /* two are no telling */
        look(finds, ELEMENTSOF(finds), TRANSPORT_TCP, rows, 1);
        assert_int_equal(finds[0].found.count, 2);
}

/* Who takes what comes from anybody: the one at the very address before one at any. */
static void test_server(void **state) {
        Find f = other_end_of(TRANSPORT_UDP, "127.0.0.1", 40000, "127.0.0.1", 53);
        const Find asked = f;
        Socket rows[] = {
                row_of(TRANSPORT_UDP, STATE_CLOSE, "::", 53, "::", 0),
                row_of(TRANSPORT_UDP, STATE_CLOSE, "0.0.0.0", 53, "0.0.0.0", 0),
                row_of(TRANSPORT_UDP, STATE_CLOSE, "127.0.0.1", 53, "0.0.0.0", 0),
                row_of(TRANSPORT_UDP, STATE_CLOSE, "127.0.0.1", 54, "0.0.0.0", 0),
                row_of(TRANSPORT_UDP, STATE_ESTABLISHED, "127.0.0.1", 53, "127.0.0.1", 1),
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                rows[i].inode = (uint32_t) i + 1;
        look(&f, 1, TRANSPORT_UDP, rows, ELEMENTSOF(rows));
        assert_true(f.found.count == 0 && f.server.count == 1 && f.server.inode == 3 && f.level == FIND_AT_ADDRESS);
        f = asked;
        look(&f, 1, TRANSPORT_UDP, rows, 2);
        assert_true(f.server.count == 1 && f.server.inode == 2 && f.level == FIND_AT_ANY);
        f = asked;
        look(&f, 1, TRANSPORT_UDP, rows, 1);
        assert_true(f.server.count == 1 && f.server.inode == 1 && f.level == FIND_AT_ANY_IPV6);
        /* of those that share a port nobody can tell which */
        f = asked;
        look(&f, 1, TRANSPORT_UDP, (Socket[]){ rows[2], rows[0], rows[2] }, 3);
        assert_int_equal(f.server.count, 2);
        /* bound to an interface */
        f = asked;
        rows[2].interface = 7;
        look(&f, 1, TRANSPORT_UDP, rows + 2, 1);
        assert_int_equal(f.server.count, 0);
}

/* A user who binds a great many addresses to a port gets no answer instead of a slow one. */
static void test_too_many_servers(void **state) {
        Find f = other_end_of(TRANSPORT_UDP, "127.0.0.1", 40000, "127.0.0.1", 53);
        _cleanup_findset_ FindSet set = {};
        Socket row = row_of(TRANSPORT_UDP, STATE_CLOSE, "127.0.0.1", 53, "0.0.0.0", 0);

        assert_int_equal(findset_init(&set, &f, 1, TRANSPORT_UDP), 0);
        assert_int_equal(findset_row(&set, &row), 0);
        for (unsigned i = 0; i < 5000; i++) {
                row.local.ip[1] = (uint8_t) (i >> 8);
                row.local.ip[2] = (uint8_t) i;
                assert_int_equal(findset_row(&set, &row), 0);
        }
        findset_end(&set);
        assert_int_equal(f.server.count, 0);
        assert_true(set.server_count < 2000);
}

static void test_unix(void **state) {
        Find finds[] = { { .family = FAMILY_UNIX, .inode = 7 }, { .family = FAMILY_UNIX, .inode = 5 }, { .family = FAMILY_UNIX, .client = 7 } };
        Socket row;

        socket_init(&row);
        row.family = FAMILY_UNIX;
        row.transport = TRANSPORT_STREAM;
        row.inode = 7;
        row.peer_inode = 8;
        row.path_size = 3;
        memcpy(row.path, "\0a\n", 3);
        look(finds, ELEMENTSOF(finds), TRANSPORT_UNKNOWN, &row, 1);
        assert_true(finds[0].found.count == 1 && finds[0].found.peer_inode == 8 && finds[0].path_size == 3);
        assert_memory_equal(finds[0].path, "\0a\n", 3);
        assert_true(finds[1].found.count == 0 && finds[2].found.count == 0);
        find_take_listener(&finds[2], &row);
        assert_true(finds[2].server.count == 1 && finds[2].server.inode == 7 && finds[2].path_size == 3);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tuple),
                cmocka_unit_test(test_server),
                cmocka_unit_test(test_too_many_servers),
                cmocka_unit_test(test_unix),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
