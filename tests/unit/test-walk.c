/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "collect/walk.h"

#define TICK 4000

/* 10.0.0.2:40022 to 198.51.100.7:9200, descriptor 5 of process 77 */
typedef struct Tcp {
        struct RecordHeld held;
        struct RecordHeldInet inet;
        struct RecordHeldTcp tcp;
} Tcp;

static const Tcp tcp = {
        .held = { .size = sizeof(Tcp), .family = AF_INET, .state = STATE_ESTABLISHED, .type = SOCK_STREAM, .protocol = IPPROTO_TCP, .pid = 77, .fd = 5,
                  .start = 12345678901234, .cookie = 0x123456789abc, .netns = 3, .netns_inode = 4026531840, .inode = 4294967295, .interface = 2, .uid = 1000,
                  .send_queue = 49152, .receive_queue = 1 },
        .inet = { .local = { 10, 0, 0, 2, 99 }, .peer = { 198, 51, 100, 7 }, .local_port = 40022, .peer_port = 9200, .timer = TIMER_RETRANSMIT, .retransmits = 7,
                  .backoff = 6, .timer_ticks = 6500, .cgroup = 4711, .opened = 5000001999 },
        .tcp = { .bytes_sent = 100, .bytes_received = 200, .bytes_acked = 101, .retransmits = 9, .rtt_usec = 812, .rto_ticks = 50, .idle_ticks = 3, .heard_ticks = 4,
                 .receive_space = 14480 },
};

typedef struct Unix {
        struct RecordHeld held;
        struct RecordHeldUnix local;
        char name[RECORD_UNIX_ROOM];
} Unix;

static Unix local_of(const char *name, size_t size, uint8_t type) {
        size_t room = (size + 7) & ~(size_t) 7;
        Unix u = {
                .held = { .size = (uint16_t) (sizeof(u.held) + sizeof(u.local) + room), .family = AF_UNIX, .state = STATE_LISTEN, .type = type, .pid = 1, .fd = 0, .inode = 9,
                          .send_queue = 4096, .receive_queue = 2, .shutdown = 1 },
                .local = { .peer_inode = 10, .waiting = 11, .name_size = (uint32_t) size },
        };

        memcpy(u.name, name, MIN(size, sizeof(u.name)));
        return u;
}

/* In memory of just its size. */
static int parse(const void *record, size_t size, Held *ret) {
        void *copy = malloc(MAX(size, (size_t) 1));
        int r;

        assert_non_null(copy);
        memcpy(copy, record, size);
        r = walk_parse(copy, size, TICK, ret);
        free(copy);
        return r;
}

static void test_tcp(void **state) {
        Tcp t = tcp;
        Held h;

        assert_int_equal(parse(&t, sizeof(t), &h), sizeof(t));
        assert_int_equal(h.at.pid, 77);
        assert_int_equal(h.at.fd, 5);
        assert_int_equal(h.at.inode, 4294967295);
        assert_int_equal(h.at.start_ticks, 1234567);
        assert_int_equal(h.netns_inode, 4026531840);
        assert_int_equal(h.socket.family, FAMILY_IPV4);
        assert_int_equal(h.socket.transport, TRANSPORT_TCP);
        assert_int_equal(h.socket.state, STATE_ESTABLISHED);
        assert_int_equal(h.socket.cookie, 0x123456789abc);
        assert_int_equal(h.socket.netns, 3);
        assert_int_equal(h.socket.local.ip[4], 0);
        assert_int_equal(h.socket.local.port, 40022);
        assert_int_equal(h.socket.peer.ip[0], 198);
        assert_int_equal(h.socket.peer.port, 9200);
        assert_int_equal(h.socket.interface, 2);
        assert_int_equal(h.socket.uid, 1000);
        assert_int_equal(h.socket.send_queue, 49152);
        assert_int_equal(h.socket.receive_queue, 1);
        assert_int_equal(h.socket.timer, TIMER_RETRANSMIT);
        assert_int_equal(h.socket.retransmits, 7);
        assert_int_equal(h.socket.backoff, 6);
        assert_int_equal(h.socket.timer_msec, 26000);
        assert_int_equal(h.socket.rto_usec, 200000);
        assert_int_equal(h.socket.bytes_sent, 100);
        assert_int_equal(h.socket.bytes_received, 200);
        assert_int_equal(h.socket.bytes_acked, 101);
        assert_int_equal(h.socket.total_retransmits, 9);
        assert_int_equal(h.socket.rtt_usec, 812);
        assert_int_equal(h.socket.idle_usec, 12000);
        assert_int_equal(h.socket.heard_usec, 16000);
        assert_int_equal(h.socket.answered, ANSWERED_YES);
        assert_int_equal(h.socket.cgroup, 4711);
        assert_int_equal(h.socket.opened, 5000001);

        t.inet.opened = RECORD_NOT_ASKED;
        assert_int_equal(parse(&t, sizeof(t), &h), sizeof(t));
        assert_true(h.socket.opened == SOCKET_UNKNOWN);

        t.held.state = STATE_SYN_SENT;
        t.tcp.receive_space = t.tcp.rtt_usec = 0;
        t.tcp.rto_ticks = UINT32_MAX;
        assert_int_equal(parse(&t, sizeof(t), &h), sizeof(t));
        assert_int_equal(h.socket.answered, ANSWERED_NO);
        assert_true(h.socket.idle_usec == SOCKET_UNKNOWN && h.socket.heard_usec == SOCKET_UNKNOWN && h.socket.rtt_usec == SOCKET_UNKNOWN);
        assert_int_equal(h.socket.rto_usec, UINT32_MAX);
}

/* What has no figures, and what has another transport. */
static void test_inet(void **state) {
        static const struct {
                uint8_t type;
                uint16_t protocol;
                uint8_t state;
                Transport transport; /* UNKNOWN: of no table */
        } cases[] = {
                { SOCK_STREAM, IPPROTO_TCP, STATE_LISTEN, TRANSPORT_TCP },    { SOCK_STREAM, 262, STATE_ESTABLISHED, TRANSPORT_MPTCP },
                { SOCK_DGRAM, IPPROTO_UDP, STATE_CLOSE, TRANSPORT_UDP },      { SOCK_DGRAM, IPPROTO_UDPLITE, STATE_ESTABLISHED, TRANSPORT_UDPLITE },
                { SOCK_RAW, IPPROTO_TCP, STATE_CLOSE, TRANSPORT_RAW },        { SOCK_DGRAM, IPPROTO_ICMP, STATE_CLOSE, TRANSPORT_ICMP },
                { SOCK_DGRAM, IPPROTO_ICMPV6, STATE_CLOSE, TRANSPORT_ICMP },  { SOCK_STREAM, 132, STATE_LISTEN, TRANSPORT_UNKNOWN },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Tcp t = tcp;
                Held h;

                t.held.family = AF_INET6;
                t.held.type = cases[i].type;
                t.held.protocol = cases[i].protocol;
                t.held.state = cases[i].state;
                t.held.size = sizeof(t) - sizeof(t.tcp);
                assert_int_equal(parse(&t, sizeof(t), &h), sizeof(t) - sizeof(t.tcp));
                assert_int_equal(h.socket.family, cases[i].transport == TRANSPORT_UNKNOWN ? FAMILY_UNKNOWN : FAMILY_IPV6);
                if (cases[i].transport == TRANSPORT_UNKNOWN)
                        continue;
                assert_int_equal(h.socket.transport, cases[i].transport);
                assert_int_equal(h.socket.local.ip[4], 99);
                assert_int_equal(h.socket.cookie, cases[i].transport == TRANSPORT_MPTCP ? 0 : tcp.held.cookie);
                assert_true(h.socket.bytes_sent == SOCKET_UNKNOWN);
        }
}

static void test_unix(void **state) {
        char full[RECORD_UNIX_NAME + 1] = "";
        Unix u;
        Held h;

        u = local_of("/a", 3, SOCK_STREAM); /* with its NUL */
        assert_int_equal(parse(&u, u.held.size, &h), u.held.size);
        assert_int_equal(h.socket.family, FAMILY_UNIX);
        assert_int_equal(h.socket.transport, TRANSPORT_STREAM);
        assert_int_equal(h.socket.path_size, 2);
        assert_memory_equal(h.socket.path, "/a", 2);
        assert_int_equal(h.socket.peer_inode, 10);
        assert_int_equal(h.socket.waiting, 11);
        assert_int_equal(h.socket.shutdown, 1);
        assert_int_equal(h.socket.send_queue, 4096);
        assert_int_equal(h.socket.receive_queue, 2);

        u = local_of("\0a\0", 3, SOCK_DGRAM); /* abstract: all of it is its name */
        assert_int_equal(parse(&u, u.held.size, &h), u.held.size);
        assert_int_equal(h.socket.path_size, 3);
        u = local_of("", 0, SOCK_SEQPACKET);
        assert_int_equal(parse(&u, u.held.size, &h), u.held.size);
        assert_int_equal(h.socket.path_size, 0);
        assert_int_equal(h.socket.transport, TRANSPORT_SEQPACKET);

        memset(full, 'x', RECORD_UNIX_NAME);
        u = local_of(full, sizeof(full), SOCK_STREAM); /* the NUL after a full path */
        assert_int_equal(parse(&u, u.held.size, &h), u.held.size);
        assert_int_equal(h.socket.path_size, SOCKET_PATH_MAX);
        full[RECORD_UNIX_NAME] = 'x';
        u = local_of(full, sizeof(full), SOCK_STREAM);
        assert_int_equal(parse(&u, u.held.size, &h), -EBADMSG);
}

static void test_others(void **state) {
        struct {
                struct RecordHeld held;
                struct RecordHeldNetlink netlink;
        } n = {
                .held = { .size = sizeof(n), .family = AF_NETLINK, .state = 1, .type = SOCK_RAW, .protocol = 15, .pid = 1, .fd = 3, .inode = 9, .uid = 7, .send_queue = 5 },
                .netlink = { 1234, 99 },
        };
        Held h;

        assert_int_equal(parse(&n, sizeof(n), &h), sizeof(n));
        assert_int_equal(h.socket.family, FAMILY_NETLINK);
        assert_int_equal(h.socket.transport, TRANSPORT_UNKNOWN);
        assert_int_equal(h.socket.state, STATE_ESTABLISHED);
        assert_int_equal(h.socket.local.port, 15);
        assert_int_equal(endpoint_word(&h.socket.local, 0), 1234);
        assert_int_equal(endpoint_word(&h.socket.peer, 0), 99);
        assert_true(h.socket.uid == UINT32_MAX && h.socket.send_queue == 0);
        n.held.state = 0;
        assert_int_equal(parse(&n, sizeof(n), &h), sizeof(n));
        assert_int_equal(h.socket.state, STATE_CLOSE);
        assert_int_equal(endpoint_word(&h.socket.peer, 0), 0);

        n.held.family = AF_PACKET;
        n.held.size = sizeof(n.held);
        assert_int_equal(parse(&n, sizeof(n), &h), sizeof(n.held));
        assert_int_equal(h.socket.family, FAMILY_PACKET);
        assert_int_equal(h.socket.transport, TRANSPORT_RAW);
        assert_int_equal(h.socket.local.port, 15);
        assert_int_equal(h.socket.state, STATE_CLOSE);
}

/* A record that goes on in the next read, and one that is none. */
static void test_sizes(void **state) {
        Tcp t = tcp;
        Held h;

        for (size_t size = 0; size < sizeof(t); size++)
                assert_int_equal(parse(&t, size, &h), -EAGAIN);
        for (unsigned size = 0; size <= UINT16_MAX; size++) {
                t.held.size = (uint16_t) size;
                if (size != sizeof(t))
                        assert_int_equal(parse(&t, sizeof(t), &h), size < sizeof(t.held) || size < sizeof(t) || size > sizeof(Unix) ? -EBADMSG : -EAGAIN);
        }
}

static void test_damaged(void **state) {
        Unix u = local_of("/a", 3, SOCK_STREAM);
        Tcp t;
        Held h;

        t = tcp;
        t.held.fd = -1;
        assert_int_equal(parse(&t, sizeof(t), &h), -EBADMSG);
        t = tcp;
        t.held.inode = 0;
        assert_int_equal(parse(&t, sizeof(t), &h), -EBADMSG);
        t = tcp;
        t.held.state = 0;
        assert_int_equal(parse(&t, sizeof(t), &h), -EBADMSG);
        t.held.state = _STATE_MAX;
        assert_int_equal(parse(&t, sizeof(t), &h), -EBADMSG);
        t = tcp;
        t.held.family = 200;
        assert_int_equal(parse(&t, sizeof(t), &h), -EBADMSG);
        t = tcp;
        t.held.pid = 0; /* it is being buried */
        assert_int_equal(parse(&t, sizeof(t), &h), sizeof(t));
        assert_int_equal(h.socket.family, FAMILY_UNKNOWN);

        u.local.name_size = 9; /* more than there is */
        assert_int_equal(parse(&u, u.held.size, &h), -EBADMSG);
        u.local.name_size = UINT32_MAX;
        assert_int_equal(parse(&u, u.held.size, &h), -EBADMSG);
        u.held.size = sizeof(u.held) + 4;
        assert_int_equal(parse(&u, u.held.size, &h), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tcp),    cmocka_unit_test(test_inet),  cmocka_unit_test(test_unix),
                cmocka_unit_test(test_others), cmocka_unit_test(test_sizes), cmocka_unit_test(test_damaged),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
