/* SPDX-License-Identifier: MIT */

/* Request, receive loop, errors. A reply is believed when it comes from the kernel (port 0; any process may send to us), bears
 * our sequence number and is whole. The kernel makes the next part of a dump when the last one is received, so
 * nothing here waits for anybody; a time limit stands against the impossible. What is asked for is in sockdiag-look.c (tables),
 * sockdiag-confirm.c (one socket) and sockdiag-find.c (addresses and inodes). */

#include "collect/sockdiag.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/fd.h"
#include "collect/netns.h"
#include "collect/sockdiag-internal.h"

/* The kernel makes parts as large as the largest buffer it was offered, but not beyond this. */
#define PART_MAX 32768

#define REPLY_SECONDS 10

int sockdiag_open(Sockdiag *d, int proc_fd, uint32_t pid) {
        struct timeval limit = { .tv_sec = REPLY_SECONDS };
        int fd = netns_socket(proc_fd, pid, AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);

        if (fd < 0)
                return fd;
        (void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        *d = (Sockdiag){ .fd = fd };
        return 0;
}

void sockdiag_close(Sockdiag *d) {
        d->fd = fd_close(d->fd);
}

int sockdiag_send(Sockdiag *d, struct nlmsghdr *request, uint16_t type, uint16_t flags, size_t size) {
        const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
        ssize_t n;

        *request = (struct nlmsghdr){
                .nlmsg_len = (uint32_t) NLMSG_LENGTH(size),
                .nlmsg_type = type,
                .nlmsg_flags = (uint16_t) (NLM_F_REQUEST | flags),
                .nlmsg_seq = ++d->sequence,
        };
        do
                n = sendto(d->fd, request, request->nlmsg_len, 0, (const struct sockaddr *) &kernel, sizeof(kernel));
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : 0;
}

ssize_t sockdiag_receive(const Sockdiag *d, void *buffer, size_t size) {
        for (;;) {
                struct sockaddr_nl from = {};
                struct iovec iov = { buffer, size };
                struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1 };
                ssize_t n = recvmsg(d->fd, &m, 0);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (m.msg_namelen != sizeof(from) || from.nl_pid != 0)
                        continue;
                if (m.msg_flags & MSG_TRUNC)
                        return -EMSGSIZE;
                return n;
        }
}

/* The error in NLMSG_ERROR, and at the end of a dump in NLMSG_DONE (inet handlers tell there that they do not exist). */
static int message_error(const struct nlmsghdr *m) {
        int error = 0;

        if (mnl_nlmsg_get_payload_len(m) >= sizeof(error))
                memcpy(&error, mnl_nlmsg_get_payload(m), sizeof(error));
        else if (m->nlmsg_type == NLMSG_ERROR)
                return -EBADMSG;
        return error <= 0 && error > -4096 ? error : -EBADMSG;
}

static int message_parse(const struct nlmsghdr *m, const SockdiagFormat *format, Socket *ret) {
        if (m->nlmsg_type != format->type)
                return -EINVAL;
        return format->parse ? format->parse(m, ret) : sockdiag_parse_inet(m, format->transport, ret);
}

/* Our own socket is nobody's that is audited. Where MPTCP connections are told, their TCP rows are subflows; else they are
 * what they are on the wire. */
static bool row_told(SockdiagExchange *e, Socket *s) {
        if (e->own != 0 && s->inode == e->own)
                return false;
        if (e->format.transport != TRANSPORT_TCP || s->transport != TRANSPORT_MPTCP)
                return true;
        e->subflows++;
        s->transport = TRANSPORT_TCP;
        s->subflow = e->mptcp;
        return true;
}

/* 1: the dump is at its end; 0: go on; negative errno. */
static int exchange_message(SockdiagExchange *e, const struct nlmsghdr *m) {
        Socket s;
        int r;

        if (m->nlmsg_type == NLMSG_ERROR || m->nlmsg_type == NLMSG_DONE) {
                r = message_error(m);
                return r < 0 ? r : 1;
        }
        if (m->nlmsg_flags & NLM_F_DUMP_INTR)
                return -EINTR;
        r = message_parse(m, &e->format, &s);
        if (r < 0)
                return -EBADMSG;
        if (r > 0 && e->taker && row_told(e, &s)) {
                e->rows++;
                s.netns = e->netns;
                e->answer = e->taker->row(e->taker->userdata, &s);
        }
        return MIN(e->answer, 0);
}

int sockdiag_exchange_part(SockdiagExchange *e, const void *data, size_t size, uint32_t sequence) {
        const struct nlmsghdr *m;
        size_t offset = 0;

        while ((m = sockdiag_next(data, size, &offset))) {
                int r;

                if (m->nlmsg_seq != sequence)
                        continue;
                r = exchange_message(e, m);
                if (r != 0)
                        return r;
        }
        return offset == size ? 0 : -EBADMSG;
}

int sockdiag_exchange(SockdiagExchange *e, Sockdiag *d) {
        _Alignas(struct nlmsghdr) char buffer[PART_MAX];
        int r;

        do {
                ssize_t n = sockdiag_receive(d, buffer, sizeof(buffer));

                if (n < 0)
                        return (int) n;
                r = sockdiag_exchange_part(e, buffer, (size_t) n, d->sequence);
                if (r >= 0 && e->taker && e->taker->between)
                        e->taker->between(e->taker->userdata);
        } while (r == 0);
        return MIN(r, 0);
}

/* 1: at the end; 0: go on; else what the callback or the kernel said. */
static int answer_part(const Sockdiag *d, const void *data, size_t size, sockdiag_message_t message, void *userdata, int *ret_answer) {
        const struct nlmsghdr *m;
        size_t offset = 0;

        while ((m = sockdiag_next(data, size, &offset))) {
                if (m->nlmsg_seq != d->sequence)
                        continue;
                if (m->nlmsg_type == NLMSG_ERROR || m->nlmsg_type == NLMSG_DONE)
                        return message_error(m) ?: 1;
                *ret_answer = message(userdata, m);
                /* What is no dump has one message, and no end. */
                if (*ret_answer != 0 || !(m->nlmsg_flags & NLM_F_MULTI))
                        return 1;
        }
        return offset == size ? 0 : -EBADMSG;
}

int sockdiag_answer(Sockdiag *d, sockdiag_message_t message, void *userdata) {
        _Alignas(struct nlmsghdr) char buffer[PART_MAX];
        int answer = 0, r = 0;

        while (r == 0) {
                ssize_t n = sockdiag_receive(d, buffer, sizeof(buffer));

                if (n < 0)
                        return (int) n;
                r = answer_part(d, buffer, (size_t) n, message, userdata, &answer);
        }
        return r < 0 ? r : answer;
}
