/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "collect/netns.h"
#include "collect/snmp.h"

#define NAMES "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs\n"

static int parse(const char *text, Openings *ret) {
        return snmp_parse(text, strlen(text), ret);
}

static void test_counters(void **state) {
        Openings o = {};

        assert_int_equal(parse("Ip: Forwarding DefaultTTL\nIp: 2 64\n" NAMES "Tcp: 1 200 120000 -1 200475 200463 1 47 0 12\nUdp: InDatagrams\nUdp: 26\n", &o), 0);
        assert_true(o.active == 200475 && o.passive == 200463);
        assert_int_equal(parse(NAMES "Tcp: 1 200 120000 -1 18446744073709551615 0 1 47 0 12", &o), 0);
        assert_true(o.active == UINT64_MAX && o.passive == 0);
        assert_int_equal(parse("Tcp: PassiveOpens New ActiveOpens\nTcp: 7 -8 9 10\n", &o), 0);
        assert_true(o.active == 9 && o.passive == 7);
}

static void test_overflows(void **state) {
        static const char text[] = "TcpExt: SyncookiesSent ListenOverflows ListenDrops Other\nTcpExt: 1 22 33 -4\nIpExt: InNoRoutes\nIpExt: 0\n";
        Overflows v = {};

        assert_int_equal(netstat_parse(text, strlen(text), &v), 0);
        assert_true(v.overflows == 22 && v.drops == 33);
        assert_int_equal(netstat_parse(NAMES "Tcp: 1 200 120000 -1 5 6 1 47 0 12\n", 40, &v), -EINVAL);
        assert_true(v.overflows == 22 && v.drops == 33);
}

static void test_what_is_none(void **state) {
        static const char *const wrong[] = {
                "",
                "Tcp:",
                NAMES,
                NAMES "Udp: 1\n",
                NAMES "Tcp: 1 200 120000 -1 200475\n",               /* fewer values than names */
                NAMES "Tcp: 1 200 120000 -1 -5 200463 1 47 0 12\n",  /* no counter */
                NAMES "Tcp: 1 200 120000 -1 2x 200463 1 47 0 12\n",
                NAMES "Tcp: 1 200 120000 -1 18446744073709551616 1 1 47 0 12\n",
                "Tcp: ActiveOpens\nTcp: 1\n",
                "TcpExt: ActiveOpens PassiveOpens\nTcpExt: 1 2\n",
        };
        Openings o = { .active = 3, .passive = 4 };

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                assert_int_equal(parse(wrong[i], &o), -EINVAL);
        assert_true(o.active == 3 && o.passive == 4);
}

static void write_file(int dir_fd, const char *path, const char *text) {
        _cleanup_close_ int fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* Through a process, whose number may be somebody else's by then. */
static void test_of_a_process(void **state) {
        char template[] = "/tmp/test-snmp-XXXXXX";
        _cleanup_close_ int fd = -1;
        Openings o;

        assert_non_null(mkdtemp(template));
        fd = open(template, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(mkdirat(fd, "7", 0755) | mkdirat(fd, "7/net", 0755) | mkdirat(fd, "7/ns", 0755), 0);
        write_file(fd, "7/net/snmp", "Tcp: ActiveOpens PassiveOpens\nTcp: 5 6\n");
        assert_int_equal(symlinkat("net:[4026530001]", fd, "7/ns/net"), 0);

        assert_int_equal(snmp_read(fd, &(Netns){ .inode = 4026530001, .pid = 7 }, &o), 0);
        assert_true(o.active == 5 && o.passive == 6);
        assert_int_equal(snmp_read(fd, &(Netns){ .inode = 4026530002, .pid = 7 }, &o), -ESRCH);
        assert_int_equal(snmp_read(fd, &(Netns){ .inode = 4026530001, .pid = 8 }, &o), -ESRCH);

        assert_int_equal(unlinkat(fd, "7/net/snmp", 0) | unlinkat(fd, "7/ns/net", 0) | unlinkat(fd, "7/net", AT_REMOVEDIR) |
                                 unlinkat(fd, "7/ns", AT_REMOVEDIR) | unlinkat(fd, "7", AT_REMOVEDIR) | rmdir(template), 0);
}

static void test_our_own(void **state) {
        _cleanup_close_ int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        Openings o;

        assert_int_equal(snmp_read(fd, &(Netns){ .pid = 0 }, &o), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_counters),
                cmocka_unit_test(test_overflows), cmocka_unit_test(test_what_is_none),
                cmocka_unit_test(test_of_a_process),
                cmocka_unit_test(test_our_own),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
