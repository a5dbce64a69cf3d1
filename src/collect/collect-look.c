/* SPDX-License-Identifier: MIT */

/* Looks at whole tables. Which way a table is read:
 *
 *  kind        own namespace       another one                     sock_diag has no handler
 *  bpf         as sock_diag, and beside it hooks in the kernel tell of TCP and of processes (collector_hooks())
 *  sock_diag   a socket kept open  one opened inside for the look  text of /proc/PID/net for that table
 *  proc        text                text
 *
 * Where setns is not allowed, the text is read instead (but not of TCP where hooks tell of it); the namespace then has an id made from its inode, or with hooks its cookie. A look
 * at a namespace that is no longer there under its pid is `gone`: the pid is compared with the id (or inode) first.
 *
 * Names of interfaces are those of the namespace, so a socket inside it is asked; where there is none (text of another namespace), the
 * text has no interfaces either, but for packet sockets, which then stay without the name.
 *
 * A socket that was left in the middle of a dump is closed, because the rest of that dump would come first. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "collect/collect-internal.h"
#include "collect/netns.h"
#include "collect/procnet.h"
#include "collect/walk.h"

/* ---- MPTCP ---- */

static uint64_t *mptcp_find(const Collector *c, uint64_t netns) {
        for (size_t i = 0; i < c->mptcp_count; i++)
                if (c->mptcp_netns[i] == netns)
                        return &c->mptcp_netns[i];
        return NULL;
}

/* What cannot be remembered is asked for when a subflow shows it. */
static void mptcp_remember(Collector *c, uint64_t netns, bool told) {
        uint64_t *known = mptcp_find(c, netns), *p;

        if (known && !told)
                *known = c->mptcp_netns[--c->mptcp_count];
        if (known || !told)
                return;
        p = array_grow(c->mptcp_netns, c->mptcp_count, sizeof(uint64_t));
        if (!p)
                return;
        c->mptcp_netns = p;
        c->mptcp_netns[c->mptcp_count++] = netns;
}

/* ---- Names of interfaces ---- */

/* A taker before another one, that adds the names. */
typedef struct Naming {
        const Taker *taker;
        int fd; /* a socket in the namespace; -1: none */
        uint32_t index; /* whose name is known; 0: none */
        char name[SOCKET_DEVICE_MAX];
} Naming;

static int naming_row(void *userdata, const Socket *socket) {
        Naming *n = userdata;
        Socket named;

        if (socket->interface == 0 || n->fd < 0)
                return n->taker->row(n->taker->userdata, socket);
        if (n->index != socket->interface) {
                n->index = socket->interface;
                if (netns_interface(n->fd, n->index, n->name) < 0)
                        n->name[0] = 0;
        }
        named = *socket;
        memcpy(named.device, n->name, sizeof(named.device));
        return n->taker->row(n->taker->userdata, &named);
}

static void naming_between(void *userdata) {
        Naming *n = userdata;

        n->taker->between(n->taker->userdata);
}

static Taker naming_taker(Naming *n) {
        return (Taker){ .userdata = n, .row = naming_row, .between = n->taker->between ? naming_between : NULL };
}

/* Not bound, so that it is in no table. */
static int own_names(Collector *c) {
        if (c->names < 0)
                c->names = netns_socket(c->proc_fd, 0, AF_INET, SOCK_DGRAM, 0);
        return c->names;
}

/* ---- Looks ---- */

static int look_diag(Collector *c, Sockdiag *d, const Netns *netns, TableKind table, const Taker *taker, Coverage *ret) {
        int r;

        d->mptcp = c->mptcp;
        d->mptcp_before = mptcp_find(c, netns->id);
        r = sockdiag_look(d, netns->id, table, taker, ret);
        if (table == TABLE_TCP && r >= 0 && ret->state == COVERAGE_OK)
                mptcp_remember(c, netns->id, d->mptcp_before);
        if (r < 0 || ret->state == COVERAGE_INTERRUPTED)
                sockdiag_close(d);
        if (r < 0)
                return r;
        if (ret->state == COVERAGE_DENIED && ret->error == ENOENT)
                return procnet_look(c->proc_fd, netns, table, taker, ret);
        if (ret->state == COVERAGE_OK && table == TABLE_RAW)
                return procnet_look_icmp(c->proc_fd, netns, taker, ret);
        return 0;
}

static Coverage coverage_of_open(int error) {
        if (error == -ESRCH)
                return (Coverage){ COVERAGE_GONE, 0 };
        return (Coverage){ error == -EACCES ? COVERAGE_DENIED : COVERAGE_INTERRUPTED, -error };
}

static int look_table(Collector *c, const Netns *netns, Sockdiag *foreign, TableKind table, const Taker *taker, Coverage *ret) {
        Sockdiag *d = NULL;
        int r = c->kind == COLLECTOR_PROC ? -EPERM : collector_diag_for(c, netns, foreign, &d);
        Naming naming = { .taker = taker, .fd = collector_is_own(c, netns) ? own_names(c) : foreign->fd };
        Taker with_names = naming_taker(&naming);

        /* Its rows have no cookies, and by these hooks tell of TCP. */
        if (r == -EPERM && c->hooks && table == TABLE_TCP)
                *ret = (Coverage){ COVERAGE_DENIED, EPERM };
        else if (r == -EPERM)
                return procnet_look(c->proc_fd, netns, table, &with_names, ret);
        if (r >= 0)
                return look_diag(c, d, netns, table, &with_names, ret);
        if (r != -EPERM)
                *ret = coverage_of_open(r);
        return 0;
}

static int look_tables(Collector *c, const Netns *netns, Sockdiag *foreign, unsigned tables, const Taker *taker) {
        for (TableKind table = 0; table < _TABLE_MAX; table++) {
                Coverage coverage = {};
                int r;

                if (!(tables & TABLE_BIT(table)))
                        continue;
                r = taker->begin(taker->userdata, netns, table, clock_boottime());
                if (r >= 0)
                        r = look_table(c, netns, foreign, table, taker, &coverage);
                if (r >= 0)
                        r = taker->end(taker->userdata, netns, table, clock_boottime(), coverage);
                if (r < 0)
                        return r;
        }
        return 0;
}

int collector_look(Collector *c, const Netns *netns, unsigned tables, const Taker *taker) {
        _cleanup_sockdiag_ Sockdiag foreign = SOCKDIAG_NULL;

        return look_tables(c, netns, &foreign, tables, taker);
}

int collector_look_behind(Collector *c, const HolderAt *at, const Netns *known, size_t known_count, unsigned tables, const Taker *taker, Netns *ret) {
        _cleanup_sockdiag_ Sockdiag d = SOCKDIAG_NULL;
        _cleanup_close_ int ns_fd = -1;
        Netns netns = { .pid = NETNS_NOBODY };
        struct stat st;
        int r;

        if (c->kind == COLLECTOR_PROC)
                return -EOPNOTSUPP;
        ns_fd = netns_of_socket(c->proc_fd, at->pid, at->start_ticks, at->fd, at->inode);
        if (ns_fd < 0)
                return ns_fd;
        d.fd = netns_socket_in(c->proc_fd, ns_fd, AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
        if (d.fd < 0)
                return d.fd;
        r = netns_cookie(d.fd, &netns.id);
        if (r < 0 || fstat(ns_fd, &st) < 0)
                return r < 0 ? r : -errno;
        netns.inode = (uint32_t) st.st_ino;
        if (netns.id == c->own.id)
                return -EEXIST;
        for (size_t i = 0; i < known_count; i++)
                if (known[i].id == netns.id)
                        return -EEXIST;
        *ret = netns;
        return look_tables(c, &netns, &d, tables, taker);
}

bool collector_walks(const Collector *c) {
        _cleanup_close_ int fd = c->hooks ? hooks_sockets(c->hooks, 1, false) : -1;

        return fd >= 0;
}

int collector_walk(const Collector *c, uint32_t pid, bool marks, const Netns *netns, size_t netns_count, held_t held, void (*between)(void *userdata), void *userdata) {
        const WalkFrom from = { .hooks = c->hooks, .proc_fd = c->proc_fd, .netns = netns, .netns_count = netns_count };

        return c->hooks ? walk_sockets(&from, pid, marks, held, between, userdata) : -EOPNOTSUPP;
}
