/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/map.h"

#define HOST 1
#define CONTAINER 2

static Endpoint endpoint(const char *text, uint16_t port) {
        Endpoint e = { .port = port };

        if (inet_pton(AF_INET, text, e.ip) != 1)
                assert_int_equal(inet_pton(AF_INET6, text, e.ip), 1);
        return e;
}

static void add_inet(Map *m, uint64_t netns, uint32_t inode, Transport transport, State state, const char *local,
                     uint16_t local_port, const char *peer, uint16_t peer_port) {
        Socket s;

        socket_init(&s);
        s.netns = netns;
        s.inode = inode;
        s.cookie = inode + 1000;
        s.family = strchr(local, ':') ? FAMILY_IPV6 : FAMILY_IPV4;
        s.transport = (uint8_t) transport;
        s.state = (uint8_t) state;
        s.local = endpoint(local, local_port);
        s.peer = endpoint(peer, peer_port);
        assert_int_equal(map_add_socket(m, &s), 0);
}

static void add_unix(Map *m, uint64_t netns, uint32_t inode, Transport transport, State state, const char *path,
                     uint32_t peer) {
        Socket s;

        socket_init(&s);
        s.netns = netns;
        s.inode = inode;
        s.family = FAMILY_UNIX;
        s.transport = (uint8_t) transport;
        s.state = (uint8_t) state;
        s.path_size = (uint8_t) strlen(path);
        memcpy(s.path, path, strlen(path));
        s.peer_inode = peer;
        assert_int_equal(map_add_socket(m, &s), 0);
}

static uint32_t peer_of(const Map *m, uint32_t inode) {
        uint32_t i = map_find(m, inode);

        assert_int_not_equal(i, MAP_NONE);
        return map_peer_inode(m, i);
}

static Direction direction_of(const Map *m, uint32_t inode) {
        return m->sockets[map_find(m, inode)].direction;
}

static void test_empty(void **state) {
        _cleanup_(map_done) Map m = {};
        const MapHolder *h;
        const uint32_t *c;

        assert_int_equal(map_join(&m), 0);
        assert_int_equal(map_find(&m, 1), MAP_NONE);
        assert_int_equal(map_find(&m, 0), MAP_NONE);
        assert_int_equal(map_holders(&m, 1, &h), 0);
        assert_int_equal(map_clients(&m, 1, &c), 0);
        assert_null(map_primary(&m, 1, MAP_NONE));
}

static void test_inet_peers(void **state) {
        _cleanup_(map_done) Map m = {};

        add_inet(&m, HOST, 10, TRANSPORT_TCP, STATE_LISTEN, "::", 5432, "::", 0);
        add_inet(&m, HOST, 11, TRANSPORT_TCP, STATE_ESTABLISHED, "127.0.0.1", 40000, "127.0.0.1", 5432);
        add_inet(&m, HOST, 12, TRANSPORT_TCP, STATE_ESTABLISHED, "::ffff:127.0.0.1", 5432, "::ffff:127.0.0.1", 40000);
        /* the same pair in another namespace, where the client's end is missing */
        add_inet(&m, CONTAINER, 13, TRANSPORT_TCP, STATE_ESTABLISHED, "127.0.0.1", 5432, "127.0.0.1", 40001);
        add_inet(&m, HOST, 14, TRANSPORT_TCP, STATE_ESTABLISHED, "127.0.0.1", 40001, "127.0.0.1", 5432);
        add_inet(&m, HOST, 15, TRANSPORT_TCP, STATE_ESTABLISHED, "10.0.0.2", 40022, "198.51.100.7", 9200);
        add_inet(&m, HOST, 16, TRANSPORT_TCP, STATE_SYN_SENT, "10.0.0.2", 5432, "198.51.100.7", 9200);
        assert_int_equal(map_join(&m), 0);

        assert_int_equal(peer_of(&m, 11), 12);
        assert_int_equal(peer_of(&m, 12), 11);
        assert_int_equal(peer_of(&m, 13), 0);
        assert_int_equal(peer_of(&m, 14), 0); /* never across namespaces */
        assert_int_equal(peer_of(&m, 15), 0);
        assert_int_equal(peer_of(&m, 10), 0);

        assert_int_equal(direction_of(&m, 10), DIRECTION_UNKNOWN);
        assert_int_equal(direction_of(&m, 11), DIRECTION_EGRESS);
        assert_int_equal(direction_of(&m, 12), DIRECTION_INGRESS); /* IPv4 on a listener of :: */
        assert_int_equal(direction_of(&m, 13), DIRECTION_EGRESS);  /* the listener is not in this namespace */
        assert_int_equal(direction_of(&m, 15), DIRECTION_EGRESS);
        assert_int_equal(direction_of(&m, 16), DIRECTION_EGRESS); /* connects from the listener's port */
}

static void test_inet_ambiguous(void **state) {
        _cleanup_(map_done) Map m = {};

        add_inet(&m, HOST, 20, TRANSPORT_UDP, STATE_ESTABLISHED, "127.0.0.1", 1000, "127.0.0.1", 2000);
        add_inet(&m, HOST, 21, TRANSPORT_UDP, STATE_ESTABLISHED, "127.0.0.1", 2000, "127.0.0.1", 1000);
        add_inet(&m, HOST, 22, TRANSPORT_UDP, STATE_ESTABLISHED, "127.0.0.1", 2000, "127.0.0.1", 1000);
        add_inet(&m, HOST, 23, TRANSPORT_TCP, STATE_ESTABLISHED, "127.0.0.1", 1000, "127.0.0.1", 2000);
        add_inet(&m, HOST, 24, TRANSPORT_TCP, STATE_ESTABLISHED, "127.0.0.1", 7, "127.0.0.1", 7);
        assert_int_equal(map_join(&m), 0);

        assert_int_equal(peer_of(&m, 20), 0); /* two candidates */
        assert_int_equal(peer_of(&m, 21), 20);
        assert_int_equal(peer_of(&m, 23), 0);  /* another transport */
        assert_int_equal(peer_of(&m, 24), 24); /* connected to itself */
}

static void test_unix(void **state) {
        _cleanup_(map_done) Map m = {};
        const uint32_t *clients;

        add_unix(&m, HOST, 30, TRANSPORT_STREAM, STATE_LISTEN, "/run/x.sock", 0);
        add_unix(&m, CONTAINER, 31, TRANSPORT_STREAM, STATE_ESTABLISHED, "/run/x.sock", 32); /* accepted */
        add_unix(&m, CONTAINER, 32, TRANSPORT_STREAM, STATE_ESTABLISHED, "", 31);
        add_unix(&m, HOST, 33, TRANSPORT_STREAM, STATE_ESTABLISHED, "", 34); /* a pair */
        add_unix(&m, HOST, 34, TRANSPORT_STREAM, STATE_ESTABLISHED, "", 33);
        add_unix(&m, HOST, 35, TRANSPORT_DGRAM, STATE_CLOSE, "/dev/log", 0);
        add_unix(&m, HOST, 36, TRANSPORT_DGRAM, STATE_ESTABLISHED, "", 35);
        add_unix(&m, HOST, 37, TRANSPORT_DGRAM, STATE_ESTABLISHED, "/run/me", 35);
        add_unix(&m, HOST, 38, TRANSPORT_STREAM, STATE_ESTABLISHED, "/run/x.sock", 99); /* other end not seen */
        assert_int_equal(map_join(&m), 0);

        assert_int_equal(peer_of(&m, 31), 32);
        assert_int_equal(peer_of(&m, 32), 31);
        assert_int_equal(peer_of(&m, 38), 99);
        assert_int_equal(direction_of(&m, 30), DIRECTION_UNKNOWN);
        assert_int_equal(direction_of(&m, 31), DIRECTION_INGRESS);
        assert_int_equal(direction_of(&m, 32), DIRECTION_EGRESS);
        assert_int_equal(direction_of(&m, 33), DIRECTION_UNKNOWN);
        assert_int_equal(direction_of(&m, 35), DIRECTION_INGRESS);
        assert_int_equal(direction_of(&m, 36), DIRECTION_EGRESS);
        assert_int_equal(direction_of(&m, 37), DIRECTION_EGRESS);

        assert_int_equal(map_clients(&m, 35, &clients), 2);
        assert_int_equal(m.sockets[clients[0]].socket.inode, 36);
        assert_int_equal(m.sockets[clients[1]].socket.inode, 37);
        assert_int_equal(map_clients(&m, 36, &clients), 0);
}

static void add_process(Map *m, uint32_t pid, uint64_t start) {
        Process p;

        process_init(&p);
        p.pid = pid;
        p.start_ticks = start;
        assert_int_equal(map_add_process(m, &p), 0);
}

static void test_holders(void **state) {
        _cleanup_(map_done) Map m = {};
        const MapHolder *h;

        add_process(&m, 1, 5);
        add_process(&m, 70, 900);
        add_process(&m, 80, 300);
        assert_int_equal(map_add_holder(&m, 1, 9, 40), 0);
        assert_int_equal(map_add_holder(&m, 2, 4, 40), 0);
        assert_int_equal(map_add_holder(&m, 0, 3, 40), 0);
        assert_int_equal(map_add_holder(&m, 1, 8, 40), 0);
        assert_int_equal(map_add_holder(&m, 0, 5, 41), 0);
        assert_int_equal(map_join(&m), 0);

        assert_int_equal(map_holders(&m, 40, &h), 4);
        assert_int_equal(h[0].process, 0);
        assert_int_equal(h[1].fd, 8);
        assert_int_equal(h[2].fd, 9);
        assert_int_equal(map_primary(&m, 40, MAP_NONE)->process, 2); /* the oldest that is not PID 1 */
        assert_int_equal(map_primary(&m, 40, 2)->process, 1);
        assert_int_equal(map_primary(&m, 40, 0)->process, 2);
        assert_int_equal(map_primary(&m, 41, MAP_NONE)->process, 0); /* nobody else */
        assert_int_equal(map_primary(&m, 41, 0)->process, 0);
        assert_int_equal(map_holders(&m, 39, &h), 0);
        assert_int_equal(map_holders(&m, 42, &h), 0);
        assert_int_equal(map_holders(&m, 0, &h), 0);
}

static void test_twins_and_gone(void **state) {
        _cleanup_(map_done) Map m = {};
        Socket s;

        /* the subflow of an MPTCP connection, its row first */
        add_inet(&m, HOST, 50, TRANSPORT_TCP, STATE_ESTABLISHED, "10.0.0.2", 1, "10.0.0.3", 2);
        add_inet(&m, HOST, 50, TRANSPORT_MPTCP, STATE_ESTABLISHED, "10.0.0.2", 1, "10.0.0.3", 2);
        /* one orphan listed twice, and another */
        add_inet(&m, HOST, 0, TRANSPORT_TCP, STATE_FIN_WAIT_1, "10.0.0.2", 3, "10.0.0.3", 4);
        add_inet(&m, HOST, 0, TRANSPORT_TCP, STATE_FIN_WAIT_1, "10.0.0.2", 3, "10.0.0.3", 4);
        socket_init(&s);
        s.cookie = 7;
        assert_int_equal(map_add_socket(&m, &s), 0);
        /* a FIN_WAIT2 mini-socket */
        s.cookie = 8;
        s.state = STATE_FIN_WAIT_2;
        s.timer = TIMER_TIME_WAIT;
        assert_int_equal(map_add_socket(&m, &s), 0);
        assert_int_equal(map_join(&m), 0);

        assert_int_equal(m.socket_count, 3);
        assert_int_equal(m.sockets[map_find(&m, 50)].socket.transport, TRANSPORT_MPTCP);
}

static void test_unlisted(void **state) {
        _cleanup_(map_done) Map m = {};
        const MapSocket *s;

        assert_int_equal(map_add_unlisted(&m, 60, "TCPv6"), 0);
        assert_int_equal(map_add_unlisted(&m, 61, "NETLINK"), 0);
        assert_int_equal(map_add_unlisted(&m, 62, "a name that is much longer than any"), 0);
        assert_int_equal(map_add_unlisted(&m, 63, ""), 0);
        assert_int_equal(map_join(&m), 0);

        s = &m.sockets[map_find(&m, 60)];
        assert_true(s->unlisted);
        assert_int_equal(s->socket.family, FAMILY_IPV6);
        assert_int_equal(s->socket.transport, TRANSPORT_TCP);
        assert_int_equal(s->direction, DIRECTION_UNKNOWN);
        assert_int_equal(m.sockets[map_find(&m, 61)].socket.family, FAMILY_NETLINK);
        assert_int_equal(strlen(m.sockets[map_find(&m, 62)].protocol), MAP_PROTOCOL_MAX - 1);
        assert_int_equal(m.sockets[map_find(&m, 63)].socket.family, FAMILY_UNKNOWN);
}

static void test_join_again(void **state) {
        _cleanup_(map_done) Map m = {};

        add_inet(&m, HOST, 71, TRANSPORT_TCP, STATE_ESTABLISHED, "127.0.0.1", 1, "127.0.0.1", 2);
        assert_int_equal(map_join(&m), 0);
        assert_int_equal(peer_of(&m, 71), 0);
        add_inet(&m, HOST, 70, TRANSPORT_TCP, STATE_ESTABLISHED, "127.0.0.1", 2, "127.0.0.1", 1);
        assert_int_equal(map_join(&m), 0);
        assert_int_equal(peer_of(&m, 71), 70);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_empty),
                cmocka_unit_test(test_inet_peers),
                cmocka_unit_test(test_inet_ambiguous),
                cmocka_unit_test(test_unix),
                cmocka_unit_test(test_holders),
                cmocka_unit_test(test_twins_and_gone),
                cmocka_unit_test(test_unlisted),
                cmocka_unit_test(test_join_again),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
