/* SPDX-License-Identifier: MIT */

/* Ledger: what stands still (stall.h says by what that shows).
 *
 * A connection of which something waits has a Stuck: since when nothing of it has moved, with the two times between which that
 * began. Movement is seen between two rows, so a stall begins after the row before the first one that has its mark. What has stood
 * still for longer than its rule allows, counted from the later of the two times, is told once; it has recovered when two looks in a row
 * have seen it move, or nothing wait. So what moves once in a while, and is stuck again at the next look, is one stall.
 *
 * A listener stands still for as long as the same connection waits for accept: its queue alone would not tell, since a busy server's is
 * seldom empty. Of TCP these connections are rows of their own; one of them is remembered by its key. */

#include <stdlib.h>

#include "detect/ledger-internal.h"

static Stuck *stuck_of(Connection *c) {
        if (!c->stuck)
                c->stuck = calloc(1, sizeof(Stuck)); /* out of memory costs a stall, no connection */
        return c->stuck;
}

static bool is_tcp_listener(const Connection *c) {
        return c->transport == TRANSPORT_TCP && c->state == STATE_LISTEN;
}

static void span_begin(Stuck *s, StallPart part, unsigned kind, uint64_t not_before, uint64_t t0, uint64_t least) {
        uint64_t not_after = t0 - MIN(t0, least);

        not_after = MAX(not_before, not_after);
        s->spans[part] = (StallSpan){ (uint8_t) kind, not_before, not_after };
        s->open |= (uint8_t) (1u << part);
}

/* The row was read so long after the beginning of its look, at most. */
static void span_close(Stuck *s, uint64_t later) {
        for (StallPart part = 0; part < _STALL_PART_MAX; part++)
                if (s->open >> part & 1)
                        s->spans[part].not_after += later;
        s->open = 0;
}

static void see_part(Stuck *s, StallPart part, const StallSign *sign, uint64_t not_before, uint64_t t0, bool first) {
        bool still = !first && s->spans[part].kind != STALL_NONE && sign->mark != 0 && sign->mark == s->marks[part];

        s->marks[part] = sign->mark;
        if (sign->kind == STALL_NONE)
                s->spans[part].kind = STALL_NONE;
        else if (still) {
                s->spans[part].kind = sign->kind;
                s->still |= (uint8_t) (1u << part);
        } else
                /* What is known of unread bytes is the age of the last of them, and some have just been read. */
                span_begin(s, part, sign->kind, not_before, t0, part == STALL_OF_READING && !first ? 0 : sign->least);
}

void ledger_see_stall(Ledger *l, Connection *c, const Socket *row, const TableState *t, bool first) {
        uint64_t not_before = !first ? c->shown : c->appeared ? c->opened_not_before : 0;
        StallSign signs[_STALL_PART_MAX];
        bool any = false;
        Stuck *s;

        if (!c->stuck && row->send_queue == 0 && row->receive_queue == 0 && row->state == STATE_ESTABLISHED)
                return;
        for (StallPart part = 0; part < _STALL_PART_MAX; part++) {
                signs[part] = stall_sign(part, row);
                any |= signs[part].kind != STALL_NONE;
        }
        s = any ? stuck_of(c) : c->stuck;
        if (!s)
                return;
        /* Not judged since that row: it was read before this look began. */
        if (!first)
                span_close(s, t->t0 - MIN(t->t0, c->shown));
        s->retransmits = row->retransmits;
        s->before = first ? 0 : c->shown;
        s->still = 0;
        for (StallPart part = 0; part < _STALL_PART_MAX; part++)
                if (part != STALL_OF_READING || row->transport != TRANSPORT_TCP || row->state != STATE_LISTEN)
                        see_part(s, part, &signs[part], not_before, t->t0, first);
        s->fresh = true;
        ledger_pend(l, c);
}

void ledger_see_waiting(Ledger *l, const Socket *row, TableState *t, uint64_t key) {
        Connection *c = ledger_listener(l, &t->netns, row->transport, row->family, &row->local);
        Stuck *s = c ? stuck_of(c) : NULL;

        if (!s)
                return;
        t->waiting = true;
        if (s->look != t->look) {
                s->look = t->look;
                s->head_seen = false;
                s->next_head = 0;
        }
        if (key == s->head)
                s->head_seen = true;
        else if (s->next_head == 0) {
                s->next_head = key;
                s->next_least = stall_waiting(row);
        }
        ledger_pend(l, c);
}

static TableState *tcp_table(const Ledger *l, const Netns *netns) {
        for (size_t i = 0; i < l->table_count; i++)
                if (l->tables[i]->life == TABLE_LIVE && l->tables[i]->kind == TABLE_TCP && l->tables[i]->netns.id == netns->id)
                        return l->tables[i];
        return NULL;
}

bool ledger_waits(const Ledger *l, const Netns *netns) {
        const TableState *t = tcp_table(l, netns);

        return t && t->waiting;
}

void ledger_overflows(Ledger *l, const Netns *netns, const Overflows *now) {
        TableState *t = tcp_table(l, netns);

        if (t) {
                t->overflows = *now;
                t->counted = true;
        }
}

/* All rows of the look have come. */
static void judge_waiting(const Connection *c, Stuck *s) {
        const TableState *t = c->table;
        bool waiting = c->receive_queue > 0 && s->look == t->look;

        if (waiting && s->head != 0 && s->head_seen) {
                s->still |= 1u << STALL_OF_READING;
                return;
        }
        s->head = waiting ? s->next_head : 0;
        s->zero = t->overflows;
        s->counted = t->counted;
        if (s->head != 0)
                span_begin(s, STALL_OF_READING, STALL_NOT_ACCEPTED, s->before, t->t0, s->next_least);
        else
                s->spans[STALL_OF_READING].kind = STALL_NONE;
}

/* --- events ---------------------------------------------------------------------------------------- */

static void say(Ledger *l, Connection *c, EventKind kind, uint64_t not_before, uint64_t not_after, uint64_t until) {
        Event *e = ledger_event(l, kind, not_before, not_after, "snapshot");

        ledger_event_connection(l, e, c);
        ledger_event_figures(e, c);
        if (c->stuck->retransmits != 0)
                event_set_number(e, EVENT_FIELD_TIMER_RETRANSMITS, c->stuck->retransmits);
        if (c->stuck->told.kind == STALL_NOT_ACCEPTED && c->stuck->counted && c->table->counted) {
                event_set_number(e, EVENT_FIELD_LISTEN_OVERFLOWS, c->table->overflows.overflows - c->stuck->zero.overflows);
                event_set_number(e, EVENT_FIELD_LISTEN_DROPS, c->table->overflows.drops - c->stuck->zero.drops);
        }
        ledger_event_stall(e, c, until);
        ledger_say(l, e);
        c->folded = false; /* who reads this wants to know how it went on */
}

void ledger_event_stall(Event *e, const Connection *c, uint64_t until) {
        const Stuck *s = c->stuck;

        if (!s || s->told.kind == STALL_NONE)
                return;
        event_set_word(e, EVENT_FIELD_STALL, stall_name(s->told.kind));
        event_set_number(e, EVENT_FIELD_STALLED, until - MIN(until, s->told.not_after));
}

static void judge_moving(Ledger *l, Connection *c, Stuck *s) {
        StallPart part = stall_past(s->spans, l->rules->rules[c->rule].stall, c->table->t0);

        if (part == _STALL_PART_MAX)
                return;
        s->told = s->spans[part];
        s->told_part = (uint8_t) part;
        s->moved = false;
        say(l, c, EVENT_CONNECTION_STALLED, s->told.not_before, s->told.not_after, c->table->t0);
}

static void judge_told(Ledger *l, Connection *c, Stuck *s) {
        if (s->still >> s->told_part & 1) {
                s->moved = false;
                return;
        }
        if (!s->moved) {
                s->moved = true;
                s->moved_not_before = MAX(s->before, s->told.not_after);
                s->moved_not_after = c->table->t1;
                return;
        }
        say(l, c, EVENT_CONNECTION_RECOVERED, s->moved_not_before, s->moved_not_after, s->moved_not_before);
        s->told.kind = STALL_NONE;
}

static bool waits(const Stuck *s) {
        for (StallPart part = 0; part < _STALL_PART_MAX; part++)
                if (s->spans[part].kind != STALL_NONE)
                        return true;
        return s->told.kind != STALL_NONE;
}

void ledger_judge_stall(Ledger *l, Connection *c) {
        Stuck *s = c->stuck;

        if (!s || !s->fresh)
                return;
        s->fresh = false;
        if (is_tcp_listener(c))
                judge_waiting(c, s);
        span_close(s, c->table->t1 - c->table->t0);
        if (c->told && s->told.kind == STALL_NONE)
                judge_moving(l, c, s);
        else if (c->told)
                judge_told(l, c, s);
        if (!waits(s)) {
                free(s);
                c->stuck = NULL;
        }
}
