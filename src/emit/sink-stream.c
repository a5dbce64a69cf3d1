/* SPDX-License-Identifier: MIT */

/* Lines on a descriptor, most often stdout.
 *
 * Never block, and leave the descriptor's flags alone: O_NONBLOCK belongs to the open file description, which is shared
 * with the shell and whoever else has it. So, by what it is:
 *
 *     socket          send(2) with MSG_DONTWAIT
 *     pipe, terminal  opened anew through /proc/self/fd with O_NONBLOCK: an open file description of our own
 *     regular file    written as it is: nothing to wait for but the disk
 *     the rest        and what cannot be opened anew (no /proc, a terminal of another user): asked with poll(2) each time,
 *                     and given at most PIPE_BUF bytes, which a pipe that says POLLOUT takes as a whole
 *
 * Known race: with the last way a terminal that is stopped in the middle of such a piece blocks, and so does a pipe that
 * another process fills between poll and write. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "emit/sink-private.h"

typedef enum StreamWay {
        STREAM_SEND,
        STREAM_WRITE,
        STREAM_POLL,
} StreamWay;

typedef struct StreamSink {
        Sink sink;
        Queue queue;
        StreamWay way;
        int out;    /* where it is written */
        int own_fd; /* -1: `out` is borrowed */
} StreamSink;

static ssize_t stream_write_once(const StreamSink *s, const char *data, size_t size) {
        struct pollfd p = { .fd = s->out, .events = POLLOUT };
        int r;

        switch (s->way) {
        case STREAM_SEND:
                return send(s->out, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        case STREAM_POLL:
                r = poll(&p, 1, 0);
                if (r == 0)
                        errno = EAGAIN;
                if (r <= 0)
                        return -1;
                /* An error condition is told by write. */
                return write(s->out, data, MIN(size, (size_t) PIPE_BUF));
        case STREAM_WRITE:
                break;
        }
        return write(s->out, data, size);
}

static ssize_t stream_write(Sink *sink, const char *data, size_t size) {
        const StreamSink *s = (const StreamSink *) sink;
        ssize_t n;

        do
                n = stream_write_once(s, data, size);
        while (n < 0 && errno == EINTR);
        if (n > 0)
                return n;
        if (n == 0) /* no device does this; as "not now" it would be asked again at once */
                return -EIO;
        switch (errno) {
        case EPIPE:
        case ECONNRESET:
        case EBADF:
                return -EPIPE;
        default:
                return -errno;
        }
}

static int stream_add(Sink *sink, uint64_t seq, Text *t) {
        return queue_add(&((StreamSink *) sink)->queue, seq, t);
}

static uint64_t stream_waiting(const Sink *sink) {
        return ((const StreamSink *) sink)->queue.count;
}

static int stream_first(Sink *sink, SinkItem *ret) {
        return queue_first(&((StreamSink *) sink)->queue, ret);
}

static void stream_pop(Sink *sink) {
        queue_pop(&((StreamSink *) sink)->queue);
}

static void stream_close(Sink *sink) {
        StreamSink *s = (StreamSink *) sink;

        queue_done(&s->queue);
        fd_close(s->own_fd);
}

static int stream_text(const FormatContext *c, const Event *e, Text *t) {
        format_text(c, e, t);
        return text_error(t);
}

static int open_anew(int fd) {
        char path[32];

        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static void stream_choose(StreamSink *s, int fd, mode_t mode) {
        s->out = fd;
        if (S_ISREG(mode)) {
                s->way = STREAM_WRITE;
                return;
        }
        s->sink.fd = fd;
        if (S_ISSOCK(mode)) {
                s->way = STREAM_SEND;
                return;
        }
        s->way = STREAM_POLL;
        if (S_ISFIFO(mode) || isatty(fd))
                s->own_fd = open_anew(fd);
        if (s->own_fd >= 0) {
                s->way = STREAM_WRITE;
                s->out = s->sink.fd = s->own_fd;
        }
}

int sink_stream_new(Sink **ret, SinkKind kind, const FormatContext *c, int fd, uint64_t queue_bytes) {
        static const SinkOps ops[] = {
#define STREAM_OPS(how) { .format = how, .add = stream_add, .waiting = stream_waiting, .first = stream_first, .write = stream_write, \
                          .pop = stream_pop, .close = stream_close }
                [SINK_JSON] = STREAM_OPS(format_json),
                [SINK_TEXT] = STREAM_OPS(stream_text),
#undef STREAM_OPS
        };
        StreamSink *s;
        struct stat st;

        if (kind != SINK_JSON && kind != SINK_TEXT)
                return -EINVAL;
        if (fstat(fd, &st) < 0)
                return -errno;
        s = malloc(sizeof(*s));
        if (!s)
                return -ENOMEM;
        sink_init(&s->sink, kind, &ops[kind], c);
        s->queue = (Queue){ .max_bytes = queue_bytes };
        s->own_fd = -1;
        stream_choose(s, fd, st.st_mode);
        *ret = &s->sink;
        return 0;
}
