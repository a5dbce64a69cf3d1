/* SPDX-License-Identifier: MIT */

/* Walks: where the iterator in the kernel can be asked (collector_walks()), each descriptor comes with its socket. So TCP, of which hooks tell all that
 * matters of others, is looked at by asking who is watched what he holds: that costs what is watched, and not what there is. What holders cannot answer is
 * dumped in the same cycle (ledger_walk_answers()) or in the next one (ledger_walkable()).
 *
 * Processes are walked one by one: each costs some 25 us beside 0.8 us for each of its sockets, while one pass over the whole host would cost what all
 * have open. Where many are watched, and hold little, dumps cost less. */

#include "cycle-walk.h"

#include <errno.h>

#include "base/clock.h"
#include "collect/procfs.h"
#include "cycle.h"

uint64_t cycle_ran(const Cycle *c, const Process *p) {
        uint64_t n;

        return procfs_ran(c->proc_fd, p->pid, p->ran, &n) < 0 ? 0 : n;
}

/* --- one process ----------------------------------------------------------------------------------- */

static int take_holder(void *userdata, int fd, uint32_t inode) {
        Cycle *c = userdata;

        return ledger_hold(c->ledger, fd, inode);
}

/* What of a walk is looked at, too, is a row. */
static int take_held(void *userdata, const Held *held) {
        Cycle *c = userdata;
        int r = ledger_hold(c->ledger, held->at.fd, held->at.inode);

        if (r < 0 || !c->walking)
                return r;
        r = ledger_see(c->ledger, &held->socket);
        c->walk_unknown |= r > 0;
        return r == -ENOMEM ? r : 0;
}

static int walk_marks(Cycle *c, const Process *p, bool marks) {
        return collector_walk(c->collector, p->pid, marks, c->namespaces, c->namespace_count, take_held, cycle_between, c);
}

/* As procfs_sockets(). That it is gone, or another one, is seen afterwards only. Of what is known already nothing more is asked, which is cheaper. */
static int walk_by_hooks(Cycle *c, const Process *p) {
        ProcfsStat stat;
        int r;

        c->walk_unknown = !c->walking;
        r = c->walk_unknown ? 0 : walk_marks(c, p, false);
        if (r >= 0 && c->walk_unknown)
                r = walk_marks(c, p, true);
        if (r < 0)
                return r;
        r = procfs_stat(c->proc_fd, p->pid, &stat);
        return r < 0 ? r : stat.start_ticks == p->start_ticks ? 0 : -ESRCH;
}

static int walk(Cycle *c, const Process *p, uint64_t ran) {
        Coverage coverage = {};
        int r;

        cycle_between(c);
        r = ledger_holders_begin(c->ledger, p->pid, p->start_ticks, clock_boottime());
        if (r < 0)
                return 0;
        r = c->walks && ledger_walks(c->ledger, p->pid) ? walk_by_hooks(c, p) : -EOPNOTSUPP;
        if (r < 0 && r != -ENOMEM && r != -ESRCH && r != -ENOENT) {
                c->walk_failed = true;
                r = procfs_sockets(c->proc_fd, p->pid, p->start_ticks, take_holder, c);
        }
        if (r == -ENOMEM)
                return r;
        cycle_between(c); /* it may have begun to end while it was walked */
        if (ledger_is_ending(c->ledger, p->pid))
                r = -ESRCH;
        if (r == -ESRCH || r == -ENOENT)
                coverage.state = COVERAGE_GONE;
        else if (r < 0)
                coverage = (Coverage){ .state = COVERAGE_DENIED, .error = -r };
        ledger_holders_end(c->ledger, clock_boottime(), ran, coverage);
        return 0;
}

int cycle_walk_process(void *userdata, const Process *p) {
        return walk(userdata, p, cycle_ran(userdata, p));
}

int cycle_walk_busy(void *userdata, const Process *p) {
        uint64_t before = clock_boottime(), now = cycle_ran(userdata, p);

        return process_rests(p, now, before) ? 0 : walk(userdata, p, now);
}

/* --- all of them ----------------------------------------------------------------------------------- */

static bool is_walked(const Cycle *c, const Netns *netns, unsigned tables) {
        return c->walks && !c->whole && tables & TABLE_BIT(TABLE_TCP) && netns_has_cookie(netns->id) && ledger_walkable(c->ledger, netns, TABLE_TCP);
}

#define PROCESS_COST 25  /* usec: what it costs to walk one, without its sockets */
#define NETNS_COST 300   /* to dump TCP in a namespace, without its rows */
#define ROW_COST 1

static bool is_cheaper(const Cycle *c, const Netns *netns, size_t netns_count, unsigned tables) {
        LedgerStatus status;
        uint64_t dumps = 0;

        ledger_status(c->ledger, &status);
        for (size_t i = 0; i < netns_count; i++)
                if (is_walked(c, &netns[i], tables))
                        dumps += NETNS_COST + ROW_COST * ledger_dumped_rows(c->ledger, &netns[i], TABLE_TCP);
        return status.processes * PROCESS_COST < dumps;
}

int cycle_walk_all(Cycle *c, const Netns *netns, size_t netns_count, unsigned tables) {
        size_t count = 0;
        int r = 0;

        if (!is_cheaper(c, netns, netns_count, tables))
                return 0;
        for (size_t i = 0; i < netns_count && r >= 0; i++)
                if (is_walked(c, &netns[i], tables)) {
                        r = ledger_walk_begin(c->ledger, &netns[i], TABLE_TCP, clock_boottime());
                        count++;
                }
        if (count == 0)
                return r;
        c->walking = true;
        c->walk_failed = false;
        r = r < 0 ? r : ledger_processes(c->ledger, LEDGER_ALL, cycle_walk_process, c);
        c->walking = false;
        ledger_walk_end(c->ledger, clock_boottime(), r >= 0 && !c->walk_failed);
        return r;
}

unsigned cycle_walk_left(const Cycle *c, const Netns *netns, unsigned tables) {
        return ledger_walk_answers(c->ledger, netns, TABLE_TCP) ? tables & ~TABLE_BIT(TABLE_TCP) : tables;
}
