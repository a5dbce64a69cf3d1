/* SPDX-License-Identifier: MIT */

/* The waist: which way of asking there is here, and what is asked of one namespace, one process or one socket. Looks at whole tables are in collect-look.c. */

#include "collect/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "collect/collect-internal.h"
#include "collect/netns.h"
#include "collect/procnet.h"

static const char *const collector_names[_COLLECTOR_MAX] = {
        [COLLECTOR_AUTO] = "auto",
        [COLLECTOR_BPF] = "bpf",
        [COLLECTOR_SOCK_DIAG] = "sock_diag",
        [COLLECTOR_PROC] = "proc",
};

const char *collector_name(unsigned kind) {
        return kind < _COLLECTOR_MAX ? collector_names[kind] : NULL;
}

const char *collector_option_name(unsigned option) {
        static const char *const names[_HOOK_OPTION_MAX] = { [HOOK_OPTION_UDP] = "udp" };

        return option < _HOOK_OPTION_MAX ? names[option] : NULL;
}

int collector_from_name(const char *name) {
        for (int i = 0; i < _COLLECTOR_MAX; i++)
                if (strcmp(collector_names[i], name) == 0)
                        return i;
        return -EINVAL;
}

int collector_own_diag(Collector *c) {
        return c->diag.fd >= 0 ? 0 : sockdiag_open(&c->diag, c->proc_fd, 0);
}

static int probe_sock_diag(Collector *c) {
        int r = collector_own_diag(c);

        r = r < 0 ? r : sockdiag_probe(&c->diag);
        c->mptcp = r >= 0 && c->diag.mptcp;
        return r;
}

static int probe_bpf(Collector *c, size_t ring_size, unsigned options) {
        c->refusal = hooks_open(&c->hooks, ring_size, options, &c->refused);
        return c->refusal < 0 ? c->refusal : probe_sock_diag(c);
}

static int probe_proc(const Collector *c) {
        _cleanup_close_ int fd = openat(c->proc_fd, "net/tcp", O_RDONLY | O_CLOEXEC);

        return fd < 0 ? -errno : 0;
}

/* Our own namespace; a /proc that does not show it (a tree of a test) leaves it without inode. */
static void find_own(Collector *c) {
        (void) netns_inode(c->proc_fd, 0, &c->own.inode);
        c->own.id = netns_id_of_inode(c->own.inode);
        if (c->diag.fd >= 0)
                (void) netns_cookie(c->diag.fd, &c->own.id);
}

static int new_collector(Collector **ret, CollectorKind kind, bool hooked, int proc_fd, size_t ring_size, unsigned options) {
        _cleanup_(collector_freep) Collector *c = NULL;
        int r = -EOPNOTSUPP;

        c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        c->proc_fd = proc_fd;
        c->diag = SOCKDIAG_NULL;
        c->names = -1;
        if (hooked) {
                c->kind = COLLECTOR_BPF;
                r = probe_bpf(c, ring_size, options);
        }
        if (kind == COLLECTOR_SOCK_DIAG || (kind == COLLECTOR_AUTO && r < 0)) {
                c->hooks = hooks_free(c->hooks);
                c->kind = COLLECTOR_SOCK_DIAG;
                r = probe_sock_diag(c);
                if (r < 0)
                        sockdiag_close(&c->diag);
        }
        if (kind == COLLECTOR_PROC || (kind == COLLECTOR_AUTO && r < 0)) {
                c->kind = COLLECTOR_PROC;
                r = probe_proc(c);
        }
        if (r < 0)
                return r;
        find_own(c);
        *ret = TAKE_PTR(c);
        return 0;
}

int collector_new(Collector **ret, CollectorKind kind, int proc_fd) {
        return new_collector(ret, kind, kind == COLLECTOR_BPF, proc_fd, 0, 0);
}

int collector_new_hooked(Collector **ret, CollectorKind kind, int proc_fd, size_t ring_size, unsigned options) {
        return new_collector(ret, kind, kind == COLLECTOR_AUTO || kind == COLLECTOR_BPF, proc_fd, ring_size, options);
}

Collector *collector_free(Collector *c) {
        if (c) {
                hooks_free(c->hooks);
                sockdiag_close(&c->diag);
                fd_close(c->names);
                free(c->mptcp_netns);
        }
        free(c);
        return NULL;
}

CollectorKind collector_kind(const Collector *c) {
        return c->kind;
}

Hooks *collector_hooks(Collector *c) {
        return c->hooks;
}

void collector_drop_hooks(Collector *c) {
        c->hooks = hooks_free(c->hooks);
        c->kind = COLLECTOR_SOCK_DIAG;
}

int collector_refusal(const Collector *c, const char **ret_hook) {
        *ret_hook = c->refusal < 0 ? hook_name(c->refused) : NULL;
        return c->refusal;
}

/* A socket in a foreign namespace, and that this is the one which is meant. -EPERM: only its text can be had. */
static int open_foreign(const Collector *c, const Netns *netns, Sockdiag *ret) {
        uint64_t cookie;
        int r;

        if (netns->id == netns_id_of_inode(netns->inode))
                return -EPERM;
        r = sockdiag_open(ret, c->proc_fd, netns->pid);
        if (r < 0)
                return r;
        if (netns_cookie(ret->fd, &cookie) < 0 || cookie == netns->id)
                return 0;
        sockdiag_close(ret);
        return -ESRCH;
}

bool collector_is_own(const Collector *c, const Netns *netns) {
        return netns->pid == 0 || netns->id == c->own.id;
}

int collector_diag_for(Collector *c, const Netns *netns, Sockdiag *foreign, Sockdiag **ret) {
        bool own = collector_is_own(c, netns);
        int r = 0;

        if (own)
                r = collector_own_diag(c);
        else if (foreign->fd < 0)
                r = open_foreign(c, netns, foreign);
        if (r < 0)
                return r;
        *ret = own ? &c->diag : foreign;
        return 0;
}

int collector_confirm(Collector *c, const Netns *netns, const Socket *socket) {
        _cleanup_sockdiag_ Sockdiag foreign = SOCKDIAG_NULL;
        Sockdiag *d = NULL;
        int r;

        if (c->kind == COLLECTOR_PROC)
                return -EOPNOTSUPP;
        r = collector_diag_for(c, netns, &foreign, &d);
        if (r < 0)
                return r == -EPERM ? -EOPNOTSUPP : r;
        r = sockdiag_confirm(d, socket);
        if (r < 0 && r != -EOPNOTSUPP)
                sockdiag_close(d);
        return r;
}

static int find_row(void *userdata, const Socket *row) {
        return findset_row(userdata, row);
}

/* A unix name in the text may be another's, or a part of one: only the inode is believed. */
static void forget_names(Find *finds, size_t count) {
        for (size_t i = 0; i < count; i++)
                finds[i].path_size = 0;
}

/* From the text, table by table. */
static int find_text(const Collector *c, const Netns *netns, Find *finds, size_t count) {
        static const struct {
                TableKind table;
                Transport transport;
        } tables[] = { { TABLE_TCP, TRANSPORT_TCP }, { TABLE_UDP, TRANSPORT_UDP }, { TABLE_UNIX, TRANSPORT_UNKNOWN } };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(tables) && r >= 0; i++) {
                _cleanup_findset_ FindSet set = {};
                Taker taker = { .userdata = &set, .row = find_row };
                Coverage coverage = {};

                r = findset_init(&set, finds, count, tables[i].transport);
                if (r >= 0 && set.count > 0)
                        r = procnet_look(c->proc_fd, netns, tables[i].table, &taker, &coverage);
                if (r >= 0 && coverage.state != COVERAGE_OK)
                        r = coverage.error != 0 ? -coverage.error : -ESRCH;
                if (r >= 0)
                        findset_end(&set);
        }
        forget_names(finds, count);
        return r;
}

int collector_find(Collector *c, const Netns *netns, Find *finds, size_t count) {
        _cleanup_sockdiag_ Sockdiag foreign = SOCKDIAG_NULL;
        Sockdiag *d = NULL;
        int r = c->kind == COLLECTOR_PROC ? -EPERM : collector_diag_for(c, netns, &foreign, &d);

        if (r == -EPERM)
                return find_text(c, netns, finds, count);
        if (r < 0)
                return r;
        r = sockdiag_find(d, finds, count);
        if (r < 0)
                sockdiag_close(d);
        return r;
}

bool collector_reads_text(const Collector *c, const Netns *netns) {
        return c->kind != COLLECTOR_PROC && netns->id != c->own.id && (c->text || !netns_has_cookie(netns->id));
}

int collector_netlink(Collector *c, const Netns *netns, int protocol) {
        bool own = netns->pid == 0 || netns->id == c->own.id;
        uint64_t cookie;
        int fd;

        if (!own && netns->id == netns_id_of_inode(netns->inode))
                return -EPERM;
        fd = netns_socket(c->proc_fd, own ? 0 : netns->pid, AF_NETLINK, SOCK_RAW, protocol);
        if (fd < 0 || own || netns_cookie(fd, &cookie) < 0 || cookie == netns->id)
                return fd;
        fd_close(fd);
        return -ESRCH;
}

int collector_netns_is_trusted(Collector *c, const Netns *netns) {
        return netns_is_initial_user(c->proc_fd, netns->id == c->own.id ? 0 : netns->pid, netns->inode);
}

/* What the kernel's own list says of a namespace that may not be entered. */
static void take_home(void *userdata, const struct RecordListed *p) {
        Netns *netns = userdata;

        if (p->netns != 0 && p->netns_inode == netns->inode)
                netns->id = p->netns;
}

int collector_netns(Collector *c, uint32_t pid, Netns *ret) {
        _cleanup_sockdiag_ Sockdiag d = SOCKDIAG_NULL;
        Netns netns = { .pid = pid };
        int r;

        if (pid == 0) {
                *ret = c->own;
                return 0;
        }
        r = netns_inode(c->proc_fd, pid, &netns.inode);
        if (r < 0)
                return r;
        /* Ours lives, so nobody else can have its inode. */
        if (netns.inode == c->own.inode) {
                netns.id = c->own.id;
                *ret = netns;
                return 0;
        }
        netns.id = netns_id_of_inode(netns.inode);
        r = c->kind == COLLECTOR_PROC ? -EPERM : sockdiag_open(&d, c->proc_fd, pid);
        if (r < 0 && r != -EPERM)
                return r;
        if (r >= 0)
                (void) netns_cookie(d.fd, &netns.id);
        else
                c->text = true;
        if (r < 0 && c->hooks)
                (void) hooks_processes(c->hooks, pid, take_home, &netns);
        *ret = netns;
        return 0;
}
