/* SPDX-License-Identifier: MIT */

/* Request, receive loop, errors. A reply is believed when it comes from the kernel (port 0; any process may send to us), bears
 * our sequence number and is whole. The kernel makes the next part of a dump when the last one is received, so
 * nothing here waits for anybody; a time limit stands against the impossible.
 *
 * TCP is asked the old way (TCPDIAG_GETSOCK): it gives both families in one walk of the kernel's tables, which cost as
 * much as the sockets do where there are few. UDP and raw have no such message.
 *
 * A netlink socket that is a member of a group is listed twice.
 *
 * Known races: see rule 4 of the ledger. The kernel resumes by position and never sets NLM_F_DUMP_INTR. */

#include "collect/sockdiag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <linux/vm_sockets_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "base/fd.h"
#include "collect/netns.h"

/* The kernel makes parts as large as the largest buffer it was offered, but not beyond this. */
#define PART_MAX 32768

#define REPLY_SECONDS 10

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* All states that sockets of a look can have. The kernel adds requests to SYN_RECV; they are taken out again by their
 * inode, since a full socket can be in that state, too. */
#define STATES_LOOK (((1u << _STATE_MAX) - 1) & ~1u & ~(1u << STATE_TIME_WAIT))

typedef struct Request {
        struct nlmsghdr header;
        union {
                struct inet_diag_req tcp;
                struct inet_diag_req_v2 inet;
                struct unix_diag_req local;
                struct packet_diag_req packet;
                struct netlink_diag_req netlink;
                struct vsock_diag_req vsock;
                struct {
                        struct inet_diag_req_v2 inet;
                        struct nlattr attribute;
                        uint32_t protocol;
                } mptcp;
        };
} Request;

/* What one kind of reply is. */
typedef struct Format {
        uint16_t type;
        Transport transport; /* of inet; UNKNOWN: the parser is that of another family */
        int (*parse)(const struct nlmsghdr *message, Socket *ret);
} Format;

/* Who gets the replies, and how the exchange went. */
typedef struct Exchange {
        Format format;
        uint64_t netns;
        const Taker *taker;
        int answer; /* of the taker */
        bool mptcp; /* connections are told, too */
        uint32_t own; /* inode of the socket that asks, which is not told; 0: it is in another table */
        size_t subflows, rows;
} Exchange;

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

static int request_send(Sockdiag *d, Request *request, uint16_t type, uint16_t flags, size_t size) {
        const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
        ssize_t n;

        request->header = (struct nlmsghdr){
                .nlmsg_len = (uint32_t) NLMSG_LENGTH(size),
                .nlmsg_type = type,
                .nlmsg_flags = (uint16_t) (NLM_F_REQUEST | flags),
                .nlmsg_seq = ++d->sequence,
        };
        do
                n = sendto(d->fd, request, request->header.nlmsg_len, 0, (const struct sockaddr *) &kernel, sizeof(kernel));
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : 0;
}

/* One datagram of the kernel. Its size or negative errno. */
static ssize_t part_receive(const Sockdiag *d, void *buffer, size_t size) {
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

static int message_parse(const struct nlmsghdr *m, const Format *format, Socket *ret) {
        if (m->nlmsg_type != format->type)
                return -EINVAL;
        return format->parse ? format->parse(m, ret) : sockdiag_parse_inet(m, format->transport, ret);
}

/* Our own socket is nobody's that is audited. Where MPTCP connections are told, their TCP rows are subflows; else they are
 * what they are on the wire. */
static bool row_told(Exchange *e, Socket *s) {
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
static int exchange_message(Exchange *e, const struct nlmsghdr *m) {
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

static int exchange_part(Exchange *e, const void *data, size_t size, uint32_t sequence) {
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

/* Receives a dump that was asked for. 0 or negative errno; e->answer is negative when the taker ended it. */
static int exchange_run(Exchange *e, Sockdiag *d) {
        _Alignas(struct nlmsghdr) char buffer[PART_MAX];
        int r;

        do {
                ssize_t n = part_receive(d, buffer, sizeof(buffer));

                if (n < 0)
                        return (int) n;
                r = exchange_part(e, buffer, (size_t) n, d->sequence);
                if (r >= 0 && e->taker && e->taker->between)
                        e->taker->between(e->taker->userdata);
        } while (r == 0);
        return MIN(r, 0);
}

static int dump_tcp(Sockdiag *d, Exchange *e, uint32_t states) {
        Request request = { .tcp = { .idiag_ext = 1 << (INET_DIAG_INFO - 1), .idiag_states = states } };
        int r;

        e->format = (Format){ TCPDIAG_GETSOCK, TRANSPORT_TCP, NULL };
        r = request_send(d, &request, TCPDIAG_GETSOCK, NLM_F_DUMP, sizeof(request.tcp));
        return r < 0 ? r : exchange_run(e, d);
}

static int dump_inet(Sockdiag *d, Exchange *e, uint8_t family, uint8_t protocol, Transport transport) {
        Request request = {
                .inet = { .sdiag_family = family, .sdiag_protocol = protocol, .idiag_states = STATES_LOOK },
        };
        int r;

        e->format = (Format){ SOCK_DIAG_BY_FAMILY, transport, NULL };
        r = request_send(d, &request, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sizeof(request.inet));
        return r < 0 ? r : exchange_run(e, d);
}

static int dump_unix(Sockdiag *d, Exchange *e) {
        Request request = {
                .local = {
                        .sdiag_family = AF_UNIX,
                        .udiag_states = UINT32_MAX,
                        .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN | UDIAG_SHOW_ICONS |
                                       UDIAG_SHOW_UID,
                },
        };
        int r;

        e->format = (Format){ SOCK_DIAG_BY_FAMILY, TRANSPORT_UNKNOWN, sockdiag_parse_unix };
        r = request_send(d, &request, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sizeof(request.local));
        return r < 0 ? r : exchange_run(e, d);
}

/* A protocol number beyond 255 goes into an attribute. */
static int dump_mptcp(Sockdiag *d, Exchange *e) {
        static const uint8_t families[] = { AF_INET, AF_INET6 };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(families) && r == 0; i++) {
                Request request = {
                        .mptcp = {
                                .inet = { .sdiag_family = families[i], .sdiag_protocol = 255, .idiag_states = STATES_LOOK },
                                .attribute = { sizeof(struct nlattr) + sizeof(uint32_t), INET_DIAG_REQ_PROTOCOL },
                                .protocol = IPPROTO_MPTCP,
                        },
                };

                e->format = (Format){ SOCK_DIAG_BY_FAMILY, TRANSPORT_MPTCP, NULL };
                r = request_send(d, &request, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sizeof(request.mptcp));
                r = r < 0 ? r : exchange_run(e, d);
        }
        return r;
}

/* Known race: a connection that is opened between the two dumps shows its subflow only, and is told by the next look. */
static int dump_tcp_and_mptcp(Sockdiag *d, Exchange *e) {
        int r;

        e->mptcp = d->mptcp;
        r = dump_tcp(d, e, STATES_LOOK);
        if (r < 0 || !d->mptcp || (e->subflows == 0 && !d->mptcp_before))
                return r;
        e->rows = 0;
        r = dump_mptcp(d, e);
        d->mptcp_before = e->rows > 0;
        return r == -ENOENT ? -EOPNOTSUPP : r;
}

static int dump_both(Sockdiag *d, Exchange *e, uint8_t protocol, Transport transport) {
        int r = dump_inet(d, e, AF_INET, protocol, transport);

        if (r < 0)
                return r;
        /* One half is not a missing handler, which would have told no row. */
        r = dump_inet(d, e, AF_INET6, protocol, transport);
        return r == -ENOENT ? -EOPNOTSUPP : r;
}

static int dump_other(Sockdiag *d, Exchange *e, Request *request, size_t size, int (*parse)(const struct nlmsghdr *, Socket *)) {
        int r;

        e->format = (Format){ SOCK_DIAG_BY_FAMILY, TRANSPORT_UNKNOWN, parse };
        r = request_send(d, request, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, size);
        return r < 0 ? r : exchange_run(e, d);
}

static uint32_t inode_of(int fd) {
        struct stat st;

        return fstat(fd, &st) == 0 ? (uint32_t) st.st_ino : 0;
}

static int dump_table(Sockdiag *d, Exchange *e, TableKind table) {
        Request packet = { .packet = { .sdiag_family = AF_PACKET, .pdiag_show = PACKET_SHOW_INFO } };
        Request netlink = { .netlink = { .sdiag_family = AF_NETLINK, .sdiag_protocol = NDIAG_PROTO_ALL } };
        Request vsock = { .vsock = { .sdiag_family = AF_VSOCK, .vdiag_states = UINT32_MAX } };

        switch (table) {
        case TABLE_TCP:
                return dump_tcp_and_mptcp(d, e);
        case TABLE_UDP:
                return dump_both(d, e, IPPROTO_UDP, TRANSPORT_UDP);
        case TABLE_UDPLITE:
                return dump_both(d, e, IPPROTO_UDPLITE, TRANSPORT_UDPLITE);
        case TABLE_RAW:
                return dump_both(d, e, IPPROTO_RAW, TRANSPORT_RAW);
        case TABLE_UNIX:
                return dump_unix(d, e);
        case TABLE_PACKET:
                return dump_other(d, e, &packet, sizeof(packet.packet), sockdiag_parse_packet);
        case TABLE_NETLINK:
                e->own = inode_of(d->fd);
                return dump_other(d, e, &netlink, sizeof(netlink.netlink), sockdiag_parse_netlink);
        case TABLE_VSOCK:
                return dump_other(d, e, &vsock, sizeof(vsock.vsock), sockdiag_parse_vsock);
        case _TABLE_MAX:
                break;
        }
        return -EINVAL;
}

int sockdiag_probe(Sockdiag *d) {
        Exchange e = {};
        int r = dump_tcp(d, &e, 1u << STATE_LISTEN);

        if (r < 0)
                return r;
        r = dump_mptcp(d, &e);
        d->mptcp = r == 0;
        /* What cannot be asked for is not there. */
        return r == 0 || r == -ENOENT || r == -EOPNOTSUPP || r == -EINVAL ? 0 : r;
}

int sockdiag_look(Sockdiag *d, uint64_t netns, TableKind table, const Taker *taker, Coverage *ret) {
        Exchange e = { .netns = netns, .taker = taker };
        int r = dump_table(d, &e, table);

        if (e.answer < 0)
                return e.answer;
        if (r == 0)
                *ret = (Coverage){ COVERAGE_OK, 0 };
        else if (r == -EPERM || r == -EACCES || r == -ENOENT)
                *ret = (Coverage){ COVERAGE_DENIED, -r };
        else
                *ret = (Coverage){ COVERAGE_INTERRUPTED, -r };
        return 0;
}

/* ---- One socket ---- */

static void cookie_words(uint64_t cookie, uint32_t ret[2]) {
        ret[0] = (uint32_t) cookie;
        ret[1] = (uint32_t) (cookie >> 32);
}

static int ask_tcp(Sockdiag *d, const Socket *s) {
        Request request = {
                .inet = {
                        .sdiag_family = s->family == FAMILY_IPV6 ? AF_INET6 : AF_INET,
                        .sdiag_protocol = IPPROTO_TCP,
                        .idiag_states = UINT32_MAX,
                        .id = {
                                .idiag_sport = htons(s->local.port),
                                .idiag_dport = htons(s->peer.port),
                                .idiag_if = s->interface,
                        },
                },
        };

        memcpy(request.inet.id.idiag_src, s->local.ip, sizeof(s->local.ip));
        memcpy(request.inet.id.idiag_dst, s->peer.ip, sizeof(s->peer.ip));
        cookie_words(s->cookie, request.inet.id.idiag_cookie);
        return request_send(d, &request, SOCK_DIAG_BY_FAMILY, 0, sizeof(request.inet));
}

static int ask_unix(Sockdiag *d, const Socket *s) {
        Request request = {
                .local = { .sdiag_family = AF_UNIX, .udiag_states = UINT32_MAX, .udiag_ino = s->inode },
        };

        cookie_words(s->cookie, request.local.udiag_cookie);
        return request_send(d, &request, SOCK_DIAG_BY_FAMILY, 0, sizeof(request.local));
}

static int confirm_row(void *userdata, const Socket *found) {
        const Socket *s = userdata;

        return found->cookie == s->cookie && found->timer != TIMER_TIME_WAIT ? -EEXIST : -ENOENT;
}

int sockdiag_confirm(Sockdiag *d, const Socket *socket) {
        bool local = socket->family == FAMILY_UNIX;
        bool tcp = socket_has_addresses(socket) && socket->transport == TRANSPORT_TCP;
        Socket wanted = *socket;
        Taker taker = { .userdata = &wanted, .row = confirm_row };
        Exchange e = {
                .taker = &taker,
                .format = { SOCK_DIAG_BY_FAMILY, TRANSPORT_TCP, local ? sockdiag_parse_unix : NULL },
        };
        _Alignas(struct nlmsghdr) char buffer[8192];
        ssize_t n;
        int r;

        if (socket->cookie == 0 || (!tcp && !local) || (tcp && socket_is_listener(socket)) || (local && socket->inode == 0))
                return -EOPNOTSUPP;
        r = local ? ask_unix(d, socket) : ask_tcp(d, socket);
        if (r < 0)
                return r;
        n = part_receive(d, buffer, sizeof(buffer));
        if (n < 0)
                return (int) n;
        r = exchange_part(&e, buffer, (size_t) n, d->sequence);
        if (e.answer == -EEXIST)
                return 1;
        /* Not told (TIME_WAIT), another one, or not there. */
        if (r == 0 || e.answer < 0 || r == -ENOENT || r == -ESTALE)
                return 0;
        return r > 0 ? -EBADMSG : r;
}

/* ---- For others ---- */

int sockdiag_send(Sockdiag *d, struct nlmsghdr *request, uint16_t type, uint16_t flags, size_t size) {
        return request_send(d, (Request *) (void *) request, type, flags, size);
}

ssize_t sockdiag_receive(const Sockdiag *d, void *buffer, size_t size) {
        return part_receive(d, buffer, size);
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
                ssize_t n = part_receive(d, buffer, sizeof(buffer));

                if (n < 0)
                        return (int) n;
                r = answer_part(d, buffer, (size_t) n, message, userdata, &answer);
        }
        return r < 0 ? r : answer;
}
