/* SPDX-License-Identifier: MIT */

/* The journal, by its native protocol (systemd's JOURNAL_NATIVE_PROTOCOL.md): one datagram an event, a line
 * NAME=VALUE each, or NAME, newline, size as 64 bits little-endian, VALUE, newline.
 *
 * Not sd_journal_send(3): it blocks without limit while journald is stopped, and reports success when the socket is
 * missing. Here the socket is connected, so that poll(2) tells when journald takes datagrams again, and non-blocking.
 *
 *     EAGAIN                 journald does not read: wait for POLLOUT
 *     ECONNREFUSED, ENOENT   nobody has the socket: ours is connected again, at most every RECONNECT_EVERY
 *     EMSGSIZE, ENOBUFS      too large for a datagram: a sealed memfd goes instead, as a descriptor
 *
 * What waits is in an outbox, which outlives the daemon: an event is there before it is sent, and until it has arrived (delivery.h).
 * journald may be killed between our send and its read; where nobody keeps the socket open for it the datagram is gone, and nothing
 * says so but that it does not come back. */

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "emit/sink-private.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define SEND_BUFFER (8 << 20) /* with the default of 208 KiB only some 160 events fit, whatever the queue of journald takes */
#define RECONNECT_EVERY (100 * USEC_PER_MSEC)

typedef struct JournalSink {
        Sink sink; /* sink.fd: the socket; always the same, since the event loop waits for it; -1: not yet */
        Delivery *delivery;
        uint64_t last_seq; /* that was added */
        struct sockaddr_un address;
        uint64_t tried_at; /* monotonic, of the last connect; 0: never */
        int error;         /* what it said, negative; 0: connected */
} JournalSink;

/* --- the datagram ------------------------------------------------------------------------------------ */

static int append_field(void *userdata, const char *name, const char *value, size_t size) {
        Text *t = userdata;

        text_append(t, name);
        if (memchr(value, '\n', size)) {
                uint64_t le = htole64(size);

                text_append_bytes(t, "\n", 1);
                text_append_bytes(t, &le, sizeof(le));
        } else
                text_append_bytes(t, "=", 1);
        text_append_bytes(t, value, size);
        text_append_bytes(t, "\n", 1);
        return text_error(t);
}

static int journal_format(const FormatContext *c, const Event *e, Text *t) {
        return format_fields(c, e, append_field, t);
}

/* --- what waits -------------------------------------------------------------------------------------- */

static int journal_add(Sink *sink, uint64_t seq, Text *t) {
        JournalSink *s = (JournalSink *) sink;

        s->last_seq = seq;
        return delivery_add(s->delivery, seq, t->data, t->size);
}

static uint64_t journal_waiting(const Sink *sink) {
        return delivery_waiting(((const JournalSink *) sink)->delivery);
}

static int journal_first(Sink *sink, SinkItem *ret) {
        JournalSink *s = (JournalSink *) sink;
        uint64_t waiting = delivery_waiting(s->delivery);
        int r = delivery_next(s->delivery, ret);

        if (r < 0)
                sink_lose(sink, r, waiting, s->last_seq - MIN(s->last_seq, waiting - 1), s->last_seq);
        return MAX(r, 0);
}

static void journal_pop(Sink *sink) {
        delivery_sent(((JournalSink *) sink)->delivery);
}

static void journal_settle(Sink *sink) {
        delivery_settle(((JournalSink *) sink)->delivery);
}

Delivery *sink_journal_delivery(Sink *s) {
        return ((JournalSink *) s)->delivery;
}

/* --- the connection ---------------------------------------------------------------------------------- */

static int journal_address(const char *path, struct sockaddr_un *ret) {
        *ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
        if (!path)
                path = JOURNAL_SOCKET;
        if (*path == 0 || strlen(path) >= sizeof(ret->sun_path))
                return -ENAMETOOLONG;
        memcpy(ret->sun_path, path, strlen(path));
        return 0;
}

static int journal_socket(void) {
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), size = SEND_BUFFER;

        if (fd < 0)
                return -errno;
        if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
                (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        return fd;
}

static int journal_connect(int fd, const struct sockaddr_un *address) {
        return connect(fd, (const struct sockaddr *) address, sizeof(*address)) < 0 ? -errno : 0;
}

static int journal_reach(JournalSink *s) {
        uint64_t now;

        if (s->error == 0)
                return 0;
        now = clock_monotonic();
        if (s->tried_at > 0 && now - s->tried_at < RECONNECT_EVERY)
                return s->error;
        s->tried_at = now;
        if (s->sink.fd < 0) {
                int fd = journal_socket();

                if (fd < 0)
                        return s->error = fd;
                s->sink.fd = fd;
        }
        return s->error = journal_connect(s->sink.fd, &s->address);
}

/* --- sending ----------------------------------------------------------------------------------------- */

static int make_memfd(const char *data, size_t size) {
        _cleanup_close_ int fd = memfd_create("sockaudit-event", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        int r;

        if (fd < 0)
                return -errno;
        r = fd_write_all(fd, data, size);
        if (r < 0)
                return r;
        if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static ssize_t send_memfd(int socket_fd, const char *data, size_t size) {
        _cleanup_close_ int fd = make_memfd(data, size);
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = {};
        struct msghdr m = { .msg_control = &control, .msg_controllen = sizeof(control) };
        struct cmsghdr *h = CMSG_FIRSTHDR(&m);

        if (fd < 0)
                return fd;
        h->cmsg_level = SOL_SOCKET;
        h->cmsg_type = SCM_RIGHTS;
        h->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(h), &fd, sizeof(int));
        return sendmsg(socket_fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : (ssize_t) size;
}

static ssize_t journal_send(int fd, const char *data, size_t size) {
        ssize_t n;

        do {
                n = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
                if (n < 0)
                        n = -errno;
                if (n == -EMSGSIZE || n == -ENOBUFS)
                        n = send_memfd(fd, data, size);
        } while (n == -EINTR);
        return n;
}

static ssize_t journal_write(Sink *sink, const char *data, size_t size) {
        JournalSink *s = (JournalSink *) sink;

        for (;;) {
                ssize_t n;
                int r = journal_reach(s);

                if (r < 0)
                        return r == -EAGAIN || r == -EPIPE ? -ENOTCONN : r;
                n = journal_send(s->sink.fd, data, size);
                switch (n) {
                case -ECONNREFUSED:
                case -ECONNRESET:
                case -ENOTCONN:
                case -ENOENT:
                case -EPIPE:
                        /* A journald that was started anew has a new socket. journal_reach() ends this loop: it connects once in
                         * a while only. */
                        s->error = -ECONNREFUSED;
                        delivery_broken(s->delivery);
                        continue;
                default:
                        return n;
                }
        }
}

static void journal_close(Sink *sink) {
        delivery_free(((JournalSink *) sink)->delivery);
        sink->fd = fd_close(sink->fd);
}

int sink_journal_new(Sink **ret, const FormatContext *c, const char *path, Outbox *outbox, uint64_t waiting) {
        static const SinkOps ops = {
                .format = journal_format, .add = journal_add, .waiting = journal_waiting, .first = journal_first, .write = journal_write,
                .pop = journal_pop, .settle = journal_settle, .close = journal_close,
        };
        struct sockaddr_un address;
        JournalSink *s;
        int r = journal_address(path, &address);

        if (r < 0)
                return r;
        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        r = delivery_new(&s->delivery, outbox, waiting, c->run);
        if (r < 0) {
                free(s);
                return r;
        }
        sink_init(&s->sink, SINK_JOURNAL, &ops, c);
        s->address = address;
        s->error = -ENOTCONN;
        *ret = &s->sink;
        return 0;
}

bool sink_journal_available(const char *path) {
        _cleanup_close_ int fd = journal_socket();
        struct sockaddr_un address;

        return fd >= 0 && journal_address(path, &address) == 0 && journal_connect(fd, &address) == 0;
}
