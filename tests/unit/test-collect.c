/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "collect/collect.h"

/* What a Taker was told, one letter a call. */
typedef struct Log {
        char calls[16];
        size_t count;
        uint32_t wanted; /* inode of the row to keep; 0: any */
        Socket row;
        Coverage coverage[_TABLE_MAX];
        uint64_t last;
        char fail; /* the call that fails */
} Log;

static int log_call(Log *l, char call) {
        if (l->count + 1 < sizeof(l->calls))
                l->calls[l->count++] = call;
        return l->fail == call ? -EXFULL : 0;
}

static int log_begin(void *userdata, const Netns *netns, TableKind table, uint64_t t) {
        Log *l = userdata;

        assert_true(t >= l->last && t > 0);
        l->last = t;
        return log_call(l, 'b');
}

static int log_row(void *userdata, const Socket *socket) {
        Log *l = userdata;

        if (l->wanted != 0 && socket->inode != l->wanted)
                return 0;
        l->row = *socket;
        return log_call(l, 'r');
}

static int log_end(void *userdata, const Netns *netns, TableKind table, uint64_t t, Coverage coverage) {
        Log *l = userdata;

        assert_true(t >= l->last);
        l->last = t;
        l->coverage[table] = coverage;
        return log_call(l, 'e');
}

static Taker taker_of(Log *l) {
        return (Taker){ .userdata = l, .begin = log_begin, .row = log_row, .end = log_end };
}

static void test_names(void **state) {
        for (int i = 0; i < _COLLECTOR_MAX; i++)
                assert_int_equal(collector_from_name(collector_name((unsigned) i)), i);
        assert_string_equal(collector_name(COLLECTOR_SOCK_DIAG), "sock_diag");
        assert_null(collector_name(_COLLECTOR_MAX));
        assert_int_equal(collector_from_name("netlink"), -EINVAL);
        assert_int_equal(collector_from_name(""), -EINVAL);
}

static void write_at(int dir_fd, const char *name, const char *text) {
        _cleanup_close_ int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* A tree that looks like /proc, read by the proc collector. */
static void test_tree(void **state) {
        static const char head[] = "Num       RefCount Protocol Flags    Type St Inode Path\n";
        char tree[] = "/tmp/test-collect.XXXXXX", command[64], text[256];
        _cleanup_close_ int fd = open(mkdtemp(tree), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(collector_freep) Collector *c = NULL;
        Log l = {};
        Taker taker = taker_of(&l);
        Netns netns;

        assert_int_equal(collector_new(&c, COLLECTOR_PROC, fd), -ENOENT);
        assert_null(c);
        assert_int_equal(mkdirat(fd, "net", 0700), 0);
        write_at(fd, "net/tcp", "  sl  local_address\n");
        (void) snprintf(text, sizeof(text), "%s00: 00000002 00000000 00010000 0001 01 16219 /a\n", head);
        write_at(fd, "net/unix", text);
        assert_int_equal(collector_new(&c, COLLECTOR_PROC, fd), 0);
        assert_int_equal(collector_kind(c), COLLECTOR_PROC);
        assert_int_equal(collector_netns(c, 0, &netns), 0);
        assert_true(netns.id != 0 && netns.pid == 0);

        assert_int_equal(collector_look(c, &netns, TABLE_BIT(TABLE_TCP) | TABLE_BIT(TABLE_UDP) | TABLE_BIT(TABLE_UNIX), &taker), 0);
        assert_string_equal(l.calls, "bebebre");
        assert_int_equal(l.coverage[TABLE_TCP].state, COVERAGE_OK);
        assert_int_equal(l.coverage[TABLE_UDP].state, COVERAGE_DENIED);
        assert_int_equal(l.coverage[TABLE_UDP].error, ENOENT);
        assert_int_equal(l.row.inode, 16219);
        assert_true(l.row.netns == netns.id);
        assert_int_equal(collector_confirm(c, &netns, &l.row), -EOPNOTSUPP);

        for (const char *call = "bre"; *call; call++) { /* what a taker returns ends the look */
                l = (Log){ .fail = *call };
                assert_int_equal(collector_look(c, &netns, TABLE_BIT(TABLE_UNIX), &taker), -EXFULL);
                assert_int_equal(l.calls[l.count - 1], *call);
        }

        /* a namespace without cookie, reached through a process that then goes */
        assert_int_equal(collector_netns(c, 55, &netns), -ESRCH);
        assert_int_equal(mkdirat(fd, "55", 0700) + mkdirat(fd, "55/ns", 0700), 0);
        assert_int_equal(symlinkat("net:[4026532319]", fd, "55/ns/net"), 0);
        assert_int_equal(collector_netns(c, 55, &netns), 0);
        assert_true(netns.id == (1ULL << 63 | 4026532319) && netns.inode == 4026532319 && netns.pid == 55);
        assert_int_equal(unlinkat(fd, "55/ns/net", 0), 0);
        l = (Log){};
        assert_int_equal(collector_look(c, &netns, TABLE_BIT(TABLE_UNIX), &taker), 0);
        assert_string_equal(l.calls, "be");
        assert_int_equal(l.coverage[TABLE_UNIX].state, COVERAGE_GONE);

        (void) snprintf(command, sizeof(command), "rm -rf %s", tree);
        assert_int_equal(system(command), 0);
}

static uint32_t inode_of(int fd) {
        struct stat st;

        assert_int_equal(fstat(fd, &st), 0);
        return (uint32_t) st.st_ino;
}

static Socket find(Collector *c, const Netns *netns, TableKind table, int fd) {
        Log l = { .wanted = inode_of(fd) };
        Taker taker = taker_of(&l);

        assert_int_equal(collector_look(c, netns, TABLE_BIT(table), &taker), 0);
        assert_int_equal(l.coverage[table].state, COVERAGE_OK);
        assert_string_equal(l.calls, "bre");
        return l.row;
}

/* Alive, then closed by a reset, so that no TIME_WAIT is left. */
static void test_confirm(void **state) {
        _cleanup_close_ int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(collector_freep) Collector *c = NULL;
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        struct linger abort_close = { .l_onoff = 1 };
        socklen_t size = sizeof(a);
        int pair[2], server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
        Socket local, tcp, other;
        Netns netns;

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        assert_int_equal(bind(server, (struct sockaddr *) &a, sizeof(a)) + listen(server, 1), 0);
        assert_int_equal(getsockname(server, (struct sockaddr *) &a, &size), 0);
        assert_int_equal(connect(client, (struct sockaddr *) &a, sizeof(a)), 0);
        assert_int_equal(collector_new(&c, COLLECTOR_SOCK_DIAG, proc_fd), 0);
        assert_int_equal(collector_netns(c, 0, &netns), 0);
        local = find(c, &netns, TABLE_UNIX, pair[0]);
        tcp = find(c, &netns, TABLE_TCP, client);
        assert_int_equal(local.peer_inode, inode_of(pair[1]));
        assert_int_equal(tcp.state, STATE_ESTABLISHED);
        assert_int_equal(tcp.peer.port, ntohs(a.sin_port));
        assert_int_equal(collector_confirm(c, &netns, &local), 1);
        assert_int_equal(collector_confirm(c, &netns, &tcp), 1);

        other = find(c, &netns, TABLE_TCP, server); /* a listener cannot be asked for */
        assert_int_equal(collector_confirm(c, &netns, &other), -EOPNOTSUPP);
        other = tcp;
        other.cookie++; /* the address, but another socket */
        assert_int_equal(collector_confirm(c, &netns, &other), 0);
        other = local;
        other.cookie++;
        assert_int_equal(collector_confirm(c, &netns, &other), 0);
        other.cookie = 0;
        assert_int_equal(collector_confirm(c, &netns, &other), -EOPNOTSUPP);

        assert_int_equal(setsockopt(client, SOL_SOCKET, SO_LINGER, &abort_close, sizeof(abort_close)), 0);
        close(client);
        close(pair[0]);
        assert_int_equal(collector_confirm(c, &netns, &tcp), 0);
        assert_int_equal(collector_confirm(c, &netns, &local), 0);
        close(pair[1]);
        close(server);
}

/* A look that its taker ended leaves no rest of a dump behind for the next one. */
static void test_ended_look(void **state) {
        _cleanup_close_ int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(collector_freep) Collector *c = NULL;
        int pairs[400][2];
        Log l = { .fail = 'r' };
        Taker taker = taker_of(&l);
        Netns netns;

        for (size_t i = 0; i < ELEMENTSOF(pairs); i++) /* more than one receive */
                assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
        assert_int_equal(collector_new(&c, COLLECTOR_AUTO, proc_fd), 0);
        assert_int_equal(collector_kind(c), COLLECTOR_SOCK_DIAG);
        assert_int_equal(collector_netns(c, 0, &netns), 0);
        for (int i = 0; i < 3; i++) {
                assert_int_equal(collector_look(c, &netns, TABLE_BIT(TABLE_UNIX), &taker), -EXFULL);
                (void) find(c, &netns, TABLE_UNIX, pairs[399][1]);
        }
        for (size_t i = 0; i < ELEMENTSOF(pairs); i++) {
                close(pairs[i][0]);
                close(pairs[i][1]);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_tree),
                cmocka_unit_test(test_confirm),
                cmocka_unit_test(test_ended_look),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
