/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/unix_diag.h>
#include <linux/vm_sockets_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "collect/sockdiag.h"

#define HEADER sizeof(struct nlmsghdr)
#define ATTRIBUTE sizeof(struct nlattr)

/* A reply as the kernel makes it: a header of the family, then attributes. */
typedef struct Message {
        union {
                struct nlmsghdr header;
                char bytes[2048];
        };
} Message;

static void begin(Message *m, const void *data, size_t size) {
        memset(m, 0, sizeof(*m));
        m->header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
        m->header.nlmsg_len = (uint32_t) (HEADER + size);
        memcpy(m->bytes + HEADER, data, size);
}

static void put(Message *m, uint16_t type, const void *data, size_t size) {
        struct nlattr a = { .nla_type = type, .nla_len = (uint16_t) (ATTRIBUTE + size) };

        assert_true(m->header.nlmsg_len + sizeof(a) + size + 4 < sizeof(m->bytes));
        memcpy(m->bytes + m->header.nlmsg_len, &a, sizeof(a));
        memcpy(m->bytes + m->header.nlmsg_len + ATTRIBUTE, data, size);
        m->header.nlmsg_len += (uint32_t) (ATTRIBUTE + ((size + 3) & ~(size_t) 3));
}

/* 10.0.0.2:40022 to 198.51.100.7:9200 */
static const struct inet_diag_msg established = {
        .idiag_family = AF_INET,
        .idiag_state = STATE_ESTABLISHED,
        .idiag_timer = TIMER_RETRANSMIT,
        .idiag_retrans = 7,
        .id = {
                .idiag_if = 3,
                .idiag_cookie = { 0x11, 0x22 },
        },
        .idiag_expires = 26000,
        .idiag_rqueue = 1,
        .idiag_wqueue = 49152,
        .idiag_uid = 1000,
        .idiag_inode = 4294967295,
};

static struct inet_diag_msg established_make(void) {
        struct inet_diag_msg d = established;

        d.id.idiag_sport = htons(40022);
        d.id.idiag_dport = htons(9200);
        memcpy(d.id.idiag_src, (const uint8_t[]){ 10, 0, 0, 2 }, 4);
        memcpy(d.id.idiag_dst, (const uint8_t[]){ 198, 51, 100, 7 }, 4);
        return d;
}

static void test_inet(void **state) {
        struct inet_diag_msg d = established_make();
        char text[ENDPOINT_TEXT_MAX];
        Message m;
        Socket s;

        begin(&m, &d, sizeof(d));
        assert_int_equal(sockdiag_parse_inet(&m.header, TRANSPORT_TCP, &s), 1);
        assert_int_equal(s.family, FAMILY_IPV4);
        assert_int_equal(s.transport, TRANSPORT_TCP);
        assert_int_equal(s.state, STATE_ESTABLISHED);
        assert_string_equal(endpoint_text(FAMILY_IPV4, &s.local, text), "10.0.0.2:40022");
        assert_string_equal(endpoint_text(FAMILY_IPV4, &s.peer, text), "198.51.100.7:9200");
        assert_true(s.cookie == 0x2200000011);
        assert_true(s.inode == UINT32_MAX);
        assert_int_equal(s.interface, 3);
        assert_int_equal(s.uid, 1000);
        assert_int_equal(s.timer, TIMER_RETRANSMIT);
        assert_int_equal(s.timer_msec, 26000);
        assert_int_equal(s.retransmits, 7);
        assert_int_equal(s.send_queue, 49152);
        assert_int_equal(s.receive_queue, 1);
        assert_true(s.bytes_sent == SOCKET_UNKNOWN && s.idle_usec == SOCKET_UNKNOWN && s.cgroup == SOCKET_UNKNOWN);
}

static void test_inet6(void **state) {
        struct inet_diag_msg d = established_make();
        char text[ENDPOINT_TEXT_MAX];
        Message m;
        Socket s;

        d.idiag_family = AF_INET6;
        d.idiag_timer = TIMER_NONE;
        memcpy(d.id.idiag_src, &in6addr_loopback, 16);
        memcpy(d.id.idiag_dst, (const uint8_t[]){ [10] = 0xff, 0xff, 127, 0, 0, 1 }, 16);
        d.id.idiag_cookie[0] = d.id.idiag_cookie[1] = UINT32_MAX;
        begin(&m, &d, sizeof(d));
        assert_int_equal(sockdiag_parse_inet(&m.header, TRANSPORT_UDP, &s), 1);
        assert_string_equal(endpoint_text(FAMILY_IPV6, &s.local, text), "[::1]:40022");
        assert_string_equal(endpoint_text(FAMILY_IPV6, &s.peer, text), "[::ffff:127.0.0.1]:9200"); /* as the kernel has it */
        assert_true(s.cookie == 0); /* INET_DIAG_NOCOOKIE */
        assert_int_equal(s.timer_msec, 0);
}

static void test_not_told(void **state) {
        struct inet_diag_msg d = established_make();
        Socket s = { .inode = 77 };
        Message m;

        d.idiag_state = STATE_TIME_WAIT;
        begin(&m, &d, sizeof(d));
        assert_int_equal(sockdiag_parse_inet(&m.header, TRANSPORT_TCP, &s), 0);
        d.idiag_state = STATE_SYN_RECV;
        d.idiag_inode = 0;
        begin(&m, &d, sizeof(d));
        assert_int_equal(sockdiag_parse_inet(&m.header, TRANSPORT_TCP, &s), 0);
        assert_int_equal(s.inode, 77);
        d.idiag_state = STATE_FIN_WAIT_2; /* its timer is the ledger's business */
        d.idiag_timer = TIMER_TIME_WAIT;
        begin(&m, &d, sizeof(d));
        assert_int_equal(sockdiag_parse_inet(&m.header, TRANSPORT_TCP, &s), 1);
        assert_int_equal(s.timer, TIMER_TIME_WAIT);
}

static const struct tcp_info info = {
        .tcpi_bytes_sent = 1500,
        .tcpi_bytes_retrans = 500,
        .tcpi_bytes_received = 1ULL << 40,
        .tcpi_total_retrans = 3,
        .tcpi_rtt = 250,
        .tcpi_last_data_sent = 9000,
        .tcpi_last_data_recv = 4000,
};

static void test_info(void **state) {
        struct inet_diag_msg d = established_make();
        uint64_t cgroup = 4711;
        Message m;
        Socket s;

        begin(&m, &d, sizeof(d));
        put(&m, INET_DIAG_SHUTDOWN, "", 1);
        put(&m, INET_DIAG_INFO, &info, sizeof(info));
        put(&m, INET_DIAG_CGROUP_ID, &cgroup, sizeof(cgroup));
        assert_int_equal(sockdiag_parse_inet(&m.header, TRANSPORT_TCP, &s), 1);
        assert_int_equal(s.bytes_sent, 1000);
        assert_true(s.bytes_received == 1ULL << 40);
        assert_int_equal(s.total_retransmits, 3);
        assert_int_equal(s.rtt_usec, 250);
        assert_int_equal(s.idle_usec, 4000000);
        assert_int_equal(s.cgroup, 4711);

        assert_int_equal(sockdiag_parse_inet(&m.header, TRANSPORT_RAW, &s), 1); /* no tcp_info of theirs */
        assert_true(s.bytes_sent == SOCKET_UNKNOWN);
        d.idiag_state = STATE_LISTEN;
        memcpy(m.bytes + HEADER, &d, sizeof(d));
        assert_int_equal(sockdiag_parse_inet(&m.header, TRANSPORT_TCP, &s), 1);
        assert_true(s.bytes_sent == SOCKET_UNKNOWN && s.rtt_usec == SOCKET_UNKNOWN && s.cgroup == 4711);
}

/* Of other kernels: a tcp_info that ends early gives what is in it, a longer one the same as ours. */
static void test_info_of_each_size(void **state) {
        struct inet_diag_msg d = established_make();
        char longer[512] = {};
        Message m;
        Socket s;

        memcpy(longer, &info, sizeof(info));
        for (size_t size = 0; size <= sizeof(longer); size++) {
                begin(&m, &d, sizeof(d));
                put(&m, INET_DIAG_INFO, longer, size);
                assert_int_equal(sockdiag_parse_inet(&m.header, TRANSPORT_TCP, &s), 1);
                assert_true(s.rtt_usec == (size >= offsetof(struct tcp_info, tcpi_rtt) + 4 ? 250 : SOCKET_UNKNOWN));
                assert_true(s.bytes_received == (size >= offsetof(struct tcp_info, tcpi_bytes_received) + 8 ? 1ULL << 40 : SOCKET_UNKNOWN));
                assert_true(s.bytes_sent == (size >= offsetof(struct tcp_info, tcpi_bytes_retrans) + 8 ? 1000 : SOCKET_UNKNOWN));
        }
}

static void test_inet_bad(void **state) {
        struct inet_diag_msg d = established_make(), bad;
        Socket s = { .inode = 77 };
        Message m;

        for (uint32_t n = 0; n < sizeof(d); n++) {
                begin(&m, &d, n);
                assert_int_equal(sockdiag_parse_inet(&m.header, TRANSPORT_TCP, &s), -EINVAL);
        }
        bad = d;
        bad.idiag_family = AF_UNIX;
        begin(&m, &bad, sizeof(bad));
        assert_int_equal(sockdiag_parse_inet(&m.header, TRANSPORT_TCP, &s), -EINVAL);
        bad = d;
        bad.idiag_state = 12;
        begin(&m, &bad, sizeof(bad));
        assert_int_equal(sockdiag_parse_inet(&m.header, TRANSPORT_TCP, &s), -EINVAL);
        bad.idiag_state = 0;
        begin(&m, &bad, sizeof(bad));
        assert_int_equal(sockdiag_parse_inet(&m.header, TRANSPORT_TCP, &s), -EINVAL);

        /* an attribute that reaches beyond the message, and one shorter than its own header */
        begin(&m, &d, sizeof(d));
        put(&m, INET_DIAG_INFO, &info, sizeof(info));
        m.header.nlmsg_len -= 8;
        assert_int_equal(sockdiag_parse_inet(&m.header, TRANSPORT_TCP, &s), -EINVAL);
        begin(&m, &d, sizeof(d));
        put(&m, INET_DIAG_SHUTDOWN, "", 1);
        m.bytes[HEADER + sizeof(d)] = 3;
        assert_int_equal(sockdiag_parse_inet(&m.header, TRANSPORT_TCP, &s), -EINVAL);
        assert_int_equal(s.inode, 77);
}

static void test_next(void **state) {
        static const uint32_t bad[] = { 0, 15, 65, 0x7fffffff, 0x80000000, 0xffffffff };
        struct nlmsghdr m[4] = { [0].nlmsg_len = 30, [2].nlmsg_len = 16, [3].nlmsg_len = 16 };
        size_t offset = 0;

        assert_ptr_equal(sockdiag_next(m, sizeof(m), &offset), &m[0]);
        assert_int_equal(offset, 32); /* padded to four bytes */
        assert_ptr_equal(sockdiag_next(m, sizeof(m), &offset), &m[2]);
        assert_ptr_equal(sockdiag_next(m, sizeof(m), &offset), &m[3]);
        assert_int_equal(offset, sizeof(m));
        assert_null(sockdiag_next(m, sizeof(m), &offset));
        assert_int_equal(offset, sizeof(m));

        offset = 0;
        assert_ptr_equal(sockdiag_next(m, 30, &offset), &m[0]); /* the last one without padding */
        assert_int_equal(offset, 30);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                m[0].nlmsg_len = bad[i];
                offset = 0;
                assert_null(sockdiag_next(m, sizeof(m), &offset));
                assert_int_equal(offset, 0);
        }
        for (size_t size = 0; size < 16; size++)
                assert_null(sockdiag_next(&m[2], size, &offset));
}

static void test_unix(void **state) {
        const struct unix_diag_msg d = {
                .udiag_family = AF_UNIX, .udiag_type = SOCK_SEQPACKET, .udiag_state = STATE_LISTEN, .udiag_ino = 8, .udiag_cookie = { 5, 1 },
        };
        const struct unix_diag_rqlen queues = { 2, 9 };
        uint32_t peer = 99, uid = 1000;
        uint8_t shut = 2;
        Message m;
        Socket s;

        begin(&m, &d, sizeof(d));
        assert_int_equal(sockdiag_parse_unix(&m.header, &s), 1);
        assert_true(s.path_size == 0 && s.peer_inode == 0 && s.uid == UINT32_MAX);

        put(&m, UNIX_DIAG_NAME, "/run/a\nb", 9); /* with the NUL that the kernel counts */
        put(&m, UNIX_DIAG_PEER, &peer, 4);
        put(&m, UNIX_DIAG_RQLEN, &queues, sizeof(queues));
        put(&m, UNIX_DIAG_SHUTDOWN, &shut, 1);
        put(&m, UNIX_DIAG_UID, &uid, 4);
        put(&m, 99, "of a newer kernel", 17);
        assert_int_equal(sockdiag_parse_unix(&m.header, &s), 1);
        assert_int_equal(s.family, FAMILY_UNIX);
        assert_int_equal(s.transport, TRANSPORT_SEQPACKET);
        assert_int_equal(s.state, STATE_LISTEN);
        assert_int_equal(s.inode, 8);
        assert_true(s.cookie == 0x100000005);
        assert_int_equal(s.path_size, 8);
        assert_memory_equal(s.path, "/run/a\nb", 8);
        assert_int_equal(s.peer_inode, 99);
        assert_int_equal(s.receive_queue, 2);
        assert_int_equal(s.send_queue, 9);
        assert_int_equal(s.shutdown, 2);
        assert_int_equal(s.uid, 1000);
}

static void test_unix_names(void **state) {
        const struct unix_diag_msg d = { .udiag_family = AF_UNIX, .udiag_type = SOCK_STREAM, .udiag_state = STATE_CLOSE, .udiag_ino = 8 };
        char name[110];
        Message m;
        Socket s;

        begin(&m, &d, sizeof(d));
        put(&m, UNIX_DIAG_NAME, "\0a\0b\0", 5);
        assert_int_equal(sockdiag_parse_unix(&m.header, &s), 1);
        assert_int_equal(s.path_size, 5); /* abstract: every byte counts */
        assert_memory_equal(s.path, "\0a\0b\0", 5);

        memset(name, 'x', sizeof(name));
        name[108] = 0;
        begin(&m, &d, sizeof(d));
        put(&m, UNIX_DIAG_NAME, name, 109); /* a path that fills sun_path, and a NUL behind it */
        assert_int_equal(sockdiag_parse_unix(&m.header, &s), 1);
        assert_int_equal(s.path_size, 108);

        name[108] = 'x';
        begin(&m, &d, sizeof(d));
        put(&m, UNIX_DIAG_NAME, name, 109);
        assert_int_equal(sockdiag_parse_unix(&m.header, &s), -EINVAL);
        name[0] = 0;
        begin(&m, &d, sizeof(d));
        put(&m, UNIX_DIAG_NAME, name, 109);
        assert_int_equal(sockdiag_parse_unix(&m.header, &s), -EINVAL);
}

static void test_unix_bad(void **state) {
        const struct unix_diag_msg d = { .udiag_family = AF_UNIX, .udiag_type = SOCK_STREAM, .udiag_state = STATE_CLOSE, .udiag_ino = 8 };
        struct unix_diag_msg bad[3] = { d, d, d };
        uint32_t peer = 99;
        Message m;
        Socket s = { .inode = 77 };

        for (uint32_t n = 0; n < sizeof(d); n++) {
                begin(&m, &d, n);
                assert_int_equal(sockdiag_parse_unix(&m.header, &s), -EINVAL);
        }
        bad[0].udiag_family = AF_INET;
        bad[1].udiag_type = SOCK_RAW;
        bad[2].udiag_state = 12;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                begin(&m, &bad[i], sizeof(d));
                assert_int_equal(sockdiag_parse_unix(&m.header, &s), -EINVAL);
        }
        assert_int_equal(s.inode, 77);
        begin(&m, &d, sizeof(d));
        put(&m, UNIX_DIAG_PEER, &peer, 2); /* too short to be one */
        assert_int_equal(sockdiag_parse_unix(&m.header, &s), 1);
        assert_int_equal(s.peer_inode, 0);
        bad[0] = d;
        bad[0].udiag_ino = 0;
        begin(&m, &bad[0], sizeof(d));
        assert_int_equal(sockdiag_parse_unix(&m.header, &s), 0);
}

/* A message about a freed socket says itself what it is about. */
static void test_destroy(void **state) {
        const uint8_t tcp = IPPROTO_TCP, udp = IPPROTO_UDP, sctp = IPPROTO_SCTP;
        struct inet_diag_msg d = established_make();
        struct tcp_info never = info;
        Socket s = { .inode = 77 };
        Message m;

        d.idiag_state = STATE_CLOSE;
        d.idiag_inode = 0;
        begin(&m, &d, sizeof(d));
        assert_int_equal(sockdiag_parse_destroy(&m.header, &s), -EINVAL); /* of which protocol? */
        put(&m, INET_DIAG_PROTOCOL, &tcp, 1);
        assert_int_equal(sockdiag_parse_destroy(&m.header, &s), 1);
        assert_int_equal(s.transport, TRANSPORT_TCP);
        assert_true(s.cookie == 0x2200000011);
        assert_int_equal(s.answered, ANSWERED_UNKNOWN);
        never.tcpi_rcv_space = 0;
        put(&m, INET_DIAG_INFO, &never, sizeof(never));
        assert_int_equal(sockdiag_parse_destroy(&m.header, &s), 1);
        assert_int_equal(s.answered, ANSWERED_NO);
        never.tcpi_rcv_space = 65483;
        put(&m, INET_DIAG_INFO, &never, sizeof(never));
        assert_int_equal(sockdiag_parse_destroy(&m.header, &s), 1);
        assert_int_equal(s.answered, ANSWERED_YES);
        begin(&m, &d, sizeof(d));
        put(&m, INET_DIAG_PROTOCOL, &udp, 1);
        assert_int_equal(sockdiag_parse_destroy(&m.header, &s), 1);
        assert_int_equal(s.transport, TRANSPORT_UDP);

        m.header.nlmsg_type = NLMSG_DONE;
        assert_int_equal(sockdiag_parse_destroy(&m.header, &s), -EINVAL);
        begin(&m, &d, sizeof(d));
        put(&m, INET_DIAG_PROTOCOL, &sctp, 1);
        assert_int_equal(sockdiag_parse_destroy(&m.header, &s), -EINVAL);
        d.id.idiag_cookie[0] = d.id.idiag_cookie[1] = 0;
        begin(&m, &d, sizeof(d));
        put(&m, INET_DIAG_PROTOCOL, &tcp, 1);
        assert_int_equal(sockdiag_parse_destroy(&m.header, &s), -EINVAL); /* nothing to join it by */
        m.header.nlmsg_len = HEADER + sizeof(d) - 1;
        assert_int_equal(sockdiag_parse_destroy(&m.header, &s), -EINVAL);
}

static int sum_client(void *userdata, uint32_t inode) {
        *(uint64_t *) userdata += inode;
        return inode == 666 ? -ECANCELED : 0;
}

/* Who waits in the queue of a listener. */
static void test_icons(void **state) {
        const struct unix_diag_msg d = { .udiag_family = AF_UNIX, .udiag_type = SOCK_STREAM, .udiag_state = STATE_LISTEN, .udiag_ino = 8 };
        const uint32_t waiting[] = { 7, 0, 9 }, last[] = { 666, 1 };
        uint64_t sum = 0;
        Message m;

        begin(&m, &d, sizeof(d));
        put(&m, UNIX_DIAG_NAME, "/run/x", 7);
        assert_int_equal(sockdiag_parse_icons(&m.header, sum_client, &sum), 0);
        assert_int_equal(sum, 0);
        put(&m, UNIX_DIAG_ICONS, waiting, sizeof(waiting));
        assert_int_equal(sockdiag_parse_icons(&m.header, sum_client, &sum), 0);
        assert_int_equal(sum, 16);
        begin(&m, &d, sizeof(d));
        put(&m, UNIX_DIAG_ICONS, waiting, 6); /* one and a half */
        assert_int_equal(sockdiag_parse_icons(&m.header, sum_client, &sum), 0);
        assert_int_equal(sum, 23);
        put(&m, UNIX_DIAG_ICONS, last, sizeof(last));
        assert_int_equal(sockdiag_parse_icons(&m.header, sum_client, &sum), -ECANCELED);
        m.header.nlmsg_len -= 4;
        begin(&m, &d, sizeof(d) - 1);
        assert_int_equal(sockdiag_parse_icons(&m.header, sum_client, &sum), -EINVAL);
}

/* Of the same inode as its connection: told by its upper layer protocol. */
static void test_subflow(void **state) {
        struct inet_diag_msg d = established_make();
        struct {
                struct nlattr attribute;
                char name[8];
        } ulp = { { sizeof(struct nlattr) + 6, INET_ULP_INFO_NAME }, "mptcp" };
        Message m;
        Socket s;

        begin(&m, &d, sizeof(d));
        put(&m, INET_DIAG_ULP_INFO, &ulp, sizeof(ulp));
        assert_int_equal(sockdiag_parse_inet(&m.header, TRANSPORT_TCP, &s), 1);
        assert_int_equal(s.transport, TRANSPORT_MPTCP);
        assert_true(s.cookie != 0);
        assert_int_equal(sockdiag_parse_inet(&m.header, TRANSPORT_MPTCP, &s), 1);
        assert_true(s.cookie == 0); /* not its own */
        memcpy(ulp.name, "mptcq", 6);
        begin(&m, &d, sizeof(d));
        put(&m, INET_DIAG_ULP_INFO, &ulp, sizeof(ulp));
        assert_int_equal(sockdiag_parse_inet(&m.header, TRANSPORT_TCP, &s), 1);
        assert_int_equal(s.transport, TRANSPORT_TCP);
        /* an attribute within the attribute that reaches beyond it */
        ulp.attribute.nla_len = 400;
        begin(&m, &d, sizeof(d));
        put(&m, INET_DIAG_ULP_INFO, &ulp, sizeof(ulp));
        assert_int_equal(sockdiag_parse_inet(&m.header, TRANSPORT_TCP, &s), 1);
        assert_int_equal(s.transport, TRANSPORT_TCP);
}

static void test_packet(void **state) {
        struct packet_diag_msg d = { AF_PACKET, SOCK_RAW, 0x0003, 77, { 5, 1 } }, bad[2] = { d, d };
        const struct packet_diag_info index = { .pdi_index = 2 };
        uint32_t uid = 1000;
        char buffer[SOCKET_PROTOCOL_MAX];
        Message m;
        Socket s = { .inode = 1 };

        for (uint32_t n = 0; n < sizeof(d); n++) {
                begin(&m, &d, n);
                assert_int_equal(sockdiag_parse_packet(&m.header, &s), -EINVAL);
        }
        bad[0].pdiag_family = AF_INET;
        bad[1].pdiag_type = SOCK_SEQPACKET;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                begin(&m, &bad[i], sizeof(d));
                assert_int_equal(sockdiag_parse_packet(&m.header, &s), -EINVAL);
        }
        assert_int_equal(s.inode, 1);
        begin(&m, &d, sizeof(d));
        put(&m, PACKET_DIAG_INFO, &index, sizeof(index));
        put(&m, PACKET_DIAG_UID, &uid, sizeof(uid));
        assert_int_equal(sockdiag_parse_packet(&m.header, &s), 1);
        assert_true(s.family == FAMILY_PACKET && s.transport == TRANSPORT_RAW && s.state == STATE_CLOSE);
        assert_true(s.inode == 77 && s.cookie == 0x100000005 && s.interface == 2 && s.uid == 1000);
        assert_string_equal(socket_protocol(&s, buffer), "all");
        d.pdiag_type = SOCK_PACKET;
        begin(&m, &d, sizeof(d));
        assert_int_equal(sockdiag_parse_packet(&m.header, &s), 1);
        assert_true(s.transport == TRANSPORT_PACKET && s.interface == 0 && s.uid == UINT32_MAX);
}

static void test_netlink(void **state) {
        struct netlink_diag_msg d = { .ndiag_family = AF_NETLINK, .ndiag_type = SOCK_RAW, .ndiag_protocol = 15, .ndiag_portid = 901,
                                      .ndiag_ino = 77, .ndiag_cookie = { 5 } };
        char buffer[SOCKET_PROTOCOL_MAX];
        Message m;
        Socket s;

        for (uint32_t n = 0; n < sizeof(d); n++) {
                begin(&m, &d, n);
                assert_int_equal(sockdiag_parse_netlink(&m.header, &s), -EINVAL);
        }
        begin(&m, &d, sizeof(d));
        assert_int_equal(sockdiag_parse_netlink(&m.header, &s), 1);
        assert_true(s.family == FAMILY_NETLINK && s.transport == TRANSPORT_UNKNOWN && s.state == STATE_CLOSE && s.inode == 77);
        assert_int_equal(endpoint_word(&s.local, 0), 901);
        assert_string_equal(socket_protocol(&s, buffer), "uevent");
        d.ndiag_portid = 0; /* the kernel's own end */
        begin(&m, &d, sizeof(d));
        assert_int_equal(sockdiag_parse_netlink(&m.header, &s), 0);
        d.ndiag_family = AF_UNIX;
        begin(&m, &d, sizeof(d));
        assert_int_equal(sockdiag_parse_netlink(&m.header, &s), -EINVAL);
}

/* By the header: no kernel here answers so. */
static void test_vsock(void **state) {
        struct vsock_diag_msg d = { .vdiag_family = AF_VSOCK, .vdiag_type = SOCK_STREAM, .vdiag_state = STATE_ESTABLISHED, .vdiag_src_cid = 3,
                                    .vdiag_src_port = 100000, .vdiag_dst_cid = 2, .vdiag_dst_port = 1024, .vdiag_ino = 77 };
        Message m;
        Socket s;

        for (uint32_t n = 0; n < sizeof(d); n++) {
                begin(&m, &d, n);
                assert_int_equal(sockdiag_parse_vsock(&m.header, &s), -EINVAL);
        }
        begin(&m, &d, sizeof(d));
        assert_int_equal(sockdiag_parse_vsock(&m.header, &s), 1);
        assert_true(s.family == FAMILY_VSOCK && s.transport == TRANSPORT_STREAM && s.state == STATE_ESTABLISHED && s.inode == 77);
        assert_true(endpoint_word(&s.local, 0) == 3 && endpoint_word(&s.local, 1) == 100000);
        assert_true(endpoint_word(&s.peer, 0) == 2 && endpoint_word(&s.peer, 1) == 1024);
        d.vdiag_state = 12;
        begin(&m, &d, sizeof(d));
        assert_int_equal(sockdiag_parse_vsock(&m.header, &s), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_inet),     cmocka_unit_test(test_inet6),
                cmocka_unit_test(test_not_told), cmocka_unit_test(test_info),
                cmocka_unit_test(test_info_of_each_size), cmocka_unit_test(test_inet_bad),
                cmocka_unit_test(test_unix),     cmocka_unit_test(test_unix_names),
                cmocka_unit_test(test_unix_bad), cmocka_unit_test(test_next),
                cmocka_unit_test(test_destroy),
                cmocka_unit_test(test_icons),
                cmocka_unit_test(test_subflow),  cmocka_unit_test(test_packet),
                cmocka_unit_test(test_netlink),  cmocka_unit_test(test_vsock),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
