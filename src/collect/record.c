/* SPDX-License-Identifier: MIT */

#include "collect/record.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "collect/procfs.h"

#define NSEC_PER_USEC 1000u
#define TTY_MINOR_BITS 20

static bool is_udp(const struct RecordSocket *r) {
        return r->protocol == IPPROTO_UDP;
}

unsigned record_kind(const void *record, size_t size) {
        static const size_t sizes[] = {
                [RECORD_OPEN] = sizeof(struct RecordSocket),
                [RECORD_CLOSE] = sizeof(struct RecordSocket),
                [RECORD_FORK] = sizeof(struct RecordProcessHead),
                [RECORD_EXEC] = sizeof(struct RecordExec),
                [RECORD_RENAME] = sizeof(struct RecordProcessHead),
                [RECORD_EXIT] = sizeof(struct RecordProcessHead),
        };
        unsigned kind = size > 0 ? *(const uint8_t *) record : 0;

        return kind < ELEMENTSOF(sizes) && kind != 0 && size == sizes[kind] ? kind : 0;
}

uint64_t record_ticks(uint64_t start_nsec) {
        return start_nsec / NSEC_PER_USEC / USEC_PER_TICK;
}

/* ---- sockets ---- */

/* Of an attempt, or of what was established, by the error that the kernel has left. */
static End end_of_error(unsigned error) {
        switch (error) {
        case ECONNREFUSED:
                return END_REFUSED;
        case ETIMEDOUT:
                return END_TIMED_OUT;
        case EHOSTUNREACH:
        case ENETUNREACH:
                return END_UNREACHABLE;
        case ECONNRESET:
        case EPIPE: /* in CLOSE_WAIT */
                return END_RESET_RECEIVED;
        case ECONNABORTED:
                return END_RESET_SENT;
        default:
                return END_UNKNOWN;
        }
}

/* Nobody closed it: the kernel ended it for an error, which somebody has taken with SO_ERROR, without the socket's lock, before it was over. What nobody has
 * accepted (it has no inode) ends with its listener, and is nobody's either. */
static bool has_lost_its_error(const struct RecordSocket *r) {
        return r->closer.pid == 0 && r->inode != 0 && (r->old_state == STATE_SYN_SENT || r->old_state == STATE_ESTABLISHED || r->old_state == STATE_CLOSE_WAIT);
}

/* Whoever closes a socket in one of the first states of its life, or with data that nobody has read, sends a reset. FIN_WAIT_1 without an error: the other
 * side has sent data to a socket that was closed, or the kernel wants the memory. */
static End end_of(const struct RecordSocket *r) {
        if (r->error != 0)
                return end_of_error(r->error);
        if (r->flags & RECORD_KILLED)
                return END_KILLED;
        if (is_udp(r)) /* else who released it has it from another, or only looked at the descriptor while that one was closed, or killed */
                return r->closer.pid == r->opener.pid && r->closer.start == r->opener.start ? END_CLOSED : END_UNKNOWN;
        if (has_lost_its_error(r))
                return END_UNKNOWN;
        switch (r->old_state) {
        case STATE_ESTABLISHED:
        case STATE_SYN_RECV:
        case STATE_CLOSE_WAIT:
                return END_RESET_SENT;
        case STATE_FIN_WAIT_1:
                return END_UNKNOWN;
        default:
                return END_CLOSED;
        }
}

/* What was accepted is that of who listens there, until somebody does something with it. */
static void set_who(const struct RecordSocket *r, Notice *n, Process *who) {
        const struct RecordProcess *p = &r->opener;

        n->role = r->flags & RECORD_PASSIVE ? ROLE_LISTENER : ROLE_OPENER;
        if (n->role == ROLE_LISTENER && r->closer.pid != 0) {
                n->role = ROLE_CLOSER;
                p = &r->closer;
        }
        if (p->pid == 0)
                return;
        who->pid = p->pid;
        who->start_ticks = record_ticks(p->start);
        who->start_usec = who->start_ticks * USEC_PER_TICK;
        n->process = who;
}

/* Of TCP alone. */
static void set_figures(const struct RecordSocket *r, Socket *s) {
        s->bytes_sent = r->bytes_sent;
        s->bytes_received = r->bytes_received - (r->flags & RECORD_FIN && r->bytes_received > 0);
        s->total_retransmits = r->retransmits;
        if (r->rtt_usec != 0)
                s->rtt_usec = r->rtt_usec;
}

static void set_socket(const struct RecordSocket *r, Socket *s) {
        socket_init(s);
        s->cookie = r->cookie;
        s->netns = r->netns;
        s->inode = r->inode;
        s->family = r->family == AF_INET6 ? FAMILY_IPV6 : FAMILY_IPV4;
        s->transport = is_udp(r) ? TRANSPORT_UDP : TRANSPORT_TCP;
        memcpy(s->local.ip, r->local, sizeof(s->local.ip));
        memcpy(s->peer.ip, r->peer, sizeof(s->peer.ip));
        s->local.port = ntohs(r->local_port);
        s->peer.port = ntohs(r->peer_port);
        s->interface = r->interface;
        s->uid = r->uid;
        if (!is_udp(r))
                set_figures(r, s);
}

void record_socket(const struct RecordSocket *r, Notice *ret, Process *who) {
        bool opens = r->kind == RECORD_OPEN, listens = opens ? r->old_state == STATE_CLOSE : r->old_state == STATE_LISTEN;
        uint64_t when = r->when / NSEC_PER_USEC, opened = r->opened / NSEC_PER_USEC;

        *ret = (Notice){
                .kind = opens ? NOTICE_OPEN : NOTICE_CLOSE,
                .source = NOTICE_BY_BPF,
                .not_before = when,
                .not_after = when,
                .opened = opened,
                .netns_inode = r->netns_inode,
        };
        set_socket(r, &ret->socket);
        set_who(r, ret, who);
        ret->reused = r->flags & RECORD_REUSED;
        if (!listens && !is_udp(r)) /* who spoke first is not known */
                ret->direction = r->flags & RECORD_PASSIVE ? DIRECTION_INGRESS : DIRECTION_EGRESS;
        if (opens) {
                ret->socket.state = listens ? STATE_LISTEN : STATE_ESTABLISHED;
                return;
        }
        ret->first = !(r->flags & (RECORD_TOLD | RECORD_SEEDED));
        ret->socket.state = r->old_state;
        ret->socket.answered = r->old_state == STATE_SYN_SENT ? ANSWERED_NO : ANSWERED_YES;
        ret->error = r->error;
        if (!listens)
                ret->end = (uint8_t) end_of(r);
}

/* ---- processes ---- */

const char *record_path(const struct RecordPath *p, char buffer[RECORD_PATH + RECORD_NAME + 1]) {
        size_t size = (size_t) RECORD_PATH - MIN((size_t) p->begin, (size_t) RECORD_PATH);

        if (p->begin > RECORD_PATH || p->cut)
                return NULL;
        if (size == 0)
                return memcpy(buffer, "/", 2);
        memcpy(buffer, p->text + p->begin, size);
        buffer[size] = 0;
        return buffer;
}

static int copy_path(const struct RecordPath *p, char **ret) {
        char buffer[RECORD_PATH + RECORD_NAME + 1];
        const char *path = record_path(p, buffer);

        if (!path)
                return 0;
        *ret = strdup(path);
        return *ret ? 0 : -ENOMEM;
}

static int set_program(const struct RecordExec *e, Process *who) {
        static const char memory[] = "/memfd:";
        int r = copy_path(&e->exe, &who->exe);

        if (r < 0 || !who->exe)
                return r;
        if (strncmp(who->exe, memory, sizeof(memory) - 1) == 0 && e->exe.deleted)
                who->exe_state = EXE_MEMFD;
        else if (e->exe.deleted)
                who->exe_state = EXE_DELETED;
        return 0;
}

static int set_group(const struct RecordExec *e, Process *who) {
        char buffer[RECORD_PATH + RECORD_NAME + 1], text[sizeof(buffer) + 8];
        const char *path = record_path(&e->cgroup, buffer);

        if (!path)
                return 0;
        (void) snprintf(text, sizeof(text), "0::%s\n", path);
        return procfs_parse_cgroup(text, who);
}

static int set_arguments(const struct RecordExec *e, Process *who) {
        size_t size = MIN((size_t) e->arguments_size, (size_t) RECORD_ARGUMENTS);
        char text[RECORD_ARGUMENTS + 1];

        if (size == 0)
                return 0;
        memcpy(text, e->arguments, size);
        text[size] = 0;
        return procfs_set_cmdline(who, text, size);
}

/* As /proc/PID/stat has it (include/linux/kdev_t.h, new_encode_dev()). */
static uint32_t device_number(uint32_t major, uint32_t minor) {
        return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

int record_process(const struct RecordProcessHead *h, size_t size, Process *who) {
        const struct RecordExec *e = (const struct RecordExec *) h;
        int r;

        who->pid = h->process.pid;
        who->parent = h->parent.pid;
        who->start_ticks = record_ticks(h->process.start);
        who->start_usec = who->start_ticks * USEC_PER_TICK;
        who->uid = h->uid;
        who->effective_uid = h->effective_uid;
        who->gid = h->gid;
        who->login_uid = h->login_uid;
        who->audit_session = h->session;
        who->netns_inode = h->netns_inode;
        who->netns = h->netns;
        who->tty = device_number(h->tty >> TTY_MINOR_BITS, h->tty & ((1u << TTY_MINOR_BITS) - 1));
        who->comm = strndup(h->comm, sizeof(h->comm));
        if (!who->comm)
                return -ENOMEM;
        if (size < sizeof(*e))
                return 0;
        r = set_program(e, who);
        if (r >= 0)
                r = copy_path(&e->cwd, &who->cwd);
        if (r >= 0)
                r = set_group(e, who);
        return r < 0 ? r : set_arguments(e, who);
}
