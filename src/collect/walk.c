/* SPDX-License-Identifier: MIT */

/* Records follow one another without a gap, and one may begin in one read and end in the next. */

#include "collect/walk.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "collect/netns.h"
#include "collect/record.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define NSEC_PER_USEC 1000u
#define READ_MAX 32768 /* bytes; the kernel gives no more at once */

/* A record, and all that can be behind its head. */
typedef union Tail {
        struct {
                struct RecordHeldInet inet;
                struct RecordHeldTcp tcp;
        };
        struct {
                struct RecordHeldUnix local;
                char name[RECORD_UNIX_ROOM];
        };
        struct RecordHeldNetlink netlink;
} Tail;

static uint32_t clamp32(uint64_t n) {
        return (uint32_t) MIN(n, (uint64_t) UINT32_MAX);
}

/* ---- IPv4 and IPv6 ---- */

static Transport inet_transport(const struct RecordHeld *h) {
        if (h->type == SOCK_RAW)
                return TRANSPORT_RAW;
        switch (h->protocol) {
        case IPPROTO_TCP:
                return TRANSPORT_TCP;
        case IPPROTO_MPTCP:
                return TRANSPORT_MPTCP;
        case IPPROTO_UDP:
                return TRANSPORT_UDP;
        case IPPROTO_UDPLITE:
                return TRANSPORT_UDPLITE;
        case IPPROTO_ICMP:
        case IPPROTO_ICMPV6:
                return TRANSPORT_ICMP;
        default:
                return TRANSPORT_UNKNOWN;
        }
}

static void set_figures(const struct RecordHeldTcp *t, uint64_t tick, Socket *s) {
        s->bytes_sent = t->bytes_sent;
        s->bytes_received = t->bytes_received;
        s->bytes_acked = t->bytes_acked;
        s->total_retransmits = t->retransmits;
        if (t->rtt_usec != 0)
                s->rtt_usec = t->rtt_usec;
        s->rto_usec = clamp32(t->rto_ticks * tick);
        s->answered = t->receive_space != 0 ? ANSWERED_YES : ANSWERED_NO;
        if (s->state == STATE_SYN_SENT)
                return; /* these begin when it is connected: until then they count from the boot */
        s->idle_usec = t->idle_ticks * tick;
        s->heard_usec = t->heard_ticks * tick;
}

static int parse_inet(const struct RecordHeld *h, const Tail *tail, size_t size, uint64_t tick, Socket *s) {
        const struct RecordHeldInet *i = &tail->inet;
        Transport transport = inet_transport(h);
        bool has_figures = transport == TRANSPORT_TCP && h->state != STATE_LISTEN;

        if (size != sizeof(*i) + (has_figures ? sizeof(tail->tcp) : 0))
                return -EBADMSG;
        if (transport == TRANSPORT_UNKNOWN)
                return 0;
        if (h->state == 0 || h->state >= _STATE_MAX)
                return -EBADMSG;
        s->family = h->family == AF_INET ? FAMILY_IPV4 : FAMILY_IPV6;
        s->transport = (uint8_t) transport;
        if (transport == TRANSPORT_MPTCP)
                s->cookie = 0; /* as sockdiag_parse_inet() has it */
        memcpy(s->local.ip, i->local, s->family == FAMILY_IPV4 ? 4 : 16);
        memcpy(s->peer.ip, i->peer, s->family == FAMILY_IPV4 ? 4 : 16);
        s->local.port = i->local_port;
        s->peer.port = i->peer_port;
        s->timer = i->timer;
        s->timer_msec = clamp32(i->timer_ticks * tick / USEC_PER_MSEC);
        s->retransmits = i->retransmits;
        s->backoff = i->backoff;
        if (i->cgroup != 0)
                s->cgroup = i->cgroup;
        s->opened = i->opened == RECORD_NOT_ASKED ? SOCKET_UNKNOWN : i->opened / NSEC_PER_USEC;
        if (has_figures)
                set_figures(&tail->tcp, tick, s);
        return 0;
}

/* ---- The other families ---- */

/* The kernel counts the NUL at the end of a path. */
static int parse_unix(const struct RecordHeld *h, const Tail *tail, size_t size, Socket *s) {
        size_t name = size < sizeof(tail->local) ? 0 : tail->local.name_size;

        if (name > sizeof(tail->name) || size != sizeof(tail->local) + ((name + 7) & ~(size_t) 7) || h->state == 0 || h->state >= _STATE_MAX)
                return -EBADMSG;
        if (name > 0 && tail->name[0] != 0 && tail->name[name - 1] == 0)
                name--;
        if (name > SOCKET_PATH_MAX)
                return -EBADMSG;
        s->family = FAMILY_UNIX;
        s->transport = (uint8_t) transport_of_type(h->type);
        memcpy(s->path, tail->name, name);
        s->path_size = (uint8_t) name;
        s->peer_inode = tail->local.peer_inode;
        s->waiting = tail->local.waiting;
        s->shutdown = h->shutdown;
        return 0;
}

static int parse_netlink(const struct RecordHeld *h, const Tail *tail, size_t size, Socket *s) {
        enum { CONNECTED = 1 };

        if (size != sizeof(tail->netlink))
                return -EBADMSG;
        s->family = FAMILY_NETLINK;
        s->state = h->state == CONNECTED ? STATE_ESTABLISHED : STATE_CLOSE;
        s->local.port = h->protocol;
        s->send_queue = s->receive_queue = 0;
        s->uid = UINT32_MAX;
        endpoint_set_word(&s->local, 0, tail->netlink.port);
        if (s->state == STATE_ESTABLISHED)
                endpoint_set_word(&s->peer, 0, tail->netlink.peer_port);
        return 0;
}

static int parse_packet(const struct RecordHeld *h, size_t size, Socket *s) {
        if (size != 0)
                return -EBADMSG;
        s->family = FAMILY_PACKET;
        s->transport = (uint8_t) transport_of_type(h->type);
        s->state = STATE_CLOSE;
        s->local.port = h->protocol;
        s->send_queue = s->receive_queue = 0;
        return 0;
}

static int parse_family(const struct RecordHeld *h, const Tail *tail, size_t size, uint64_t tick, Socket *s) {
        switch (h->family) {
        case AF_INET:
        case AF_INET6:
                return parse_inet(h, tail, size, tick, s);
        case AF_UNIX:
                return parse_unix(h, tail, size, s);
        case AF_NETLINK:
                return parse_netlink(h, tail, size, s);
        case AF_PACKET:
                return parse_packet(h, size, s);
        default:
                return -EBADMSG;
        }
}

int walk_parse(const void *data, size_t size, uint64_t tick, Held *ret) {
        struct RecordHeld h;
        Tail tail;
        Socket *s = &ret->socket;

        if (size < sizeof(h))
                return -EAGAIN;
        memcpy(&h, data, sizeof(h));
        if (h.size < sizeof(h) || h.size > sizeof(h) + sizeof(tail) || h.fd < 0 || h.inode == 0)
                return -EBADMSG;
        if (size < h.size)
                return -EAGAIN;
        memcpy(&tail, (const char *) data + sizeof(h), h.size - sizeof(h));

        ret->at = (HolderAt){ .pid = h.pid, .start_ticks = record_ticks(h.start), .fd = h.fd, .inode = h.inode };
        ret->netns_inode = h.netns_inode;
        socket_init(s);
        s->cookie = h.cookie;
        s->netns = h.netns;
        s->inode = h.inode;
        s->state = h.state;
        s->interface = h.interface;
        s->uid = h.uid;
        s->send_queue = h.send_queue;
        s->receive_queue = h.receive_queue;
        if (parse_family(&h, &tail, h.size - sizeof(h), tick, s) < 0)
                return -EBADMSG;
        /* Without pid it is just being buried. */
        if (h.pid == 0 || table_of(s->family, s->transport) == _TABLE_MAX || (s->transport == TRANSPORT_UNKNOWN && s->family != FAMILY_NETLINK))
                s->family = FAMILY_UNKNOWN;
        return h.size;
}

/* ---- Names of interfaces ---- */

/* A socket in one namespace, and the name of one interface there. Others follow seldom. */
typedef struct Names {
        const WalkFrom *from;
        uint64_t netns;
        int fd; /* -1: there is no way to get there */
        uint32_t index;
        char name[SOCKET_DEVICE_MAX];
} Names;

static int socket_in(const WalkFrom *from, uint64_t netns) {
        for (size_t i = 0; i < from->netns_count; i++) {
                _cleanup_close_ int fd = -1;
                uint64_t id;

                if (from->netns[i].id != netns)
                        continue;
                fd = netns_socket(from->proc_fd, from->netns[i].pid, AF_INET, SOCK_DGRAM, 0);
                if (fd >= 0 && netns_cookie(fd, &id) >= 0 && id == netns)
                        return TAKE_FD(fd);
        }
        return -1;
}

static void names_done(Names *n) {
        fd_close(n->fd);
}

static void set_device(Names *n, Socket *s) {
        if (s->interface == 0)
                return;
        if (n->netns != s->netns) {
                fd_close(n->fd);
                n->fd = socket_in(n->from, s->netns);
                n->netns = s->netns;
                n->index = 0;
        }
        if (n->index != s->interface) {
                n->index = s->interface;
                if (n->fd < 0 || netns_interface(n->fd, n->index, n->name) < 0)
                        n->name[0] = 0;
        }
        memcpy(s->device, n->name, sizeof(s->device));
}

/* ---- Reading ---- */

typedef struct Walk {
        held_t held;
        void *userdata;
        Names names;
        uint64_t tick;
        size_t used; /* bytes of `bytes`: the beginning of a record that goes on in the next read */
        char bytes[2 * READ_MAX];
} Walk;

/* That of jiffies, which is what coarse clocks are set by. */
static uint64_t tick_usec(void) {
        struct timespec t;

        return clock_getres(CLOCK_MONOTONIC_COARSE, &t) < 0 ? 0 : (uint64_t) t.tv_nsec / NSEC_PER_USEC;
}

static int take_records(Walk *w) {
        size_t offset = 0;
        Held held;
        int r;

        while ((r = walk_parse(w->bytes + offset, w->used - offset, w->tick, &held)) > 0) {
                offset += (size_t) r;
                if (held.socket.family == FAMILY_UNKNOWN)
                        continue;
                set_device(&w->names, &held.socket);
                r = w->held(w->userdata, &held);
                if (r < 0)
                        return r;
        }
        if (r != -EAGAIN)
                return r;
        w->used -= offset;
        memmove(w->bytes, w->bytes + offset, w->used);
        return 0;
}

static int walk_fd(Walk *w, int fd, void (*between)(void *userdata)) {
        ssize_t n;

        while ((n = read(fd, w->bytes + w->used, READ_MAX)) != 0) {
                int r;

                if (n < 0 && errno != EAGAIN) /* which it says after a million descriptors without a record */
                        return -errno;
                w->used += n > 0 ? (size_t) n : 0;
                r = take_records(w);
                if (r < 0)
                        return r;
                if (between)
                        between(w->userdata);
        }
        return w->used == 0 ? 0 : -EBADMSG;
}

int walk_sockets(const WalkFrom *from, uint32_t pid, bool marks, held_t held, void (*between)(void *userdata), void *userdata) {
        Walk w = { .held = held, .userdata = userdata, .tick = tick_usec(), .names = { .from = from, .fd = -1 } };
        _cleanup_close_ int fd = hooks_sockets(from->hooks, pid, marks);
        int r;

        if (fd < 0)
                return fd;
        r = walk_fd(&w, fd, between);
        names_done(&w.names);
        return r;
}
