/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "collect/procnet.h"

#define TAIL " 1 0000000000000000 100 0 0 10 0                     "

static int inet(const char *line, Family family, Transport transport, bool little, Socket *ret) {
        return procnet_parse_inet(line, strlen(line), family, transport, little, ret);
}

static const char *both(const Socket *s) {
        static char text[2 * ENDPOINT_TEXT_MAX + 1];
        char local[ENDPOINT_TEXT_MAX], peer[ENDPOINT_TEXT_MAX];

        (void) snprintf(text, sizeof(text), "%s %s", endpoint_text((Family) s->family, &s->local, local),
                        endpoint_text((Family) s->family, &s->peer, peer));
        return text;
}

static void test_tcp(void **state) {
        Socket s;

        assert_int_equal(inet("   0: 0200000A:9C56 076433C6:23F0 01 0000C000:00000A00 01:00000A28 00000007  1000        0 4294967295" TAIL,
                              FAMILY_IPV4, TRANSPORT_TCP, true, &s), 1);
        assert_string_equal(both(&s), "10.0.0.2:40022 198.51.100.7:9200");
        assert_int_equal(s.family, FAMILY_IPV4);
        assert_int_equal(s.transport, TRANSPORT_TCP);
        assert_int_equal(s.state, STATE_ESTABLISHED);
        assert_int_equal(s.send_queue, 0xc000);
        assert_int_equal(s.receive_queue, 0xa00);
        assert_int_equal(s.timer, TIMER_RETRANSMIT);
        assert_int_equal(s.timer_msec, 2600 * 1000 / sysconf(_SC_CLK_TCK));
        assert_int_equal(s.retransmits, 7);
        assert_int_equal(s.uid, 1000);
        assert_true(s.inode == UINT32_MAX);
        assert_true(s.cookie == 0 && s.bytes_sent == SOCKET_UNKNOWN && s.rtt_usec == SOCKET_UNKNOWN);
}

/* The same addresses as machines of both byte orders print them. */
static void test_byte_order(void **state) {
        Socket s;

        assert_int_equal(inet("0: 0A000002:9C56 C6336407:23F0 01 00000000:00000000 00:00000000 00000000 0 0 5 1", FAMILY_IPV4,
                              TRANSPORT_TCP, false, &s), 1);
        assert_string_equal(both(&s), "10.0.0.2:40022 198.51.100.7:9200");

        assert_int_equal(inet("0: B80D0120000000000000000009000000:0016 0000000000000000FFFF00000100007F:0050 01 00000000:00000000 "
                              "00:00000000 00000000 0 0 5 1", FAMILY_IPV6, TRANSPORT_TCP, true, &s), 1);
        assert_string_equal(both(&s), "[2001:db8::9]:22 [::ffff:127.0.0.1]:80");
        assert_int_equal(s.family, FAMILY_IPV6);

        assert_int_equal(inet("0: 20010DB8000000000000000000000009:0016 00000000000000000000FFFF7F000001:0050 01 00000000:00000000 "
                              "00:00000000 00000000 0 0 5 1", FAMILY_IPV6, TRANSPORT_TCP, false, &s), 1);
        assert_string_equal(both(&s), "[2001:db8::9]:22 [::ffff:127.0.0.1]:80");
}

/* What the last two numbers count depends on the timer, as in sock_diag. */
static void test_timers(void **state) {
        static const struct {
                const char *timer;
                unsigned number, retransmits;
        } cases[] = {
                { "00", TIMER_NONE, 0 },       { "01", TIMER_RETRANSMIT, 3 }, { "02", TIMER_KEEPALIVE, 9 },
                { "03", TIMER_TIME_WAIT, 0 }, { "04", TIMER_PROBE, 9 },
        };
        Socket s;
        char line[160];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                (void) snprintf(line, sizeof(line),
                                "1: 0100007F:0016 0100007F:0017 05 00000000:00000000 %s:00000064 00000003     0        9 0 1", cases[i].timer);
                assert_int_equal(inet(line, FAMILY_IPV4, TRANSPORT_TCP, true, &s), 1);
                assert_int_equal(s.state, STATE_FIN_WAIT_2);
                assert_int_equal(s.timer, cases[i].number);
                assert_int_equal(s.retransmits, cases[i].retransmits);
                assert_int_equal(s.timer_msec, i == 0 ? 0 : 100 * 1000 / sysconf(_SC_CLK_TCK));
        }
        assert_int_equal(inet("1: 0100007F:0016 0100007F:0017 01 00000000:00000000 01:FFFFFFFFFFFFFFFF 00000100 0 0 7 1", FAMILY_IPV4,
                              TRANSPORT_TCP, true, &s), 1);
        assert_true(s.timer_msec == UINT32_MAX);
        assert_int_equal(s.retransmits, 255);
}

static void test_not_told(void **state) {
        Socket s = { .inode = 77 };

        assert_int_equal(inet("1: 0100007F:0016 0100007F:0017 06 00000000:00000000 03:00000176 00000000     0        0 0 3 0", FAMILY_IPV4,
                              TRANSPORT_TCP, true, &s), 0);
        assert_int_equal(inet("1: 0100007F:0016 0100007F:0017 03 00000000:00000000 01:00000063 00000000     0        0 0 1 0", FAMILY_IPV4,
                              TRANSPORT_TCP, true, &s), 0);
        assert_int_equal(s.inode, 77);
        /* a full socket in the same state, and an orphan */
        assert_int_equal(inet("1: 0100007F:0016 0100007F:0017 03 00000000:00000000 01:00000063 00000000     0        0 9 1 0", FAMILY_IPV4,
                              TRANSPORT_TCP, true, &s), 1);
        assert_int_equal(inet("1: 0100007F:0016 0100007F:0017 04 00000000:00000000 01:00000063 00000000     0        0 0 1 0", FAMILY_IPV4,
                              TRANSPORT_TCP, true, &s), 1);
}

static void test_udp_raw(void **state) {
        Socket s;

        assert_int_equal(inet(" 1071: 3500007F:0035 00000000:0000 07 00000000:00000300 00:00000000 00000000   101        0 19022 2 "
                              "0000000000000000 0         ", FAMILY_IPV4, TRANSPORT_UDP, true, &s), 1);
        assert_string_equal(both(&s), "127.0.0.53:53 *:*");
        assert_int_equal(s.state, STATE_CLOSE);
        assert_int_equal(s.receive_queue, 0x300);
        assert_int_equal(s.uid, 101);
        assert_true(socket_is_listener(&s));

        assert_int_equal(inet("   58: 00000000000000000000000000000000:003A 00000000000000000000000000000000:0000 07 00000000:00000000 "
                              "00:00000000 00000000     0        0 19100 2 0000000000000000 0", FAMILY_IPV6, TRANSPORT_RAW, true, &s), 1);
        assert_int_equal(s.local.port, 58); /* ICMPv6 */
        assert_int_equal(s.transport, TRANSPORT_RAW);
}

static void test_inet_bad(void **state) {
        static const char good[] = "0: 0100007F:0016 0100007F:0017 01 00000000:00000000 00:00000000 00000000 0 0 5 1";
        static const char *const bad[] = {
                "0 0100007F:0016 0100007F:0017 01 00000000:00000000 00:00000000 00000000 0 0 5",
                "0: 0100007F0:0016 0100007F:0017 01 00000000:00000000 00:00000000 00000000 0 0 5",
                "0: 100007F:0016 0100007F:0017 01 00000000:00000000 00:00000000 00000000 0 0 5",
                "0: 0100007G:0016 0100007F:0017 01 00000000:00000000 00:00000000 00000000 0 0 5",
                "0: 0100007F:00016 0100007F:0017 01 00000000:00000000 00:00000000 00000000 0 0 5",
                "0: 0100007F: 0100007F:0017 01 00000000:00000000 00:00000000 00000000 0 0 5",
                "0: 0100007F:0016 0100007F:0017 00 00000000:00000000 00:00000000 00000000 0 0 5",
                "0: 0100007F:0016 0100007F:0017 0C 00000000:00000000 00:00000000 00000000 0 0 5",
                "0: 0100007F:0016 0100007F:0017 01 100000000:00000000 00:00000000 00000000 0 0 5",
                "0: 0100007F:0016 0100007F:0017 01 00000000-00000000 00:00000000 00000000 0 0 5",
                "0: 0100007F:0016 0100007F:0017 01 00000000:00000000 00:00000000 00000000 -1 0 5",
                "0: 0100007F:0016 0100007F:0017 01 00000000:00000000 00:00000000 00000000 4294967296 0 5",
                "0: 0100007F:0016 0100007F:0017 01 00000000:00000000 00:00000000 00000000 0 0 4294967296",
                "0: 0100007F:0016 0100007F:0017 01 00000000:00000000 00:00000000 00000000 0 0 5x",
        };
        Socket s = { .inode = 77 };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(inet(bad[i], FAMILY_IPV4, TRANSPORT_TCP, true, &s), -EINVAL);
        /* cut anywhere before the end of the inode */
        for (size_t n = 0; n + 3 < sizeof(good) - 1; n++)
                assert_int_equal(procnet_parse_inet(good, n, FAMILY_IPV4, TRANSPORT_TCP, true, &s), -EINVAL);
        assert_int_equal(inet(good, FAMILY_IPV6, TRANSPORT_TCP, true, &s), -EINVAL);
        assert_int_equal(s.inode, 77);
        assert_int_equal(inet(good, FAMILY_IPV4, TRANSPORT_TCP, true, &s), 1);
}

static void test_packet(void **state) {
        static const char good[] = "00000000dd1e4a2b 3      3    0003   2     1 0      1000   77";
        Socket s = { .inode = 1 };

        for (size_t n = 0; n + 2 < sizeof(good); n++)
                assert_int_equal(procnet_parse_packet(good, n, &s), -EINVAL);
        assert_int_equal(procnet_parse_packet(good, sizeof(good) - 1, &s), 1);
        assert_true(s.family == FAMILY_PACKET && s.transport == TRANSPORT_RAW && s.state == STATE_CLOSE);
        assert_true(s.inode == 77 && s.interface == 2 && s.uid == 1000 && s.local.port == 3 && s.cookie == 0);
        assert_int_equal(procnet_parse_packet("0 3 2 88cc 0 0 0 0 9 ", 21, &s), 1);
        assert_true(s.transport == TRANSPORT_DGRAM && s.local.port == 0x88cc && s.interface == 0 && s.inode == 9);
        assert_int_equal(procnet_parse_packet("0 3 1 0003 0 0 0 0 9", 20, &s), -EINVAL); /* no type of theirs */
}

static void test_netlink(void **state) {
        static const char good[] = "00000000f6826d96 15  901        00000001 0        0        0     2        0        77      ";
        Socket s = { .inode = 1 };

        assert_int_equal(procnet_parse_netlink(good, sizeof(good) - 1, &s), 1);
        assert_true(s.family == FAMILY_NETLINK && s.transport == TRANSPORT_UNKNOWN && s.state == STATE_CLOSE && s.inode == 77);
        assert_true(s.local.port == 15 && endpoint_word(&s.local, 0) == 901);
        assert_int_equal(procnet_parse_netlink("0 0 4294963297 00000000 0 0 0 2 0 5", 36 - 1, &s), 1);
        assert_true(endpoint_word(&s.local, 0) == 4294963297U); /* chosen by the kernel */
        assert_int_equal(procnet_parse_netlink("0 0 0 00000000 0 0 0 2 0 4", 26, &s), 0); /* its own end */
        for (size_t n = 0; n < 81; n++) /* where the inode begins */
                assert_int_equal(procnet_parse_netlink(good, n, &s), -EINVAL);
}

static int local(const char *line, Socket *ret) {
        return procnet_parse_unix(line, strlen(line), ret);
}

static void test_unix(void **state) {
        Socket s;

        assert_int_equal(local("0000000000000000: 00000002 00000000 00010000 0001 01 16219 /run/systemd/private", &s), 1);
        assert_int_equal(s.family, FAMILY_UNIX);
        assert_int_equal(s.transport, TRANSPORT_STREAM);
        assert_int_equal(s.state, STATE_LISTEN);
        assert_int_equal(s.inode, 16219);
        assert_int_equal(s.path_size, 20);
        assert_memory_equal(s.path, "/run/systemd/private", 20);
        assert_true(s.uid == UINT32_MAX && s.peer_inode == 0 && s.cookie == 0);

        assert_int_equal(local("ffff888100000000: 00000003 00000000 00000000 0001 03    77", &s), 1);
        assert_int_equal(s.state, STATE_ESTABLISHED);
        assert_int_equal(s.path_size, 0);

        assert_int_equal(local("00000000: 00000003 00000000 00000000 0002 01 77 @a b", &s), 1);
        assert_int_equal(s.transport, TRANSPORT_DGRAM);
        assert_int_equal(s.state, STATE_CLOSE);
        assert_int_equal(s.path_size, 4);
        assert_memory_equal(s.path, "\0a b", 4);

        assert_int_equal(local("00000000: 00000003 00000000 00000000 0005 03 77  /a", &s), 1);
        assert_int_equal(s.transport, TRANSPORT_SEQPACKET);
        assert_int_equal(s.path_size, 3); /* a path may begin with a blank */
        assert_memory_equal(s.path, " /a", 3);

        assert_int_equal(local("00000000: 00000003 00000000 00000000 0001 02     0 @x", &s), 0); /* not accepted */
}

static void test_unix_bad(void **state) {
        static const char *const bad[] = {
                "", "b", "Num       RefCount Protocol Flags    Type St Inode Path", "00000000: 00000003 00000000 00000000 0004 03 77",
                "00000000: 00000003 00000000 00000000 0001 05 77", "00000000: 00000003 00000000 00000000 0001 03 4294967296",
                "00000000: 00000003 00000000 00000000 0001 03 77/x", "00000000: 00000003 00000000 0000000 0001 03 77",
                "00000000: 00000003 00000000 00000000 0001 03 ", "00000000:00000003 00000000 00000000 0001 03 77",
        };
        char line[256] = "00000000: 00000003 00000000 00000000 0001 03 77 /";
        size_t head = strlen(line) - 1;
        Socket s = { .inode = 78 };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(local(bad[i], &s), -EINVAL);
        memset(line + head, 'x', 109);
        assert_int_equal(procnet_parse_unix(line, head + 109, &s), -EINVAL);
        assert_int_equal(s.inode, 78);
        assert_int_equal(procnet_parse_unix(line, head + 108, &s), 1);
        assert_int_equal(s.path_size, 108);
        assert_int_equal(procnet_continue_unix("", 0, &s), -EINVAL); /* no room for the newline */
}

/* ---- Files ---- */

#define UNIX_HEAD "Num       RefCount Protocol Flags    Type St Inode Path\n"
#define UNIX_ROW "0000000000000000: 00000002 00000000 00010000 0001 01 "
#define INET_HEAD "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
#define INET_ROW(inode) "   0: 0100007F:0016 0100007F:0017 01 00000000:00000000 00:00000000 00000000     0        0 " inode " 1        \n"

typedef struct Rows {
        Socket rows[8];
        size_t count, betweens;
        int answer;
} Rows;

static int rows_add(void *userdata, const Socket *socket) {
        Rows *rows = userdata;

        assert_true(rows->count < ELEMENTSOF(rows->rows));
        rows->rows[rows->count++] = *socket;
        return rows->answer;
}

static void rows_between(void *userdata) {
        Rows *rows = userdata;

        rows->betweens++;
}

/* Whole, and in pieces of each size: the same rows. */
static int feed(const char *text, Family family, Rows *rows) {
        int whole = 0;

        for (size_t piece = strlen(text) + 1; piece > 0; piece--) {
                const Taker taker = { .userdata = rows, .row = rows_add };
                ProcnetReader r = { .taker = &taker, .family = family, .transport = TRANSPORT_TCP, .netns = 9 };
                size_t count = rows->count;
                int k = 0;

                rows->count = 0;
                for (size_t at = 0; k >= 0 && at < strlen(text); at += piece)
                        k = procnet_feed(&r, text + at, MIN(piece, strlen(text) - at));
                if (k >= 0)
                        k = procnet_finish(&r);
                if (piece > strlen(text))
                        whole = k;
                else
                        assert_true(k == whole && count == rows->count);
        }
        return whole;
}

static void test_feed(void **state) {
        static const char *const bad[] = {
                "", "\n", INET_ROW("7"), UNIX_HEAD, INET_HEAD INET_ROW("7") "x\n", INET_HEAD INET_ROW("7") "\n" INET_ROW("8"),
                INET_HEAD "   0: 0100007F:0016 0100007F:0017 01 00000000:00000000 00:00000000 00000000     0        0 5",
        };
        Rows rows = {};

        assert_int_equal(feed(INET_HEAD INET_ROW("7") INET_ROW("8"), FAMILY_IPV4, &rows), 0);
        assert_int_equal(rows.count, 2);
        assert_int_equal(rows.rows[0].inode, 7);
        assert_int_equal(rows.rows[1].inode, 8);
        assert_int_equal(rows.rows[1].netns, 9);
        assert_int_equal(feed(INET_HEAD, FAMILY_IPV4, &rows), 0);
        assert_int_equal(rows.count, 0);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(feed(bad[i], FAMILY_IPV4, &rows), -EINVAL);
        rows.answer = -EXFULL;
        assert_int_equal(feed(INET_HEAD INET_ROW("7"), FAMILY_IPV4, &rows), -EXFULL);
}

static void test_feed_unix(void **state) {
        Rows rows = {};

        assert_int_equal(feed(UNIX_HEAD UNIX_ROW "5 /a\nb\n\nc\n" UNIX_ROW "6\n" UNIX_ROW "0 @x\ny\n" UNIX_ROW "7 /last\n",
                              FAMILY_UNIX, &rows), 0);
        assert_int_equal(rows.count, 3);
        assert_int_equal(rows.rows[0].inode, 5);
        assert_int_equal(rows.rows[0].path_size, 7);
        assert_memory_equal(rows.rows[0].path, "/a\nb\n\nc", 7);
        assert_int_equal(rows.rows[1].inode, 6);
        assert_int_equal(rows.rows[1].path_size, 0);
        assert_int_equal(rows.rows[2].inode, 7);
        assert_memory_equal(rows.rows[2].path, "/last", 5);

        assert_int_equal(feed(UNIX_HEAD, FAMILY_UNIX, &rows), 0);
        /* nothing whose name could go on */
        assert_int_equal(feed(UNIX_HEAD "x\n", FAMILY_UNIX, &rows), -EINVAL);
        assert_int_equal(feed(UNIX_HEAD UNIX_ROW "5\nx\n", FAMILY_UNIX, &rows), -EINVAL);
        assert_int_equal(feed(UNIX_HEAD UNIX_ROW "5 /a", FAMILY_UNIX, &rows), -EINVAL);
        rows.answer = -EXFULL;
        assert_int_equal(feed(UNIX_HEAD UNIX_ROW "5 /a\n", FAMILY_UNIX, &rows), -EXFULL);
}

static void test_long_line(void **state) {
        char text[4096];
        Rows rows = {};
        const Taker taker = { .userdata = &rows, .row = rows_add };
        ProcnetReader r = { .taker = &taker, .family = FAMILY_UNIX, .begun = true };

        memset(text, 'x', sizeof(text));
        assert_int_equal(procnet_feed(&r, text, 1024), 0);
        assert_int_equal(procnet_feed(&r, text, 1), -EINVAL);
}

static void write_file(int dir_fd, const char *name, const char *text) {
        _cleanup_close_ int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void test_look(void **state) {
        char tree[] = "/tmp/test-procnet.XXXXXX";
        _cleanup_close_ int fd = open(mkdtemp(tree), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const Netns own = { .id = 9 }, other = { .id = 10, .pid = 55, .inode = 1234 }, moved = { .id = 10, .pid = 55, .inode = 1235 };
        Rows rows = {};
        const Taker taker = { .userdata = &rows, .row = rows_add, .between = rows_between };
        Coverage coverage;

        assert_int_equal(procnet_look(fd, &own, TABLE_TCP, &taker, &coverage), 0);
        assert_int_equal(coverage.state, COVERAGE_DENIED);
        assert_int_equal(coverage.error, ENOENT);
        assert_int_equal(mkdirat(fd, "net", 0700), 0);
        write_file(fd, "net/tcp", INET_HEAD INET_ROW("7"));
        assert_int_equal(procnet_look(fd, &own, TABLE_TCP, &taker, &coverage), 0); /* without IPv6 */
        assert_int_equal(coverage.state, COVERAGE_OK);
        assert_int_equal(rows.count, 1);
        assert_int_equal(rows.rows[0].netns, 9);
        assert_true(rows.betweens > 0);

        write_file(fd, "net/tcp6", "damaged\n");
        assert_int_equal(procnet_look(fd, &own, TABLE_TCP, &taker, &coverage), 0);
        assert_int_equal(coverage.state, COVERAGE_INTERRUPTED);
        assert_int_equal(coverage.error, EBADMSG);
        rows.count = 0;
        rows.answer = -EINVAL; /* an answer is not a damage */
        assert_int_equal(procnet_look(fd, &own, TABLE_TCP, &taker, &coverage), -EINVAL);
        rows.answer = 0;

        rows.count = 0;
        write_file(fd, "net/raw", INET_HEAD INET_ROW("1"));
        write_file(fd, "net/icmp", INET_HEAD INET_ROW("2"));
        assert_int_equal(procnet_look_icmp(fd, &own, &taker, &coverage), 0);
        assert_int_equal(rows.count, 1);
        assert_int_equal(rows.rows[0].transport, TRANSPORT_ICMP);
        assert_int_equal(procnet_look(fd, &own, TABLE_RAW, &taker, &coverage), 0);
        assert_int_equal(rows.count, 3);

        /* through a process, which must still be where it was */
        rows.count = 0;
        assert_int_equal(procnet_look(fd, &other, TABLE_UNIX, &taker, &coverage), 0);
        assert_int_equal(coverage.state, COVERAGE_GONE);
        assert_int_equal(mkdirat(fd, "55", 0700) + mkdirat(fd, "55/ns", 0700) + mkdirat(fd, "55/net", 0700), 0);
        assert_int_equal(symlinkat("net:[1234]", fd, "55/ns/net"), 0);
        write_file(fd, "55/net/unix", UNIX_HEAD UNIX_ROW "5 /a\n");
        assert_int_equal(procnet_look(fd, &other, TABLE_UNIX, &taker, &coverage), 0);
        assert_int_equal(coverage.state, COVERAGE_OK);
        assert_int_equal(rows.count, 1);
        assert_int_equal(procnet_look(fd, &moved, TABLE_UNIX, &taker, &coverage), 0);
        assert_int_equal(coverage.state, COVERAGE_GONE);
        assert_int_equal(rows.count, 1);

        char command[64];
        (void) snprintf(command, sizeof(command), "rm -rf %s", tree);
        assert_int_equal(system(command), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tcp),       cmocka_unit_test(test_byte_order), cmocka_unit_test(test_timers),
                cmocka_unit_test(test_not_told),  cmocka_unit_test(test_udp_raw),    cmocka_unit_test(test_packet), cmocka_unit_test(test_netlink),
                cmocka_unit_test(test_inet_bad),
                cmocka_unit_test(test_unix),      cmocka_unit_test(test_unix_bad),   cmocka_unit_test(test_feed),
                cmocka_unit_test(test_feed_unix), cmocka_unit_test(test_long_line),  cmocka_unit_test(test_look),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
