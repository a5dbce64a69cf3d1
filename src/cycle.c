/* SPDX-License-Identifier: MIT */

/* Cycle. Descriptors are walked before the tables are read, for processes that were never walked, and each `rescan` (cycle-process.c) for all that have
 * run since they were, and one in eight of the others; when the tables then show a socket that nobody is known to hold, for all that have run once
 * more. So in a quiet second no descriptor is touched. */

#include "cycle.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/macro.h"
#include "collect/procfs.h"
#include "cycle-look.h"
#include "cycle-walk.h"

void cycle_done(Cycle *c) {
        free(c->namespaces);
        cycle_books_done(&c->books);
        peers_done(&c->peers);
        cycle_processes_done(&c->processes);
        cycle_exes_done(&c->exes);
        *c = (Cycle){};
}

void cycle_between(void *userdata) {
        const Cycle *c = userdata;

        if (c->hooks.between)
                c->hooks.between(c->hooks.userdata);
}

void cycle_restart(Cycle *c) {
        c->walked = 0;
        ledger_forget(c->ledger, cycle_tables(c));
}

/* --- judgement ------------------------------------------------------------------------------------- */

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
                r = cycle_exe_take(c);
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

/* Does one of its remembered holders still have it? 1, 0, or negative errno when that cannot be said. */
static int is_held(const Cycle *c, const Suspect *s) {
        for (size_t i = 0; i < s->holder_count; i++) {
                const SuspectHolder *h = &s->holders[i];
                int r = procfs_holds(c->proc_fd, h->pid, h->start_ticks, h->fd, s->socket.inode);

                if (r != 0 && r != -ESRCH)
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
                r = cycle_look(c, &again.items[i].netns, again.items[i].tables);
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
        CycleNamespaces list = { .cycle = c };
        bool again = c->walked == 0 || clock_boottime() - c->walked >= c->config->rescan;
        int r;

        c->began = clock_boottime();
        c->walks = collector_walks(c->collector); /* hooks may have been lost */
        if (c->own_netns == 0) {
                Netns own;
                r = collector_netns(c->collector, 0, &own);
                if (r < 0)
                        return r;
                c->own_netns = own.inode;
        }
        r = cycle_exe_take(c);
        if (r >= 0)
                r = cycle_processes(c, again);
        if (r >= 0)
                r = ledger_processes(c->ledger, LEDGER_UNWALKED, cycle_walk_process, c);
        if (r >= 0 && again)
                c->walked = c->began;
        if (r >= 0)
                r = cycle_books_begin(&c->books, c->proc_fd, c->ledger, again, cycle_tables(c) & TABLE_BIT(TABLE_TCP));
        if (r >= 0)
                r = cycle_look_all(c, &list, again);
        if (r >= 0)
                r = cycle_look_strays(c, &list);
        if (r >= 0)
                r = judge(c);
        if (r >= 0)
                r = question(c);
        if (r >= 0) {
                cycle_books_after(c);
                free(c->namespaces);
                c->namespaces = TAKE_PTR(list.items);
                c->namespace_count = list.count;
                c->namespaces_own = list.own;
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
