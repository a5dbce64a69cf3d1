/* SPDX-License-Identifier: MIT */

/* The journal sink against a socket of our own that stands for journald's; a real one is in tests/journald. */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "emit/sink-private.h"

#define QUEUE 20000

static const FormatContext context = { .run = "0123456789abcdef0123456789abcdef", .clock_offset = 0 };

static char directory[] = "/tmp/test-sink-journal-XXXXXX", path[64];

static int journald_start(void) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        (void) unlink(path);
        strcpy(address.sun_path, path);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        return fd;
}

static Event e;

static const Event *event(uint64_t seq) {
        event_init(&e, EVENT_PROCESS_GONE);
        e.seq = seq;
        event_set_word(&e, EVENT_FIELD_COMM, "x");
        return &e;
}

static ssize_t receive(int fd, char *buffer, size_t size, int *ret_fd) {
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = {};
        struct iovec iov = { .iov_base = buffer, .iov_len = size - 1 };
        struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
        ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

        *ret_fd = -1;
        if (n >= 0)
                buffer[n] = 0;
        if (n >= 0 && CMSG_FIRSTHDR(&m))
                memcpy(ret_fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
        return n;
}

/* The seq of the next datagram, 0 when there is none. */
static uint64_t next_seq(int fd) {
        static char buffer[65536];
        const char *seq;
        int passed;

        if (receive(fd, buffer, sizeof(buffer), &passed) < 0)
                return 0;
        assert_int_equal(passed, -1);
        seq = strstr(buffer, "\nSOCKAUDIT_SEQ=");
        assert_non_null(seq);
        return strtoull(seq + strlen("\nSOCKAUDIT_SEQ="), NULL, 10);
}

static Sink *open_sink(const char *socket_path) {
        Outbox *outbox = NULL;
        Sink *s = NULL;

        assert_int_equal(outbox_open_memory(&outbox, QUEUE), 0);
        assert_int_equal(sink_journal_new(&s, &context, socket_path, outbox, 0), 0);
        return s;
}

static void test_new(void **state) {
        _cleanup_(sink_freep) Sink *s = NULL;
        _cleanup_(outbox_freep) Outbox *outbox = NULL;
        char too_long[200];

        memset(too_long, 'x', sizeof(too_long));
        too_long[199] = 0;
        assert_int_equal(outbox_open_memory(&outbox, QUEUE), 0);
        assert_int_equal(sink_journal_new(&s, &context, too_long, outbox, 0), -ENAMETOOLONG);
        assert_int_equal(sink_journal_new(&s, &context, "", outbox, 0), -ENAMETOOLONG);
        s = open_sink(NULL);
        assert_int_equal(sink_kind(s), SINK_JOURNAL);
}

static void test_datagram(void **state) {
        _cleanup_(sink_freep) Sink *s = NULL;
        _cleanup_close_ int fd = journald_start();
        char buffer[4096];
        int passed;

        s = open_sink(path);
        assert_int_equal(sink_put(s, event(1)), 0);
        assert_int_equal(sink_waiting(s), 0);
        assert_true(receive(fd, buffer, sizeof(buffer), &passed) > 0);
        assert_string_equal(buffer,
                            "MESSAGE=x[?] gone: -\n"
                            "MESSAGE_ID=98e3d5b7c02f4f1e8a6d4c90b1e7f21b\n"
                            "PRIORITY=6\n"
                            "SYSLOG_IDENTIFIER=sockaudit\n"
                            "SYSLOG_FACILITY=13\n"
                            "SOCKAUDIT_SCHEMA=1\n"
                            "SOCKAUDIT_EVENT=process-gone\n"
                            "SOCKAUDIT_RUN=0123456789abcdef0123456789abcdef\n"
                            "SOCKAUDIT_SEQ=1\n"
                            "SOCKAUDIT_COMM=x\n");
}

/* Fills socket and queue; returns the seq of the first event that fell off. */
static uint64_t fill(Sink *s, uint64_t seq) {
        uint64_t longest = 0;

        for (;; seq++) {
                uint64_t before = clock_monotonic();
                int r = sink_put(s, event(seq));

                longest = MAX(longest, clock_monotonic() - before);
                if (r == 0)
                        continue;
                assert_int_equal(r, -ENOBUFS);
                assert_true(longest < 200000);
                return seq;
        }
}

static void test_journald_does_not_read(void **state) {
        _cleanup_(sink_freep) Sink *s = NULL;
        _cleanup_close_ int fd = journald_start();
        uint64_t lost, expected = 1, got;
        struct pollfd p = { .events = POLLOUT };
        SinkLoss loss;

        s = open_sink(path);
        lost = fill(s, 1);
        assert_true(sink_waiting(s) > 0);
        assert_int_equal(sink_flush(s), sink_waiting(s));
        p.fd = sink_fd(s);
        assert_true(p.fd >= 0);
        assert_int_equal(poll(&p, 1, 0), 0);

        while (sink_waiting(s) > 0) {
                while ((got = next_seq(fd)) > 0)
                        assert_int_equal(got, expected++);
                assert_int_equal(poll(&p, 1, 0), 1);
                assert_true(sink_flush(s) >= 0);
        }
        while ((got = next_seq(fd)) > 0)
                assert_int_equal(got, expected++);
        assert_int_equal(expected, lost);
        assert_int_equal(sink_fd(s), -1);

        loss = sink_take_loss(s);
        assert_int_equal(loss.count, 1);
        assert_int_equal(loss.first_seq, lost);
        assert_int_equal(loss.last_seq, lost);
        assert_int_equal(loss.error, -ENOBUFS);
        assert_int_equal(sink_put(s, event(lost + 1)), 0);
        assert_int_equal(next_seq(fd), lost + 1);
}

/* Flushes until it works or two seconds are over: a new connection is tried now and then only. */
static int64_t flush_soon(Sink *s) {
        int64_t r = -1;

        for (int i = 0; i < 200 && r < 0; i++) {
                r = sink_flush(s);
                if (r < 0)
                        (void) poll(NULL, 0, 10);
        }
        return r;
}

static void test_socket_missing(void **state) {
        _cleanup_(sink_freep) Sink *s = NULL;
        _cleanup_close_ int fd = -1;
        uint64_t lost, seq;

        (void) unlink(path);
        assert_false(sink_journal_available(path));
        s = open_sink(path);
        lost = fill(s, 1);
        assert_int_equal(sink_waiting(s), lost - 1);
        assert_int_equal(sink_flush(s), -ENOENT);
        assert_int_equal(sink_fd(s), -1);

        fd = journald_start();
        assert_true(sink_journal_available(path));
        for (seq = 1; seq < lost;) {
                (void) flush_soon(s);
                for (uint64_t got; (got = next_seq(fd)) > 0; seq++)
                        assert_int_equal(got, seq);
        }
        assert_int_equal(flush_soon(s), 0);
        assert_int_equal(sink_waiting(s), 0);
}

static void test_journald_restarted(void **state) {
        _cleanup_(sink_freep) Sink *s = NULL;
        int fd = journald_start();

        s = open_sink(path);
        assert_int_equal(sink_put(s, event(1)), 0);
        assert_int_equal(next_seq(fd), 1);
        close(fd);
        assert_int_equal(sink_put(s, event(2)), 0); /* nobody has the socket */
        assert_int_equal(sink_waiting(s), 1);
        assert_false(sink_journal_available(path));
        assert_int_equal(sink_flush(s), -ECONNREFUSED);

        fd = journald_start();
        assert_int_equal(flush_soon(s), 0);
        assert_int_equal(sink_put(s, event(3)), 0);
        assert_int_equal(next_seq(fd), 2);
        assert_int_equal(next_seq(fd), 3);
        assert_int_equal(next_seq(fd), 0);
        close(fd);
}

/* What waits is there no more as it was: that is another loss than that no more may wait. */
static void test_outbox_spoilt(void **state) {
        _cleanup_(sink_freep) Sink *s = NULL;
        Outbox *outbox = NULL;
        OutboxFound found;
        SinkLoss loss;
        int fd = memfd_create("outbox", MFD_CLOEXEC);

        (void) unlink(path);
        assert_int_equal(outbox_open_fd(&outbox, fd, -1, QUEUE, &found), 0);
        assert_int_equal(sink_journal_new(&s, &context, path, outbox, 0), 0);
        for (uint64_t seq = 1; seq <= 3; seq++)
                assert_int_equal(sink_put(s, event(seq)), 0);
        assert_int_equal(pwrite(fd, "?", 1, (off_t) outbox_begin(outbox) + 80), 1);
        assert_int_equal(sink_put(s, event(4)), 0);
        assert_int_equal(sink_waiting(s), 0);
        loss = sink_take_loss(s);
        assert_int_equal(loss.error, -EBADMSG);
        assert_true(loss.count == 4 && loss.first_seq == 1 && loss.last_seq == 4);
}

/* Who waits for its descriptor hears of the journald after this one, too. */
static void test_waited_for(void **state) {
        _cleanup_(sink_freep) Sink *s = open_sink(path);
        _cleanup_close_ int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        struct epoll_event writable = { .events = EPOLLOUT };
        int fd = journald_start();
        uint64_t seq = 0;

        while (sink_fd(s) < 0)
                (void) sink_put(s, event(++seq));
        assert_int_equal(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, sink_fd(s), &writable), 0);
        assert_int_equal(epoll_wait(epoll_fd, &writable, 1, 0), 0);
        close(fd);
        assert_int_equal(sink_flush(s), -ECONNREFUSED);

        fd = journald_start();
        while (sink_flush(s) < 0)
                (void) poll(NULL, 0, 10);
        while (epoll_wait(epoll_fd, &writable, 1, 0) == 1)
                (void) sink_put(s, event(++seq));
        while (next_seq(fd) != 0)
                ;
        assert_int_equal(epoll_wait(epoll_fd, &writable, 1, 0), 1);
        close(fd);
}

static void test_large_event_goes_as_memfd(void **state) {
        _cleanup_(sink_freep) Sink *s = NULL;
        _cleanup_close_ int fd = journald_start(), memfd = -1;
        _cleanup_free_ char *content = NULL;
        static char big[3900], buffer[4096];
        int least = 1;
        size_t size;

        memset(big, 'x', sizeof(big) - 1);
        s = open_sink(path);
        assert_int_equal(sink_put(s, event(1)), 0);
        assert_int_equal(next_seq(fd), 1);
        assert_int_equal(setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least)), 0);

        event(2);
        event_set_word(&e, EVENT_FIELD_CMDLINE, big);
        event_set_word(&e, EVENT_FIELD_EXE, big);
        assert_int_equal(sink_put(s, &e), 0);
        assert_int_equal(sink_waiting(s), 0);
        assert_int_equal(receive(fd, buffer, sizeof(buffer), &memfd), 0);
        assert_true(memfd >= 0);
        assert_int_equal(fcntl(memfd, F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
        assert_int_equal(lseek(memfd, 0, SEEK_SET), 0);
        assert_int_equal(fd_read_all(memfd, 1 << 20, &content, &size), 0);
        assert_true(size > 2 * (sizeof(big) - 1));
        assert_non_null(strstr(content, "\nSOCKAUDIT_SEQ=2\n"));
        assert_non_null(strstr(content, big));

        assert_int_equal(sink_put(s, event(3)), 0);
        assert_int_equal(next_seq(fd), 3);
}

static int directory_make(void **state) {
        if (!mkdtemp(directory))
                return -1;
        return snprintf(path, sizeof(path), "%s/socket", directory) > 0 ? 0 : -1;
}

static int directory_remove(void **state) {
        (void) unlink(path);
        return rmdir(directory);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_new),
                cmocka_unit_test(test_datagram),
                cmocka_unit_test(test_journald_does_not_read),
                cmocka_unit_test(test_socket_missing),
                cmocka_unit_test(test_journald_restarted),
                cmocka_unit_test(test_outbox_spoilt),
                cmocka_unit_test(test_waited_for),
                cmocka_unit_test(test_large_event_goes_as_memfd),
        };

        return cmocka_run_group_tests(tests, directory_make, directory_remove);
}
