/* SPDX-License-Identifier: MIT */

/* Ledger: expectations. A program that gave up has no connection that could stall; what shows is that there is none.
 *
 * After each judgement the connections of the rules that expect something are counted. Too few for as long as the rule allows, at each
 * look, is told once, and that there are enough again; so what comes and goes faster is not told. Who waits for a question counts: it is not
 * known to be gone. While some table could not be looked at nothing is counted: what is missing may be there. */

#include <stdlib.h>
#include <string.h>

#include "detect/ledger-internal.h"

static Connection *last_free(Connection *c) {
        if (c)
                c->primary = actor_release(c->primary);
        return connection_free(c);
}

void ledger_expect_free(Ledger *l, const RuleSet *rules) {
        for (size_t i = 0; l->expectations && i < rules->count; i++)
                last_free(l->expectations[i].last);
        free(l->expectations);
        l->expectations = NULL;
}

static bool expect_same(const Rule *a, const Rule *b) {
        return strcmp(a->name, b->name) == 0 && a->expect.min == b->expect.min && a->expect.state == b->expect.state;
}

void ledger_expect_rules(Ledger *l, const RuleSet *old, const RuleSet *now) {
        Expectation *next = NULL;
        bool any = false;

        for (size_t i = 0; i < now->count; i++)
                any |= now->rules[i].expect.min > 0;
        if (any)
                next = calloc(now->count, sizeof(Expectation));
        for (size_t i = 0; next && l->expectations && i < now->count; i++)
                for (size_t k = 0; k < old->count; k++)
                        if (expect_same(&now->rules[i], &old->rules[k])) {
                                next[i] = l->expectations[k];
                                l->expectations[k].last = NULL;
                        }
        if (old)
                ledger_expect_free(l, old);
        l->expectations = next;
}

/* What can still be told of c when it is gone. */
static Connection *last_new(Ledger *l, const Connection *c, TableState *table) {
        Connection *copy;
        Socket s;

        connection_socket(c, &s);
        copy = connection_new(&l->connection_pool, c->key, &s, table);
        if (!copy)
                return NULL;
        copy->id = c->id;
        copy->primary = actor_reference(c->primary);
        copy->fd = c->fd;
        copy->attribution = c->attribution;
        copy->direction = c->direction;
        copy->rule = c->rule;
        copy->shown = c->shown;
        copy->orphan = true; /* its inode may be another's by then */
        copy->stuck = c->stuck ? malloc(sizeof(Stuck)) : NULL;
        if (copy->stuck)
                *copy->stuck = *c->stuck;
        return copy;
}

void ledger_expect_ended(Ledger *l, const Connection *c, uint64_t not_after, const Notice *n) {
        Expectation *x = l->expectations && c->rule != RULE_NONE ? &l->expectations[c->rule] : NULL;
        Connection *copy;

        if (!x || l->rules->rules[c->rule].expect.min == 0)
                return;
        copy = last_new(l, c, &x->last_table);
        if (!copy)
                return;
        last_free(x->last);
        x->last = copy;
        x->last_table = *c->table;
        x->last_ended = not_after;
        x->last_end = n ? n->end : END_UNKNOWN;
        x->last_error = n ? n->error : 0;
}

/* --- counting -------------------------------------------------------------------------------------- */

static void count_slot(void *userdata, uint64_t key, uint64_t *value) {
        Ledger *l = userdata;
        Connection *c = slot_kind(*value) == SLOT_CONNECTION ? slot_connection(*value) : NULL;
        const Expected *expect;
        Expectation *x;

        (void) key;
        if (!c || !c->told || c->rule == RULE_NONE)
                return;
        x = &l->expectations[c->rule];
        expect = &l->rules->rules[c->rule].expect;
        if (expect->min == 0)
                return;
        if (c->state == expect->state) {
                x->oldest = x->found == 0 ? c->seen : MIN(x->oldest, c->seen);
                x->found++;
        } else if (!x->other || c->opened_not_after >= x->other->opened_not_after)
                x->other = c;
}

/* When the oldest of the looks began that this judgement is about; UINT64_MAX: some table could not be looked at, or none was. */
static uint64_t looked_at(const Ledger *l) {
        uint64_t oldest = UINT64_MAX;

        for (size_t i = 0; i < l->table_count; i++) {
                const TableState *t = l->tables[i];

                if (t->life == TABLE_LIVE && t->gap.state != COVERAGE_OK)
                        return UINT64_MAX;
                if (t->life == TABLE_LIVE && t->looked)
                        oldest = MIN(oldest, t->t0);
        }
        return oldest;
}

/* --- events ---------------------------------------------------------------------------------------- */

static size_t matching(const Ledger *l, size_t rule, Actor **ret_first) {
        size_t n = 0;

        for (Actor *a = l->actors; a; a = a->hh.next)
                if (rulebits_has(&a->matched, rule) && n++ == 0)
                        *ret_first = a;
        return n;
}

/* The connection that has ended, with its own process and end. */
static void set_last(Ledger *l, Event *e, Expectation *x, size_t rule) {
        /* A reload may have moved both. */
        x->last->table = &x->last_table;
        x->last->rule = (uint16_t) rule;
        ledger_event_connection(l, e, x->last);
        ledger_event_stall(e, x->last, x->last->shown);
        event_clear(e, EVENT_FIELD_CONNECTION);
        event_set_number(e, EVENT_FIELD_LAST_CONNECTION, x->last->id);
        event_set_number(e, EVENT_FIELD_LAST_ENDED, x->last_ended);
        if (x->last_end != END_UNKNOWN)
                event_set_number(e, EVENT_FIELD_END, x->last_end);
        if (x->last_error != 0)
                event_set_word(e, EVENT_FIELD_ERROR, strerrorname_np(x->last_error));
}

static void say(Ledger *l, size_t rule, EventKind kind, uint64_t not_before, uint64_t not_after, uint64_t unmet) {
        Event *e = ledger_event(l, kind, not_before, not_after, "snapshot");
        const Rule *r = &l->rules->rules[rule];
        Expectation *x = &l->expectations[rule];
        Actor *first = NULL;
        size_t processes = r->match ? matching(l, rule, &first) : 0;

        if (kind == EVENT_EXPECTATION_UNMET && x->other) {
                ledger_event_connection(l, e, x->other);
                ledger_event_stall(e, x->other, x->other->shown);
        } else if (kind == EVENT_EXPECTATION_UNMET && x->last)
                set_last(l, e, x, rule);
        else if (first)
                ledger_event_process(l, e, first, false);
        event_set_word(e, EVENT_FIELD_RULE, r->name);
        event_set_number(e, EVENT_FIELD_EXPECTED, r->expect.min);
        event_set_number(e, EVENT_FIELD_EXPECTED_STATE, r->expect.state);
        event_set_number(e, EVENT_FIELD_FOUND, x->found);
        if (r->match)
                event_set_number(e, EVENT_FIELD_PROCESS_COUNT, processes);
        event_set_number(e, EVENT_FIELD_UNMET, unmet);
        ledger_say(l, e);
}

/* The looks of this judgement began at `looked`. */
static void judge(Ledger *l, size_t rule, uint64_t looked, uint64_t now) {
        const Expected *expect = &l->rules->rules[rule].expect;
        Expectation *x = &l->expectations[rule];

        if (x->found >= expect->min) {
                if (x->told)
                        say(l, rule, EVENT_EXPECTATION_MET, x->unmet_seen, now, x->unmet_seen - MIN(x->unmet_seen, x->unmet_at));
                x->told = false;
                x->unmet_at = 0;
                x->met_at = x->oldest;
                return;
        }
        /* Between two runs there may have been enough. */
        if (x->unmet_at == 0 || x->unmet_seen < l->resumed)
                x->unmet_at = now;
        x->unmet_seen = looked;
        if (x->told || looked < x->unmet_at || looked - x->unmet_at < expect->wait)
                return;
        say(l, rule, EVENT_EXPECTATION_UNMET, MIN(x->met_at, x->unmet_at), x->unmet_at, looked - x->unmet_at);
        x->told = true;
}

void ledger_judge_expectations(Ledger *l, uint64_t now) {
        uint64_t looked = l->expectations ? looked_at(l) : UINT64_MAX;

        if (looked == UINT64_MAX)
                return;
        for (size_t i = 0; i < l->rules->count; i++) {
                l->expectations[i].found = 0;
                l->expectations[i].other = NULL;
        }
        socketmap_visit(&l->sockets, count_slot, l);
        for (size_t i = 0; i < l->rules->count; i++)
                if (l->rules->rules[i].expect.min > 0)
                        judge(l, i, looked, now);
}
