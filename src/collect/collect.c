/* SPDX-License-Identifier: MIT */

/* The waist. Which way a table is read:
 *
 *  kind        own namespace       another one                     sock_diag has no handler
 *  bpf         as sock_diag, and beside it hooks in the kernel tell of TCP and of processes (collector_hooks())
 *  sock_diag   a socket kept open  one opened inside for the look  text of /proc/PID/net for that table
 *  proc        text                text
 *
 * Where setns is not allowed, the text is read instead; the namespace then has an id made from its inode. A look
 * at a namespace that is no longer there under its pid is `gone`: the pid is compared with the id (or inode) first.
 *
 * Names of interfaces are those of the namespace, so a socket inside it is asked; where there is none (text of another namespace), the
 * text has no interfaces either, but for packet sockets, which then stay without the name.
 *
 * A socket that was left in the middle of a dump is closed, because the rest of that dump would come first. */

#include "collect/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "collect/hooks.h"
#include "collect/netns.h"
#include "collect/procnet.h"
#include "collect/sockdiag.h"
#include "collect/walk.h"

struct Collector {
        CollectorKind kind;
        int proc_fd;
        Hooks *hooks;  /* NULL: this kind has none */
        Hook refused;  /* where there are none, though they were wanted: which one, and why */
        int refusal;
        Netns own;     /* pid 0 */
        Sockdiag diag; /* in our own namespace; opened when needed */
        bool text;     /* other namespaces may not be entered: what has no other way is read as text */
        int names;     /* a socket in our own namespace, for names of interfaces; opened when needed */
        bool mptcp;    /* can be asked for */
        uint64_t *mptcp_netns; /* ids of the namespaces whose last look told MPTCP connections */
        size_t mptcp_count;
};

static const char *const collector_names[_COLLECTOR_MAX] = {
        [COLLECTOR_AUTO] = "auto",
        [COLLECTOR_BPF] = "bpf",
        [COLLECTOR_SOCK_DIAG] = "sock_diag",
        [COLLECTOR_PROC] = "proc",
};

const char *collector_name(unsigned kind) {
        return kind < _COLLECTOR_MAX ? collector_names[kind] : NULL;
}

int collector_from_name(const char *name) {
        for (int i = 0; i < _COLLECTOR_MAX; i++)
                if (strcmp(collector_names[i], name) == 0)
                        return i;
        return -EINVAL;
}

static int own_diag(Collector *c) {
        return c->diag.fd >= 0 ? 0 : sockdiag_open(&c->diag, c->proc_fd, 0);
}

static int probe_sock_diag(Collector *c) {
        int r = own_diag(c);

        r = r < 0 ? r : sockdiag_probe(&c->diag);
        c->mptcp = r >= 0 && c->diag.mptcp;
        return r;
}

static int probe_bpf(Collector *c, size_t ring_size) {
        c->refusal = hooks_open(&c->hooks, ring_size, &c->refused);
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

static int new_collector(Collector **ret, CollectorKind kind, bool hooked, int proc_fd, size_t ring_size) {
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
                r = probe_bpf(c, ring_size);
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
        return new_collector(ret, kind, kind == COLLECTOR_BPF, proc_fd, 0);
}

int collector_new_hooked(Collector **ret, CollectorKind kind, int proc_fd, size_t ring_size) {
        return new_collector(ret, kind, kind == COLLECTOR_AUTO || kind == COLLECTOR_BPF, proc_fd, ring_size);
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

static bool is_own(const Collector *c, const Netns *netns) {
        return netns->pid == 0 || netns->id == c->own.id;
}

/* The socket for a namespace: our own is lent, a foreign one is kept in *foreign by the caller for as long as his look lasts. */
static int diag_for(Collector *c, const Netns *netns, Sockdiag *foreign, Sockdiag **ret) {
        bool own = is_own(c, netns);
        int r = 0;

        if (own)
                r = own_diag(c);
        else if (foreign->fd < 0)
                r = open_foreign(c, netns, foreign);
        if (r < 0)
                return r;
        *ret = own ? &c->diag : foreign;
        return 0;
}

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
        int r = c->kind == COLLECTOR_PROC ? -EPERM : diag_for(c, netns, foreign, &d);
        Naming naming = { .taker = taker, .fd = is_own(c, netns) ? own_names(c) : foreign->fd };
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

int collector_confirm(Collector *c, const Netns *netns, const Socket *socket) {
        _cleanup_sockdiag_ Sockdiag foreign = SOCKDIAG_NULL;
        Sockdiag *d = NULL;
        int r;

        if (c->kind == COLLECTOR_PROC)
                return -EOPNOTSUPP;
        r = diag_for(c, netns, &foreign, &d);
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
        int r = c->kind == COLLECTOR_PROC ? -EPERM : diag_for(c, netns, &foreign, &d);

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
