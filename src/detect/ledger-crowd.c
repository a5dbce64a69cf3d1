/* SPDX-License-Identifier: MIT */

/* Ledger: crowds. A process that forks a lot (a build, a loop in a shell) would say the same hundreds of times: of its children that run the same
 * program under the same rule, the first ten of a minute are told singly, and the rest in one event of each kind when the minute is over, with their
 * number, their bounds, and all that they have in common. While the budget is spent it is everyone from the first one on, whosever child.
 *
 * Who was folded in is folded out: a process whose beginning was told in a sum ends in one, too, and what it inherits in between is in one.
 *
 * Only children that were born in this minute: those that a start or a reload finds have had their minute long ago. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detect/ledger-internal.h"

#define SINGLY 10
#define SPAN (60 * USEC_PER_SEC)

static const EventKind kinds[_CROWD_KIND_MAX] = {
        [CROWD_MATCHED] = EVENT_PROCESS_MATCHED, [CROWD_INHERITED] = EVENT_PROCESS_INHERITED, [CROWD_GONE] = EVENT_PROCESS_GONE,
};

static CrowdKind crowd_kind(EventKind kind) {
        return kind == EVENT_PROCESS_GONE ? CROWD_GONE : kind == EVENT_PROCESS_INHERITED ? CROWD_INHERITED : CROWD_MATCHED;
}

static Crowd *crowd_free(Crowd *c) {
        if (!c)
                return NULL;
        for (CrowdKind k = 0; k < _CROWD_KIND_MAX; k++)
                event_sum_done(&c->sums[k]);
        free(c->key);
        free(c->parent_entity);
        free(c->parent_comm);
        free(c);
        return NULL;
}

DEFINE_CLEANUP(Crowd, crowd_free)

Crowd *ledger_crowd(Ledger *l, const char *key, uint32_t parent, const char *entity, const char *comm) {
        _cleanup_(crowd_freep) Crowd *c = NULL;
        Crowd *found;

        HASH_FIND_STR(l->crowds, key, found);
        if (found)
                return found;
        c = calloc(1, sizeof(*c));
        if (!c)
                return NULL;
        c->key = strdup(key);
        c->parent = parent;
        c->parent_entity = entity ? strdup(entity) : NULL;
        c->parent_comm = comm ? strdup(comm) : NULL;
        if (!c->key || (entity && !c->parent_entity) || (comm && !c->parent_comm))
                return NULL;
        HASH_ADD_KEYPTR(hh, l->crowds, c->key, strlen(c->key), c);
        return c->hh.tbl ? TAKE_PTR(c) : NULL;
}

/* NULL: out of memory. */
static Crowd *crowd_of(Ledger *l, const Actor *a, uint64_t now) {
        const Actor *parent = l->budget.spent ? NULL : ledger_actor_parent(l, a);
        uint32_t pid = l->budget.spent ? 0 : a->process.parent;
        _cleanup_text_ Text key = TEXT_NULL;
        Crowd *c;

        text_printf(&key, "%s\n%u\n%s\n%s", a->rule >= 0 ? l->rules->rules[a->rule].name : "", pid, parent ? parent->entity : "", a->process.exe ?: "");
        if (text_error(&key) < 0)
                return NULL;
        c = ledger_crowd(l, text_string(&key), pid, parent ? parent->entity : NULL, parent ? parent->process.comm : NULL);
        if (c && c->since == 0)
                c->since = now;
        return c;
}

void ledger_crowd_join(Actor *a, Crowd *c) {
        if (a->crowd)
                a->crowd->members--;
        if (c)
                c->members++;
        a->crowd = c;
}

/* The crowd that takes this event of a; NULL: none does. */
static Crowd *crowd_that_takes(Ledger *l, const Event *e, const Actor *a) {
        uint64_t now = e->values[EVENT_FIELD_NOT_AFTER].number;
        CrowdKind kind = crowd_kind(e->kind);
        Crowd *c;

        if (kind == CROWD_GONE || (kind == CROWD_INHERITED && a->crowd))
                return a->crowd;
        if (!l->budget.spent && a->process.start_usec + SPAN < now)
                return NULL;
        c = crowd_of(l, a, now);
        if (!c || l->budget.spent || c->singly[kind] >= SINGLY)
                return c;
        c->singly[kind]++;
        return NULL;
}

static bool crowd_add(Crowd *c, Event *e) {
        if (c->parent != 0)
                event_set_number(e, EVENT_FIELD_PARENT_PID, c->parent);
        if (c->parent_entity)
                event_set_word(e, EVENT_FIELD_PARENT_ENTITY, c->parent_entity);
        if (c->parent_comm)
                event_set_bytes(e, EVENT_FIELD_PARENT_COMM, bytes_of(c->parent_comm));
        return event_sum_add(&c->sums[crowd_kind(e->kind)], e) >= 0;
}

void ledger_say_process(Ledger *l, Event *e, Actor *a) {
        Crowd *c = crowd_that_takes(l, e, a);
        bool folded = c && crowd_add(c, e);

        if (e->kind != EVENT_PROCESS_INHERITED)
                ledger_crowd_join(a, folded && e->kind == EVENT_PROCESS_MATCHED ? c : NULL);
        if (!folded) {
                ledger_say(l, e);
                return;
        }
        a->evidence_told = false; /* but for what all have in common */
        l->thrift += l->budget.spent;
}

static void tell(Ledger *l, Crowd *c) {
        for (CrowdKind k = 0; k < _CROWD_KIND_MAX; k++) {
                Event *e = c->sums[k].count > 0 ? ledger_event(l, kinds[k], 0, 0, NULL) : NULL;

                if (!e)
                        continue;
                event_sum_put(&c->sums[k], e);
                event_set_number(e, EVENT_FIELD_PROCESS_COUNT, c->sums[k].count);
                ledger_say(l, e);
                event_sum_done(&c->sums[k]);
        }
}

void ledger_tell_crowds(Ledger *l, uint64_t now, bool all) {
        Crowd *c, *next;

        HASH_ITER(hh, l->crowds, c, next) {
                if (!all && now - c->since < SPAN)
                        continue;
                tell(l, c);
                c->since = now;
                memset(c->singly, 0, sizeof(c->singly));
                if (c->members > 0)
                        continue;
                HASH_DEL(l->crowds, c);
                crowd_free(c);
        }
}

void ledger_flush_processes(Ledger *l, uint64_t now) {
        ledger_tell_crowds(l, now, true);
}

void ledger_crowds_free(Ledger *l) {
        Crowd *c, *next;

        HASH_ITER(hh, l->crowds, c, next) {
                HASH_DEL(l->crowds, c);
                crowd_free(c);
        }
}
