/* SPDX-License-Identifier: MIT */

/* Which namespaces are looked at, and in which tables: those in which watched processes live; those in which only their connections are left,
 * for as long as there are such; and those of others in which sockets of watched processes are. */

#include "cycle-look.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/macro.h"
#include "collect/netns.h"
#include "collect/procfs.h"
#include "collect/snmp.h"
#include "cycle-stray.h"
#include "cycle-walk.h"
#include "cycle.h"

/* --- tables ---------------------------------------------------------------------------------------- */

static unsigned tables_of_filter(const SocketFilter *f) {
        unsigned tables = 0;

        for (unsigned family = 1; family < _FAMILY_MAX; family++)
                for (unsigned transport = 0; transport < _TRANSPORT_MAX; transport++) {
                        TableKind t = table_of(family, transport);

                        if (t != _TABLE_MAX && (f->families == 0 || f->families >> family & 1) &&
                            (f->transports == 0 || f->transports >> transport & 1))
                                tables |= TABLE_BIT(t);
                }
        /* Hardly a kernel lists these: not to be able to is news to those only who have asked. */
        if (!(f->families >> FAMILY_VSOCK & 1))
                tables &= ~TABLE_BIT(TABLE_VSOCK);
        return tables;
}

unsigned cycle_tables(const Cycle *c) {
        const RuleSet *rules = &c->config->rules;
        unsigned tables = 0;

        for (size_t i = 0; i < rules->count; i++)
                tables |= tables_of_filter(&rules->rules[i].sockets);
        return tables;
}

static int take_begin(void *userdata, const Netns *netns, TableKind table, uint64_t t) {
        Cycle *c = userdata;

        return ledger_look_begin(c->ledger, netns, table, t);
}

static int take_row(void *userdata, const Socket *row) {
        Cycle *c = userdata;
        int r = ledger_see(c->ledger, row);

        return r == -ENOMEM ? r : 0;
}

static int take_end(void *userdata, const Netns *netns, TableKind table, uint64_t t, Coverage coverage) {
        Cycle *c = userdata;

        (void) table;
        if (coverage.state != COVERAGE_GONE || netns->pid == 0)
                return ledger_look_end(c->ledger, t, coverage);
        c->way_lost = true;
        return ledger_look_cancel(c->ledger);
}

/* --- namespaces ------------------------------------------------------------------------------------ */

static bool has_namespace(const Netns *items, size_t count, uint64_t id) {
        for (size_t i = 0; i < count; i++)
                if (items[i].id == id)
                        return true;
        return false;
}

static int keep_namespace(CycleNamespaces *list, const Netns *netns) {
        Netns *items = reallocarray(list->items, list->count + 1, sizeof(Netns));

        if (!items)
                return -ENOMEM;
        list->items = items;
        list->items[list->count++] = *netns;
        return 0;
}

/* It is about to be looked at. */
static int count_namespace(Cycle *c, const Netns *netns) {
        return cycle_books_before(&c->books, c->proc_fd, netns,
                                  !has_namespace(c->namespaces, c->namespace_count, netns->id));
}

static int add_namespace(void *userdata, const Process *p) {
        CycleNamespaces *list = userdata;
        Netns netns = {};
        int r;

        if (p->netns_inode == 0)
                return 0;
        for (size_t i = 0; i < list->count; i++)
                if (list->items[i].inode == p->netns_inode)
                        return 0;
        if (list->count >= list->cycle->config->limits.namespaces) {
                list->over++;
                return 0;
        }
        r = collector_netns(list->cycle->collector, p->netns_inode == list->cycle->own_netns ? 0 : p->pid, &netns);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        list->moved |= netns.inode != p->netns_inode;
        return netns.inode == p->netns_inode ? keep_namespace(list, &netns) : 0;
}

static int list_own(CycleNamespaces *list) {
        list->count = list->over = 0;
        list->moved = false;
        return ledger_processes(list->cycle->ledger, LEDGER_ALL, add_namespace, list);
}

/* Does nobody seem to live any more where somebody did in the last cycle? */
static bool has_deserted(const CycleNamespaces *list) {
        const Cycle *c = list->cycle;

        for (size_t i = 0; i < c->namespaces_own; i++)
                if (!has_namespace(list->items, list->count, c->namespaces[i].id))
                        return true;
        return false;
}

static int find_home(void *userdata, const Process *p) {
        Cycle *c = userdata;
        ProcfsStat stat;
        uint32_t inode;

        if (netns_inode(c->proc_fd, p->pid, &inode) >= 0 && inode != p->netns_inode &&
            procfs_stat(c->proc_fd, p->pid, &stat) >= 0 && stat.start_ticks == p->start_ticks)
                ledger_process_moved(c->ledger, p->pid, inode);
        return 0;
}

/* Nobody tells that a process has moved: the ledger knows where each lived when he was read. Somebody may have come in unnoticed where the last one that was
 * known has left. */
static int list_homes(CycleNamespaces *list) {
        int r = list_own(list);

        if (r < 0 || (!list->moved && !has_deserted(list)))
                return r;
        r = ledger_processes(list->cycle->ledger, LEDGER_EVERYONE, find_home, list->cycle);
        return r < 0 ? r : list_own(list);
}

typedef struct Resident {
        Cycle *cycle;
        const Netns *netns;
        Netns found;
        Coverage coverage; /* OK: found; GONE: nobody lives there; else somebody does, but gives no access */
} Resident;

static int find_resident(void *userdata, const Process *p) {
        Resident *r = userdata;
        Netns found;
        int error;

        if (p->netns_inode != r->netns->inode || r->coverage.state == COVERAGE_OK)
                return 0;
        error = collector_netns(r->cycle->collector, p->pid, &found);
        if (error < 0 && error != -ESRCH)
                r->coverage = (Coverage){ COVERAGE_DENIED, -error };
        if (error < 0 || found.id != r->netns->id)
                return 0;
        r->coverage = (Coverage){};
        r->found = found;
        return 0;
}

/* Somebody, watched or not, who lives there: *ret is how to get there through him. */
static Coverage reach(Cycle *c, const Netns *netns, Netns *ret) {
        Resident resident = { .cycle = c, .netns = netns, .found = *netns, .coverage = { COVERAGE_GONE, 0 } };

        if (netns->pid == 0)
                resident.coverage = (Coverage){};
        else
                (void) ledger_processes(c->ledger, LEDGER_EVERYONE, find_resident, &resident);
        *ret = resident.found;
        return resident.coverage;
}

/* A look that could not take place, and why. */
static int look_at_nothing(Cycle *c, const Netns *netns, unsigned tables, Coverage coverage) {
        uint64_t now = clock_boottime();
        int r = 0;

        for (TableKind t = 0; t < _TABLE_MAX && r >= 0; t++)
                if (tables & TABLE_BIT(t)) {
                        r = ledger_look_begin(c->ledger, netns, t, now);
                        if (r >= 0)
                                r = ledger_look_end(c->ledger, now, coverage);
                }
        return r;
}

static int look_by(Cycle *c, const Netns *netns, unsigned tables) {
        Taker taker = { .userdata = c, .begin = take_begin, .row = take_row, .end = take_end, .between = cycle_between };
        Overflows overflows;
        int r;

        c->way_lost = false;
        if (c->hooks.look)
                c->hooks.look(c->hooks.userdata, netns, tables);
        r = collector_look(c->collector, netns, tables, &taker);
        if (r >= 0 && ledger_waits(c->ledger, netns) && netstat_read(c->proc_fd, netns, &overflows) >= 0)
                ledger_overflows(c->ledger, netns, &overflows);
        return r;
}

#define WAYS_MAX 3

/* That who led there has left says nothing of the namespace: others may live there, who came in unnoticed. */
int cycle_look(Cycle *c, const Netns *netns, unsigned tables) {
        Coverage coverage = {};
        Netns way = *netns;
        int r = look_by(c, &way, tables);

        for (unsigned ways = 1; r >= 0 && c->way_lost && ways < WAYS_MAX && coverage.state == COVERAGE_OK; ways++) {
                r = ledger_processes(c->ledger, LEDGER_EVERYONE, find_home, c);
                coverage = reach(c, netns, &way);
                if (r >= 0 && coverage.state == COVERAGE_OK)
                        r = look_by(c, &way, tables);
        }
        if (r < 0 || !c->way_lost)
                return r;
        return look_at_nothing(c, netns, tables, coverage.state == COVERAGE_OK ? (Coverage){ COVERAGE_INTERRUPTED, ESRCH } : coverage);
}

/* Nobody who is watched lives there any more. While connections do, it is looked at; without, it is only asked now and then whether
 * it is still there: the ledger has to forget what is gone. */
static int look_at_left(Cycle *c, CycleNamespaces *list, const Netns *netns, unsigned tables, bool again) {
        bool watched = ledger_watches(c->ledger, netns);
        Coverage coverage;
        Netns found;
        int r = 0;

        if (!watched && !again)
                return keep_namespace(list, netns);
        coverage = reach(c, netns, &found);
        if (coverage.state == COVERAGE_GONE || (watched && coverage.state != COVERAGE_OK)) {
                r = look_at_nothing(c, netns, tables, coverage);
                if (r >= 0 && coverage.state == COVERAGE_GONE)
                        r = cycle_books_left(&c->books, netns);
                return r < 0 || !watched ? r : keep_namespace(list, netns);
        }
        if (watched) {
                list->looked++;
                r = count_namespace(c, &found);
                r = r < 0 ? r : cycle_look(c, &found, tables);
        }
        return r < 0 ? r : keep_namespace(list, netns);
}

int cycle_look_all(Cycle *c, CycleNamespaces *list, bool again) {
        unsigned tables = cycle_tables(c);
        size_t wanted;
        int r;

        r = list_homes(list);
        if (r < 0)
                return r;
        wanted = list->own = list->looked = list->count;
        for (size_t i = 0; i < wanted && r >= 0; i++)
                r = count_namespace(c, &list->items[i]);
        r = r < 0 ? r : cycle_walk_all(c, list->items, list->count, tables);
        if (r < 0)
                return r;
        for (size_t i = 0; i < wanted; i++) {
                r = cycle_look(c, &list->items[i], cycle_walk_left(c, &list->items[i], tables));
                if (r == -ENOBUFS)
                        list->over++;
                else if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < c->namespace_count; i++)
                if (!has_namespace(list->items, wanted, c->namespaces[i].id)) {
                        r = look_at_left(c, list, &c->namespaces[i], tables, again);
                        if (r < 0 && r != -ENOBUFS)
                                return r;
                }
        ledger_over_limit(c->ledger, LIMIT_NAMESPACES, clock_boottime(), list->over);
        return 0;
}

int cycle_look_strays(Cycle *c, CycleNamespaces *list) {
        unsigned tables = cycle_tables(c);
        const Taker taker = { .userdata = c, .begin = take_begin, .row = take_row, .end = take_end, .between = cycle_between };
        Strays s = { .cycle = c, .taker = &taker, .known = list->items, .known_count = list->own, .tables = tables };
        int r = cycle_strays(&s);

        for (size_t i = 0; i < s.found_count && r >= 0; i++) {
                if (list->count >= c->config->limits.namespaces) {
                        list->over++;
                        continue;
                }
                if (s.found[i].pid != NETNS_NOBODY) {
                        list->looked++;
                        r = cycle_look(c, &s.found[i], tables & TABLE_BIT(TABLE_UNIX));
                        r = r == -ENOBUFS ? 0 : r;
                }
                if (r >= 0 && !has_namespace(list->items, list->count, s.found[i].id))
                        r = keep_namespace(list, &s.found[i]);
        }
        free(s.found);
        return r;
}
