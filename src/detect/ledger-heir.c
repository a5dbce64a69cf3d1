/* SPDX-License-Identifier: MIT */

/* Ledger: heirs, who got sockets from somebody else. What a fork gives to a child is one event for all of it, told a second later, for what is
 * left then: most children execute another program at once, and lose what they got. So is what one process
 * passed to another, at its next walk, if it is many sockets; of few each connection is told. Of a connection that is only counted, who inherits it is not told.
 *
 * Whose it was is an inference: who else holds it, the parent under the same number, else the oldest. */

#include "detect/ledger-internal.h"

#define INHERIT_USEC USEC_PER_SEC
#define PASSED_MAX 10 /* sockets that one process passed to another between two walks: more are one event */

/* --- what a walk has shown ------------------------------------------------------------------------- */

void ledger_heir_end(Ledger *l, Actor *a) {
        if (!a->heir_of)
                return;
        a->heir_of = actor_release(a->heir_of);
        a->inherited = 0;
        l->heirs--;
        for (Holder *h = a->holders; h; h = h->next_of_actor)
                h->inherited = false;
}

/* Another one that holds it: the parent under the same number, else the oldest. */
static Actor *source_of(const Ledger *l, const Holder *h, bool *ret_fork) {
        const Actor *parent = h->actor->fresh ? ledger_actor(l, h->actor->process.parent) : NULL;
        Actor *best = NULL;

        *ret_fork = false;
        for (Holder *other = ledger_holders(l, h->inode); other; other = other->next_of_inode) {
                if (other->actor == h->actor)
                        continue;
                if (parent && other->actor == parent && other->fd == h->fd) {
                        *ret_fork = true;
                        return other->actor;
                }
                if (!best || other->actor->process.start_ticks < best->process.start_ticks)
                        best = other->actor;
        }
        return best;
}

static void inherit(Ledger *l, Holder *h, Actor *from, bool fork, uint64_t not_before, uint64_t now) {
        Actor *a = h->actor;

        if (!a->heir_of) {
                a->heir_of = actor_reference(from);
                a->by_fork = fork;
                a->inherited_not_before = not_before;
                l->heirs++;
        }
        h->inherited = true;
        h->counted = !h->connection->folded;
        a->inherited_not_after = now;
        a->inherited += h->counted;
}

/* Whose each of them was, and how many were passed by one and the same process. */
static void trace_gains(Ledger *l) {
        for (size_t i = 0; i < l->gain_count; i++) {
                Gain *g = &l->gains[i];

                g->from = source_of(l, g->holder, &g->fork);
                if (g->from && !g->fork)
                        g->from->passed++;
        }
}

static uint64_t gained_not_before(const Actor *a, const Connection *c) {
        if (a->walked_t0 != 0 || a->fresh)
                return MAX(a->walked_t0, a->process.start_usec);
        return c->appeared ? MAX(a->process.start_usec, c->opened_not_before) : 0;
}

/* Of one walk that is over. */
static void settle_gain(Ledger *l, Actor *a, const Gain *g, uint64_t now) {
        Holder *h = g->holder;
        uint64_t not_before;

        if (!h->connection)
                return;
        not_before = gained_not_before(a, h->connection);
        if (g->from && (g->fork || g->from->passed > PASSED_MAX) && (!a->heir_of || a->heir_of == g->from))
                inherit(l, h, g->from, g->fork, not_before, now);
        else
                ledger_note_holder(l, h->connection, h, true, not_before, now);
}

void ledger_settle_gains(Ledger *l, Actor *a, uint64_t now) {
        trace_gains(l);
        for (size_t i = 0; i < l->gain_count; i++)
                settle_gain(l, a, &l->gains[i], now);
        for (size_t i = 0; i < l->gain_count; i++)
                if (l->gains[i].from)
                        l->gains[i].from->passed = 0;
        l->gain_count = 0;
}

/* --- what is left ---------------------------------------------------------------------------------- */

static void tell_heir(Ledger *l, Actor *a) {
        Event *e = ledger_event(l, EVENT_PROCESS_INHERITED, a->inherited_not_before, a->inherited_not_after, "snapshot");
        const Process *from = &a->heir_of->process;

        ledger_event_process(l, e, a, false);
        event_set_number(e, EVENT_FIELD_INHERITED_COUNT, a->inherited);
        event_set_number(e, EVENT_FIELD_FROM_PID, from->pid);
        event_set_bytes(e, EVENT_FIELD_FROM_COMM, bytes_of(from->comm));
        event_set_word(e, EVENT_FIELD_FROM_ENTITY, a->heir_of->entity);
        if (a->rule >= 0)
                event_set_word(e, EVENT_FIELD_RULE, l->rules->rules[a->rule].name);
        ledger_say_process(l, e, a);
}

static bool is_due(const Actor *a, uint64_t now) {
        return a->heir_of && now >= (a->by_fork ? a->process.start_usec + INHERIT_USEC : a->inherited_not_after);
}

/* A walk that began after the second showed what is left. */
void ledger_settle_heir(Ledger *l, Actor *a, uint64_t t0) {
        if (!is_due(a, t0))
                return;
        if (a->inherited > 0)
                tell_heir(l, a);
        ledger_heir_end(l, a);
}

void ledger_heirs_due(Ledger *l, uint64_t now) {
        for (Actor *a = l->heirs > 0 ? l->actors : NULL; a; a = a->hh.next)
                if (is_due(a, now))
                        a->walked = false;
}
