/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "collect/destroy.h"
#include "collect/look.h"

#define HEAD "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n"
#define LINE(drops, inode) "00000000344f340a 4   31578      0000000f 0        0        0     2        " drops "        " inode " \n"

static int parse(const char *text, uint32_t inode, uint32_t *ret) {
        /* Of its very size, so that a sanitizer sees who reads on. */
        size_t size = strlen(text);
        char *copy = malloc(size + 1);
        int r;

        assert_non_null(copy);
        memcpy(copy, text, size);
        r = drops_parse(copy, size, inode, ret);
        free(copy);
        return r;
}

static void test_drops(void **state) {
        uint32_t drops = 7;

        assert_int_equal(parse(HEAD LINE("0", "10") LINE("4263", "11") LINE("1", "12"), 11, &drops), 0);
        assert_int_equal(drops, 4263);
        assert_int_equal(parse(HEAD LINE("4294967295", "4294967295"), UINT32_MAX, &drops), 0);
        assert_true(drops == UINT32_MAX);
        assert_int_equal(parse(HEAD "000000009f5b0bd3 4   0          00000000 0        0        (null)   2        5        11\n", 11, &drops), 0);
        assert_int_equal(drops, 5); /* before Linux 3.10 */
}

static void test_drops_not_there(void **state) {
        static const char *const none[] = { "", "\n", HEAD, HEAD LINE("1", "12") };
        static const char *const damaged[] = { HEAD "\n", HEAD "x\n", HEAD LINE("x", "12"), HEAD LINE("1", "4294967296"), HEAD LINE("4294967296", "11"),
                                               HEAD LINE("1", "12") "00000000344f340a 4   31578", HEAD LINE("-1", "11") };
        uint32_t drops = 7;

        for (size_t i = 0; i < ELEMENTSOF(none); i++)
                assert_int_equal(parse(none[i], 11, &drops), -ENOENT);
        for (size_t i = 0; i < ELEMENTSOF(damaged); i++)
                assert_int_equal(parse(damaged[i], 11, &drops), -EINVAL);
        assert_int_equal(drops, 7);
}

static uint64_t cookie_of(int fd) {
        uint64_t cookie = 0;
        socklen_t size = sizeof(cookie);

        assert_return_code(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size), errno);
        return cookie;
}

/* Opens a socket and closes it at once. Its cookie. */
static uint64_t short_socket(int type) {
        int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
        uint64_t cookie;

        assert_return_code(fd, errno);
        cookie = cookie_of(fd);
        (void) close(fd);
        return cookie;
}

/* Waits for the message about this cookie; others may come from anybody. */
static void await(Destroy *d, uint64_t cookie, Socket *ret) {
        struct pollfd p = { .fd = d->fd, .events = POLLIN };
        DestroyMessage messages[8];

        while (poll(&p, 1, 20000) > 0) {
                int n = destroy_receive(d, messages, ELEMENTSOF(messages));

                assert_true(n >= 0 || n == -ENOBUFS);
                for (int i = 0; i < n; i++)
                        if (!messages[i].damaged && messages[i].socket.cookie == cookie) {
                                *ret = messages[i].socket;
                                return;
                        }
        }
        fail_msg("no message about cookie %llu", (unsigned long long) cookie);
}

static void test_messages(void **state) {
        Destroy d = DESTROY_NULL;
        uint64_t tcp, udp;
        uint32_t lost;
        Socket s;
        int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        assert_int_equal(destroy_open(&d), 0);
        assert_true(d.buffer > 0);
        assert_int_equal(destroy_join(&d, TABLES_ALL), 0);
        tcp = short_socket(SOCK_STREAM);
        await(&d, tcp, &s);
        assert_int_equal(s.transport, TRANSPORT_TCP);
        assert_int_equal(s.answered, ANSWERED_NO);
        udp = short_socket(SOCK_DGRAM);
        await(&d, udp, &s);
        assert_int_equal(s.transport, TRANSPORT_UDP);
        assert_int_equal(s.answered, ANSWERED_UNKNOWN);
        /* Left groups are silent: what comes next is the TCP socket. */
        assert_int_equal(destroy_join(&d, TABLE_BIT(TABLE_TCP)), 0);
        assert_int_equal(d.groups, TABLE_BIT(TABLE_TCP));
        assert_int_equal(drops_read(&d.drops, proc_fd, &lost), 0);
        destroy_close(&d);
        assert_int_equal(d.fd, -1);
        (void) fd_close(proc_fd);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_drops),
                cmocka_unit_test(test_drops_not_there),
                cmocka_unit_test(test_messages),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
