/* SPDX-License-Identifier: MIT */

/* Cycle. Descriptors are walked before the tables are read, for processes that were never walked, and each `rescan` for all that have run
 * since they were, and one in eight of the others; when the tables then show a socket that nobody is known to hold, for all that have run once
 * more. So in a quiet second no descriptor is touched. */

#include "cycle.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/macro.h"
#include "collect/procfs.h"
#include "collect/snmp.h"
#include "cycle-stray.h"

void cycle_done(Cycle *c) {
        free(c->namespaces);
        cycle_books_done(&c->books);
        peers_done(&c->peers);
        cycle_processes_done(&c->processes);
        *c = (Cycle){};
}

void cycle_between(void *userdata) {
        const Cycle *c = userdata;

        if (c->hooks.between)
                c->hooks.between(c->hooks.userdata);
}

/* --- namespaces and tables ------------------------------------------------------------------------- */

static bool has_namespace(const Netns *items, size_t count, uint64_t id) {
        for (size_t i = 0; i < count; i++)
                if (items[i].id == id)
                        return true;
        return false;
}

typedef struct Namespaces {
        Cycle *cycle;
        Netns *items;
        size_t count, looked, over;
        size_t own; /* the first ones: watched processes live there, and they have been looked at */
} Namespaces;

static int keep_namespace(Namespaces *list, const Netns *netns) {
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
        Namespaces *list = userdata;
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
        return keep_namespace(list, &netns);
}

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

/* The tables that some rule could tell something of. */
static unsigned tables_wanted(const RuleSet *rules) {
        unsigned tables = 0;

        for (size_t i = 0; i < rules->count; i++)
                tables |= tables_of_filter(&rules->rules[i].sockets);
        return tables;
}

void cycle_restart(Cycle *c) {
        c->walked = 0;
        ledger_forget(c->ledger, tables_wanted(&c->config->rules));
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

        (void) netns;
        (void) table;
        return ledger_look_end(c->ledger, t, coverage);
}

static int look(Cycle *c, const Netns *netns, unsigned tables) {
        Taker taker = { .userdata = c, .begin = take_begin, .row = take_row, .end = take_end, .between = cycle_between };
        Overflows overflows;
        int r;

        if (c->hooks.look)
                c->hooks.look(c->hooks.userdata, netns, tables);
        r = collector_look(c->collector, netns, tables, &taker);
        if (r >= 0 && ledger_waits(c->ledger, netns) && netstat_read(c->proc_fd, netns, &overflows) >= 0)
                ledger_overflows(c->ledger, netns, &overflows);
        return r;
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

/* Nobody who is watched lives there any more. While connections do, it is looked at; without, it is only asked now and then whether
 * it is still there: the ledger has to forget what is gone. */
static int look_at_left(Cycle *c, Namespaces *list, const Netns *netns, unsigned tables, bool again) {
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
                r = r < 0 ? r : look(c, &found, tables);
        }
        return r < 0 ? r : keep_namespace(list, netns);
}

static int look_at_all(Cycle *c, Namespaces *list, bool again) {
        unsigned tables = tables_wanted(&c->config->rules);
        size_t wanted;
        int r;

        r = ledger_processes(c->ledger, LEDGER_ALL, add_namespace, list);
        if (r < 0)
                return r;
        wanted = list->own = list->looked = list->count;
        for (size_t i = 0; i < wanted; i++) {
                r = count_namespace(c, &list->items[i]);
                r = r < 0 ? r : look(c, &list->items[i], tables);
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

/* Namespaces of others in which sockets of watched processes are. From now on they are looked at as long as there are such. */
static int look_at_strays(Cycle *c, Namespaces *list) {
        unsigned tables = tables_wanted(&c->config->rules);
        const Taker taker = { .userdata = c, .begin = take_begin, .row = take_row, .end = take_end, .between = cycle_between };
        Strays s = { .cycle = c, .taker = &taker, .known = list->items, .known_count = list->own };
        int r = cycle_strays(&s);

        for (size_t i = 0; i < s.found_count && r >= 0; i++) {
                if (list->count >= c->config->limits.namespaces) {
                        list->over++;
                        continue;
                }
                if (s.found[i].pid != NETNS_NOBODY) {
                        list->looked++;
                        r = look(c, &s.found[i], tables & TABLE_BIT(TABLE_UNIX));
                        r = r == -ENOBUFS ? 0 : r;
                }
                if (r >= 0 && !has_namespace(list->items, list->count, s.found[i].id))
                        r = keep_namespace(list, &s.found[i]);
        }
        free(s.found);
        return r;
}

/* Whose are the new sockets, and who is at their other ends? Without this walk nobody's. */
static int judge(Cycle *c) {
        int r = 0;

        if (ledger_unheld(c->ledger) > 0)
                r = ledger_processes(c->ledger, LEDGER_ALL, cycle_walk_busy, c);
        if (r >= 0 && ledger_sought(c->ledger) > 0) {
                r = ledger_processes(c->ledger, LEDGER_EVERYONE, cycle_walk_process, c);
                ledger_everyone_walked(c->ledger);
        }
        cycle_between(c);
        if (r >= 0)
                r = cycle_peers(c);
        if (r >= 0)
                ledger_judge(c->ledger, clock_boottime());
        return r;
}

/* --- questions ------------------------------------------------------------------------------------- */

typedef struct Again {
        Cycle *cycle;
        struct {
                Netns netns;
                unsigned tables;
        } items[64];
        size_t count;
} Again;

/* A table that must be dumped a second time. No room: its suspects wait for the next cycle. */
static void look_again(Again *again, const Suspect *s) {
        unsigned table = TABLE_BIT(table_of(s->socket.family, s->socket.transport));
        size_t i;

        for (i = 0; i < again->count; i++)
                if (again->items[i].netns.id == s->netns.id)
                        break;
        if (i == ELEMENTSOF(again->items))
                return;
        if (i == again->count) {
                again->items[i].netns = s->netns;
                again->items[i].tables = 0;
                again->count++;
        }
        again->items[i].tables |= table;
}

/* Does one of its remembered holders still have it? 1, 0, or -EACCES. */
static int is_held(const Cycle *c, const Suspect *s) {
        for (size_t i = 0; i < s->holder_count; i++) {
                const SuspectHolder *h = &s->holders[i];
                int r = procfs_holds(c->proc_fd, h->pid, h->start_ticks, h->fd, s->socket.inode);

                if (r > 0 || r == -EACCES)
                        return r;
        }
        return 0;
}

#define HELD_ABSENT 5 /* so many looks in a row do not all skip the same living socket */

/* A unix, packet or netlink socket is in its table for as long as somebody holds it. Others are not: TCP leaves it when it is reset or in TIME_WAIT, UDP when it
 * is disconnected, and the descriptor stays. */
static Verdict judge_suspect(Again *again, const Suspect *s, uint64_t *ret_when) {
        Cycle *c = again->cycle;
        int held = is_held(c, s), r;

        if (held > 0 && !socket_has_addresses(&s->socket))
                return VERDICT_ALIVE;
        if (s->netns_gone)
                r = held == 0 ? 0 : -EAGAIN;
        else
                r = collector_confirm(c->collector, &s->netns, &s->socket);
        *ret_when = clock_boottime();
        if (r >= 0)
                return r > 0 ? VERDICT_ALIVE : VERDICT_GONE;
        if (r != -EOPNOTSUPP)
                return VERDICT_UNSURE;
        if (s->absent >= (held == 0 ? 2 : HELD_ABSENT))
                return VERDICT_GONE;
        if (held == 0)
                look_again(again, s);
        return VERDICT_UNSURE;
}

/* Rule 4. */
static Verdict ask(void *userdata, const Suspect *s, uint64_t *ret_when) {
        Again *again = userdata;
        Verdict v;

        cycle_between(again->cycle);
        v = judge_suspect(again, s, ret_when);
        again->cycle->asked++;
        again->cycle->acquitted += v == VERDICT_ALIVE;
        return v;
}

static int question(Cycle *c) {
        Again again = { .cycle = c };
        int r;

        c->asked = c->acquitted = 0;
        ledger_question(c->ledger, ask, &again);
        if (again.count == 0)
                return 0;
        for (size_t i = 0; i < again.count; i++) {
                r = look(c, &again.items[i].netns, again.items[i].tables);
                if (r < 0)
                        return r;
        }
        r = judge(c);
        if (r < 0)
                return r;
        again.count = 0;
        ledger_question(c->ledger, ask, &again);
        return 0;
}

/* --- all of it ------------------------------------------------------------------------------------- */

static int run(Cycle *c) {
        Namespaces list = { .cycle = c };
        bool again = c->walked == 0 || clock_boottime() - c->walked >= c->config->rescan;
        int r;

        c->began = clock_boottime();
        if (c->own_netns == 0) {
                Netns own;
                r = collector_netns(c->collector, 0, &own);
                if (r < 0)
                        return r;
                c->own_netns = own.inode;
        }
        r = cycle_processes(c, again);
        if (r >= 0)
                r = ledger_processes(c->ledger, again ? LEDGER_ALL : LEDGER_UNWALKED, again ? cycle_walk_turn : cycle_walk_process, c);
        if (r >= 0 && again)
                c->walked = c->began;
        if (r >= 0)
                r = cycle_books_begin(&c->books, c->proc_fd, c->ledger, again, tables_wanted(&c->config->rules) & TABLE_BIT(TABLE_TCP));
        if (r >= 0)
                r = look_at_all(c, &list, again);
        if (r >= 0)
                r = look_at_strays(c, &list);
        if (r >= 0)
                r = judge(c);
        if (r >= 0)
                r = question(c);
        if (r >= 0) {
                cycle_books_after(&c->books, c->proc_fd, c->ledger);
                free(c->namespaces);
                c->namespaces = TAKE_PTR(list.items);
                c->namespace_count = list.count;
                c->looked = list.looked;
                c->as_text = 0;
                for (size_t i = 0; i < c->namespace_count; i++)
                        c->as_text += collector_reads_text(c->collector, &c->namespaces[i]);
        }
        free(list.items);
        return r;
}

int cycle_run(Cycle *c, CycleFigures *ret) {
        uint64_t t0 = clock_boottime(), cpu0 = clock_cpu();
        int r = run(c);

        if (r < 0)
                return r;
        *ret = (CycleFigures){
                .duration = clock_boottime() - t0,
                .cpu = clock_cpu() - cpu0,
                .namespaces = c->looked,
                .as_text = c->as_text,
                .asked = c->asked,
                .acquitted = c->acquitted,
        };
        return 0;
}
