/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "emit/sink.h"

static const FormatContext context = { .run = "0123456789abcdef0123456789abcdef", .clock_offset = 0 };

static Event e;

/* "x[SEQ] gone: PATH" of `size` bytes in all, newline included. */
static const Event *event(uint64_t seq, const char *exe) {
        event_init(&e, EVENT_PROCESS_GONE);
        e.seq = seq;
        event_set_word(&e, EVENT_FIELD_COMM, "x");
        event_set_number(&e, EVENT_FIELD_PID, seq);
        event_set_word(&e, EVENT_FIELD_EXE, exe);
        return &e;
}

static void pipe_of(int fds[2], int size) {
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        assert_true(fcntl(fds[1], F_SETPIPE_SZ, size) >= 0);
}

/* Reads what is there, without waiting. */
static size_t drain(int fd, char *buffer, size_t size) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        size_t n = 0;

        while (n < size - 1 && poll(&p, 1, 0) > 0) {
                ssize_t k = read(fd, buffer + n, size - 1 - n);

                if (k <= 0)
                        break;
                n += (size_t) k;
        }
        buffer[n] = 0;
        return n;
}

static void test_names(void **state) {
        assert_string_equal(sink_name(SINK_JOURNAL), "journal");
        assert_string_equal(sink_name(SINK_JSON), "json");
        assert_string_equal(sink_name(SINK_TEXT), "text");
        assert_null(sink_name(_SINK_MAX));
        assert_int_equal(sink_from_name("text"), SINK_TEXT);
        assert_int_equal(sink_from_name("Text"), -EINVAL);
        assert_int_equal(sink_from_name(""), -EINVAL);
}

static void test_new(void **state) {
        _cleanup_(sink_freep) Sink *s = NULL;

        assert_int_equal(sink_stream_new(&s, SINK_JOURNAL, &context, 1, 0), -EINVAL);
        assert_int_equal(sink_stream_new(&s, SINK_TEXT, &context, -1, 0), -EBADF);
        assert_null(s);
        assert_int_equal(sink_stream_new(&s, SINK_JSON, &context, 1, 0), 0);
        assert_int_equal(sink_kind(s), SINK_JSON);
        assert_null(sink_free(NULL));
}

static void test_lines(void **state) {
        _cleanup_(sink_freep) Sink *text = NULL, *json = NULL;
        char buffer[4096];
        int fds[2];

        pipe_of(fds, 65536);
        assert_int_equal(sink_stream_new(&text, SINK_TEXT, &context, fds[1], 4096), 0);
        assert_int_equal(sink_put(text, event(1, "/a")), 0);
        assert_int_equal(sink_put(text, event(2, "/b")), 0);
        assert_int_equal(sink_waiting(text), 0);
        assert_int_equal(sink_fd(text), -1);
        assert_int_equal(sink_flush(text), 0);
        drain(fds[0], buffer, sizeof(buffer));
        assert_string_equal(buffer, "x[1] gone: /a\nx[2] gone: /b\n");
        assert_int_equal(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0);

        assert_int_equal(sink_stream_new(&json, SINK_JSON, &context, fds[1], 4096), 0);
        assert_int_equal(sink_put(json, event(3, "/c")), 0);
        drain(fds[0], buffer, sizeof(buffer));
        assert_non_null(strstr(buffer, "\"SOCKAUDIT_SEQ\":\"3\""));
        assert_string_equal(strrchr(buffer, '}'), "}\n");
        close(fds[0]);
        close(fds[1]);
}

/* A reader that sleeps: nothing blocks, the queue is bounded, the loss exact, what was queued comes in order and whole. */
static void check_slow_reader(int read_fd, int write_fd, uint64_t queue_bytes) {
        _cleanup_(sink_freep) Sink *s = NULL;
        static char got[1 << 20];
        uint64_t seq, longest = 0, expected = 1;
        size_t n;
        SinkLoss loss;

        assert_int_equal(sink_stream_new(&s, SINK_TEXT, &context, write_fd, queue_bytes), 0);
        for (seq = 1; seq < 100000; seq++) {
                uint64_t before = clock_monotonic();
                int r = sink_put(s, event(seq, "/some/program"));

                longest = MAX(longest, clock_monotonic() - before);
                if (r == 0)
                        continue;
                assert_int_equal(r, -ENOBUFS);
                break;
        }
        assert_true(seq > 3 && seq < 100000);
        assert_int_equal(sink_put(s, event(seq + 1, "/some/program")), -ENOBUFS);
        assert_true(longest < 200000);
        assert_true(sink_fd(s) >= 0);
        assert_true(sink_flush(s) > 0);
        loss = sink_take_loss(s);
        assert_int_equal(loss.count, 2);
        assert_int_equal(loss.first_seq, seq);
        assert_int_equal(loss.last_seq, seq + 1);
        loss = sink_take_loss(s);
        assert_int_equal(loss.count, 0);
        assert_int_equal(loss.first_seq, 0);

        for (n = 0; sink_waiting(s) > 0; assert_true(sink_flush(s) >= 0))
                n += drain(read_fd, got + n, sizeof(got) - n);
        n += drain(read_fd, got + n, sizeof(got) - n);
        assert_int_equal(sink_fd(s), -1);
        for (char *line = got; line < got + n; expected++) {
                char wanted[64];
                char *end = strpbrk(line, "\r\n");

                assert_non_null(end);
                *end++ = 0;
                if (*end == '\n')
                        end++; /* a terminal writes \r\n */
                (void) snprintf(wanted, sizeof(wanted), "x[%d] gone: /some/program", (int) expected);
                assert_string_equal(line, wanted);
                line = end;
        }
        assert_int_equal(expected, seq);
}

static void test_pipe(void **state) {
        int fds[2];

        pipe_of(fds, 4096);
        check_slow_reader(fds[0], fds[1], 20000);
        assert_int_equal(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0);
        close(fds[0]);
        close(fds[1]);
}

/* A line that was begun is kept whatever the bound. */
static void test_half_a_line(void **state) {
        _cleanup_(sink_freep) Sink *s = NULL;
        static char big[3000], got[16384];
        size_t n = 0;
        int fds[2];

        memset(big, 'x', sizeof(big) - 1);
        pipe_of(fds, 4096);
        assert_int_equal(sink_stream_new(&s, SINK_JSON, &context, fds[1], 0), 0);
        event(1, big);
        event_set_word(&e, EVENT_FIELD_CMDLINE, big);
        assert_int_equal(sink_put(s, &e), 0);
        assert_int_equal(sink_waiting(s), 1);
        assert_int_equal(sink_put(s, event(2, "/b")), -ENOBUFS);
        for (; sink_waiting(s) > 0; assert_true(sink_flush(s) >= 0))
                n += drain(fds[0], got + n, sizeof(got) - n);
        assert_int_equal(sink_put(s, event(3, "/c")), 0);
        n += drain(fds[0], got + n, sizeof(got) - n);
        assert_non_null(strstr(got, "\"SOCKAUDIT_SEQ\":\"1\""));
        assert_null(strstr(got, "\"SOCKAUDIT_SEQ\":\"2\""));
        assert_non_null(strstr(got, "\"}\n{\"MESSAGE\":\"x[3] gone: /c\""));
        assert_int_equal(sink_take_loss(s).count, 1);
        close(fds[0]);
        close(fds[1]);
}

static void test_socket(void **state) {
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        check_slow_reader(fds[0], fds[1], 20000);
        assert_int_equal(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0);
        close(fds[0]);
        close(fds[1]);
}

static void test_terminal(void **state) {
        int master, terminal;

        assert_int_equal(openpty(&master, &terminal, NULL, NULL, NULL), 0);
        check_slow_reader(master, terminal, 20000);
        assert_int_equal(fcntl(terminal, F_GETFL) & O_NONBLOCK, 0);
        close(master);
        close(terminal);
}

/* Ctrl-S */
static void test_stopped_terminal(void **state) {
        _cleanup_(sink_freep) Sink *s = NULL;
        char buffer[64];
        int master, terminal;

        assert_int_equal(openpty(&master, &terminal, NULL, NULL, NULL), 0);
        assert_int_equal(sink_stream_new(&s, SINK_TEXT, &context, terminal, 20000), 0);
        assert_int_equal(write(master, "\x13", 1), 1);
        for (int i = 0; i < 3000 && sink_waiting(s) == 0; i++) { /* until the line discipline has worked */
                assert_int_equal(sink_put(s, event(1, "/a")), 0);
                (void) poll(NULL, 0, 1);
        }
        assert_true(sink_waiting(s) > 0);
        assert_int_equal(write(master, "\x11", 1), 1);
        for (int i = 0; i < 1000 && sink_flush(s) > 0; i++)
                (void) poll(&(struct pollfd){ .fd = sink_fd(s), .events = POLLOUT }, 1, 10);
        assert_int_equal(sink_waiting(s), 0);
        assert_true(drain(master, buffer, sizeof(buffer)) > 0);
        assert_memory_equal(buffer, "x[1] gone: /a\r\n", 15);
        close(master);
        close(terminal);
}

static void test_dead_reader(void **state) {
        _cleanup_(sink_freep) Sink *s = NULL;
        SinkLoss loss;
        int fds[2];
        uint64_t seq = 0;

        pipe_of(fds, 4096);
        assert_int_equal(sink_stream_new(&s, SINK_TEXT, &context, fds[1], 20000), 0);
        while (sink_waiting(s) < 3)
                assert_int_equal(sink_put(s, event(++seq, "/a")), 0);
        close(fds[0]);
        assert_int_equal(sink_flush(s), -EPIPE);
        assert_int_equal(sink_waiting(s), 0);
        assert_int_equal(sink_put(s, event(seq + 1, "/a")), -ENOBUFS);
        assert_int_equal(sink_flush(s), -EPIPE);
        assert_int_equal(sink_fd(s), -1);
        loss = sink_take_loss(s);
        assert_int_equal(loss.count, 4);
        assert_int_equal(loss.first_seq, seq - 2);
        assert_int_equal(loss.last_seq, seq + 1);
        assert_int_equal(loss.error, -EPIPE);
        close(fds[1]);
}

static void test_dead_at_put(void **state) {
        _cleanup_(sink_freep) Sink *s = NULL;
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        assert_int_equal(sink_stream_new(&s, SINK_JSON, &context, fds[1], 20000), 0);
        close(fds[0]);
        assert_int_equal(sink_put(s, event(9, "/a")), -ENOBUFS);
        assert_int_equal(sink_take_loss(s).last_seq, 9);
        close(fds[1]);
}

/* The disk is full: not dead, it may be freed. */
static void test_full_device(void **state) {
        _cleanup_(sink_freep) Sink *s = NULL;
        int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(sink_stream_new(&s, SINK_TEXT, &context, fd, 20000), 0);
        assert_int_equal(sink_put(s, event(1, "/a")), 0);
        assert_int_equal(sink_flush(s), -ENOSPC);
        assert_int_equal(sink_waiting(s), 1);
        assert_int_equal(sink_fd(s), -1);
        close(fd);
}

static void test_regular_file(void **state) {
        _cleanup_(sink_freep) Sink *s = NULL;
        char buffer[64] = {};
        FILE *f = tmpfile();

        assert_non_null(f);
        assert_int_equal(sink_stream_new(&s, SINK_TEXT, &context, fileno(f), 0), 0);
        assert_int_equal(sink_put(s, event(1, "/a")), 0);
        assert_int_equal(sink_put(s, event(2, "/b")), 0);
        assert_int_equal(pread(fileno(f), buffer, sizeof(buffer) - 1, 0), 28);
        assert_string_equal(buffer, "x[1] gone: /a\nx[2] gone: /b\n");
        (void) fclose(f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_new),
                cmocka_unit_test(test_lines),
                cmocka_unit_test(test_pipe),
                cmocka_unit_test(test_half_a_line),
                cmocka_unit_test(test_socket),
                cmocka_unit_test(test_terminal),
                cmocka_unit_test(test_stopped_terminal),
                cmocka_unit_test(test_dead_reader),
                cmocka_unit_test(test_dead_at_put),
                cmocka_unit_test(test_full_device),
                cmocka_unit_test(test_regular_file),
        };

        (void) signal(SIGPIPE, SIG_IGN);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
