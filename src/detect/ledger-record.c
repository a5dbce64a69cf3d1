/* SPDX-License-Identifier: MIT */

#include "detect/ledger-record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- numbers --------------------------------------------------------------------------------------- */

static void moment(Image *i, uint64_t *t) {
        ARCHIVE(&i->archive, *t);
        if (!archive_check(&i->archive, !archive_loads(&i->archive) || *t <= i->now))
                *t = 0;
}

/* Of an Actor, which is counted from 1; 0: none. Loading, it is referenced. */
static void actor_number(Image *i, Actor **a) {
        uint32_t number = !archive_loads(&i->archive) && *a ? (*a)->saved : 0;

        ARCHIVE(&i->archive, number);
        if (archive_loads(&i->archive))
                *a = archive_check(&i->archive, number <= i->actor_count) && number > 0 ? actor_reference(i->actors[number - 1]) : NULL;
}

static int rule_number(Image *i, int rule) {
        if (!archive_loads(&i->archive) && (size_t) rule >= i->rule_count)
                rule = -1; /* of a process that was gone before the rules changed */
        ARCHIVE(&i->archive, rule);
        if (!archive_loads(&i->archive))
                return rule;
        return rule >= 0 && archive_check(&i->archive, (size_t) rule < i->rule_count) ? i->rules[rule].number : -1;
}

/* --- the whole ---------------------------------------------------------------------------------------- */

void image_budget(Image *i, Budget *b) {
        Budget kept = *b;
        int64_t level = (int64_t) kept.level;

        ARCHIVE(&i->archive, kept.day);
        ARCHIVE(&i->archive, level);
        ARCHIVE(&i->archive, kept.written);
        kept.spent = archive_bit(&i->archive, kept.spent);
        moment(i, &kept.filled);
        moment(i, &kept.full);
        if (!archive_loads(&i->archive) || kept.day != b->day || (double) level > b->level)
                return;
        kept.level = (double) level;
        *b = kept;
}

/* --- rules ----------------------------------------------------------------------------------------- */

/* What a rule expects, where that was told; else when it was met. */
static void expectation_record(Image *i, Expectation *x) {
        x->told = archive_bit(&i->archive, x->told);
        moment(i, &x->met_at);
        moment(i, &x->unmet_at);
        moment(i, &x->unmet_seen);
}

static void load_rule(Image *i, size_t number) {
        _cleanup_free_ char *name = NULL, *text = NULL;
        const RuleSet *rules = i->ledger->rules;
        Expectation x = {};

        archive_string(&i->archive, &name);
        archive_string(&i->archive, &text);
        expectation_record(i, &x);
        i->rules[number].number = -1;
        for (size_t k = 0; name && k < rules->count; k++) {
                if (strcmp(rules->rules[k].name, name) != 0)
                        continue;
                i->rules[number].number = (int) k;
                i->rules[number].unchanged = strncmp(rules->rules[k].text ?: "", text ?: "", ARCHIVE_STRING_MAX) == 0;
                if (i->ledger->expectations && i->rules[number].unchanged)
                        i->ledger->expectations[k] = x;
        }
}

static void save_rule(Image *i, size_t number) {
        const Rule *r = &i->ledger->rules->rules[number];
        Expectation x = i->ledger->expectations ? i->ledger->expectations[number] : (Expectation){};
        char *name = r->name, *text = r->text;

        archive_string(&i->archive, &name);
        archive_string(&i->archive, &text);
        expectation_record(i, &x);
}

int image_rules(Image *i) {
        i->rule_count = archive_count(&i->archive, i->ledger->rules->count, 2);
        if (!archive_check(&i->archive, i->rule_count <= RULES_MAX))
                return -EBADMSG;
        if (archive_loads(&i->archive)) {
                i->rules = calloc(i->rule_count + 1, sizeof(*i->rules));
                if (!i->rules)
                        return -ENOMEM;
        }
        for (size_t k = 0; k < i->rule_count; k++)
                (archive_loads(&i->archive) ? load_rule : save_rule)(i, k);
        return 0;
}

static void matched_record(Image *i, RuleBits *matched) {
        RuleBits bits = *matched;

        ARCHIVE(&i->archive, bits);
        for (size_t k = 0; archive_loads(&i->archive) && k < i->rule_count; k++)
                if (rulebits_has(&bits, k) && i->rules[k].unchanged)
                        rulebits_add(matched, (size_t) i->rules[k].number);
}

/* --- tables ---------------------------------------------------------------------------------------- */

void image_table(Image *i, TableState *t) {
        Archive *a = &i->archive;
        uint8_t kind = (uint8_t) t->kind, gap = (uint8_t) t->gap.state;
        bool young;

        ARCHIVE(a, t->netns.id);
        ARCHIVE(a, t->netns.inode);
        archive_check(a, t->netns.id != 0 && netns_has_cookie(t->netns.id));
        archive_below(a, &kind, _TABLE_MAX);
        ARCHIVE(a, t->look);
        /* Of one whose first look is not long ago, the next run has to think as if it were now (row_may_be_old() of ledger-look.c). */
        young = archive_bit(a, i->ledger->cycle - t->since <= FIRST_LOOKS);
        if (archive_loads(a))
                t->since = young ? i->ledger->cycle : 0;
        t->covered = archive_bit(a, t->covered);
        t->complete = archive_bit(a, t->complete);
        t->gone = archive_bit(a, t->gone);
        t->blind = archive_bit(a, t->blind);
        archive_below(a, &gap, _COVERAGE_MAX);
        ARCHIVE(a, t->gap.error);
        moment(i, &t->gap_since);
        moment(i, &t->t0);
        moment(i, &t->t1);
        moment(i, &t->previous_t0);
        moment(i, &t->older_t0);
        t->kind = kind;
        t->gap.state = gap;
}

/* --- processes ------------------------------------------------------------------------------------- */

/* What an event can say of a process, but for what stands only in the first one. */
static void process_record(Image *i, Process *p) {
        Archive *a = &i->archive;
        uint8_t exe_state = (uint8_t) p->exe_state;
        char **strings[] = { &p->comm, &p->exe, &p->cgroup, &p->unit, &p->user_unit, &p->container, &p->pod };
        uint32_t *numbers[] = { &p->parent, &p->uid, &p->effective_uid, &p->gid, &p->login_uid, &p->audit_session, &p->netns_inode };

        for (size_t k = 0; k < ELEMENTSOF(strings); k++)
                archive_string(a, strings[k]);
        for (size_t k = 0; k < ELEMENTSOF(numbers); k++)
                ARCHIVE(a, *numbers[k]);
        ARCHIVE(a, p->start_usec);
        ARCHIVE(a, p->netns);
        archive_below(a, &exe_state, _EXE_MAX);
        p->exe_state = exe_state;
}

/* What a crowd has to tell was told before: who was folded into it is folded out. */
static void crowd_record(Image *i, Actor *x) {
        Archive *a = &i->archive;
        char *key = x->crowd ? x->crowd->key : NULL, *entity = x->crowd ? x->crowd->parent_entity : NULL;
        char *comm = x->crowd ? x->crowd->parent_comm : NULL;
        uint32_t parent = x->crowd ? x->crowd->parent : 0;

        if (!archive_bit(a, x->crowd != NULL))
                return;
        archive_string(a, &key);
        ARCHIVE(a, parent);
        archive_string(a, &entity);
        archive_string(a, &comm);
        if (!archive_loads(a))
                return;
        if (archive_check(a, key != NULL))
                ledger_crowd_join(x, ledger_crowd(i->ledger, key, parent, entity, comm)); /* out of memory: its end is told singly */
        if (x->crowd)
                x->crowd->since = i->now;
        free(key);
        free(entity);
        free(comm);
}

void image_actor(Image *i, Actor *x) {
        Archive *a = &i->archive;

        process_record(i, &x->process);
        matched_record(i, &x->matched);
        x->rule = rule_number(i, x->rule);
        x->announced = archive_bit(a, x->announced);
        x->evidence_told = archive_bit(a, x->evidence_told);
        x->exe_told = x->evidence_told;
        x->excluded = archive_bit(a, x->excluded);
        moment(i, &x->seen_t0);
        moment(i, &x->judged_t0);
        crowd_record(i, x);
}

/* --- connections ----------------------------------------------------------------------------------- */

/* Its end is counted from the look's, and may lie a little ahead: no moment(). */
static void stall_span_record(Image *i, StallSpan *s) {
        archive_below(&i->archive, &s->kind, _STALL_MAX);
        ARCHIVE(&i->archive, s->not_before);
        ARCHIVE(&i->archive, s->not_after);
}

static void stuck_record(Image *i, Stuck *s) {
        Archive *a = &i->archive;

        for (StallPart part = 0; part < _STALL_PART_MAX; part++) {
                stall_span_record(i, &s->spans[part]);
                ARCHIVE(a, s->marks[part]);
        }
        stall_span_record(i, &s->told);
        archive_below(a, &s->told_part, _STALL_PART_MAX);
        ARCHIVE(a, s->still);
        ARCHIVE(a, s->retransmits);
        ARCHIVE(a, s->look);
        ARCHIVE(a, s->before);
        ARCHIVE(a, s->moved_not_before);
        ARCHIVE(a, s->moved_not_after);
        ARCHIVE(a, s->head);
        ARCHIVE(a, s->next_head);
        ARCHIVE(a, s->next_least);
        ARCHIVE(a, s->zero);
        s->counted = archive_bit(a, s->counted);
        s->head_seen = archive_bit(a, s->head_seen);
        s->moved = archive_bit(a, s->moved);
}

/* Not cycle: what it says was then. */
static void other_end_record(Image *i, OtherEnd *o) {
        Archive *a = &i->archive;

        archive_bytes(a, o->path, o->path_size);
        ARCHIVE(a, o->holder_count);
        archive_below(a, &o->by, _PEER_BY_MAX);
        archive_below(a, &o->state, _PEER_STATE_MAX);
        actor_number(i, &o->process);
}

static int other_end(Image *i, Connection *c) {
        uint8_t path_size = c->other ? c->other->path_size : 0;

        if (!archive_bit(&i->archive, c->other != NULL))
                return 0;
        ARCHIVE(&i->archive, path_size);
        if (!c->other) {
                c->other = calloc(1, sizeof(*c->other) + path_size);
                if (!c->other)
                        return -ENOMEM;
                c->other->path_size = path_size;
        }
        other_end_record(i, c->other);
        return 0;
}

static int stuck(Image *i, Connection *c) {
        if (!archive_bit(&i->archive, c->stuck != NULL))
                return 0;
        if (!c->stuck) {
                c->stuck = calloc(1, sizeof(*c->stuck));
                if (!c->stuck)
                        return -ENOMEM;
        }
        stuck_record(i, c->stuck);
        return 0;
}

static void states_record(Image *i, Connection *c) {
        Archive *a = &i->archive;
        uint8_t count = c->state_count;

        archive_below(a, &c->state, _STATE_MAX);
        archive_below(a, &c->told_state, _STATE_MAX);
        archive_below(a, &count, STATES_MAX + 1);
        for (uint8_t k = 0; k < count; k++)
                archive_below(a, &c->states[k], _STATE_MAX);
        c->state_count = count;
        archive_below(a, &c->closer, _CLOSER_MAX);
}

static void figures_record(Image *i, Connection *c) {
        Archive *a = &i->archive;
        uint32_t *numbers[] = { &c->retransmits, &c->rtt_usec, &c->send_queue, &c->receive_queue, &c->inode, &c->peer_inode, &c->interface, &c->uid };

        ARCHIVE(a, c->bytes_sent);
        ARCHIVE(a, c->bytes_received);
        for (size_t k = 0; k < ELEMENTSOF(numbers); k++)
                ARCHIVE(a, *numbers[k]);
        archive_string(a, &c->device);
}

int image_connection(Image *i, Connection *c) {
        Archive *a = &i->archive;
        uint8_t told_as = c->told_as, asks = c->peer_asks;
        int rule = rule_number(i, c->rule == RULE_NONE ? -1 : c->rule), r;

        ARCHIVE(a, c->id);
        ARCHIVE(a, c->local);
        ARCHIVE(a, c->peer);
        ARCHIVE(a, c->told_peer);
        ARCHIVE(a, c->fd);
        ARCHIVE(a, c->generation);
        ARCHIVE(a, c->mark);
        moment(i, &c->opened_not_before);
        moment(i, &c->opened_not_after);
        moment(i, &c->seen);
        moment(i, &c->shown);
        moment(i, &c->state_not_before);
        moment(i, &c->state_not_after);
        archive_below(a, &c->direction, _DIRECTION_MAX);
        archive_below(a, &c->attribution, _ATTRIBUTION_MAX);
        archive_below(a, &told_as, TOLD_SOCKET + 1);
        archive_below(a, &asks, 4);
        archive_below(a, &c->age, 4);
        c->told = archive_bit(a, c->told);
        c->appeared = archive_bit(a, c->appeared);
        c->noticed = archive_bit(a, c->noticed);
        c->booked = archive_bit(a, c->booked);
        c->orphan = archive_bit(a, c->orphan);
        c->folded = archive_bit(a, c->folded);
        c->coarse = archive_bit(a, c->coarse);
        states_record(i, c);
        figures_record(i, c);
        c->rule = rule < 0 ? RULE_NONE : (uint16_t) rule;
        c->told_as = (uint8_t) (told_as & 3);
        c->peer_asks = (uint8_t) (asks & 3);
        actor_number(i, &c->primary);
        r = other_end(i, c);
        return r < 0 ? r : stuck(i, c);
}

/* By what ledger_key() is made of, and a name. */
void image_socket(Image *i, uint64_t *key, uint16_t *table, Socket *s) {
        Archive *a = &i->archive;

        ARCHIVE(a, *key);
        ARCHIVE(a, *table);
        ARCHIVE(a, s->cookie);
        archive_below(a, &s->family, _FAMILY_MAX);
        archive_below(a, &s->transport, _TRANSPORT_MAX);
        archive_below(a, &s->path_size, SOCKET_PATH_MAX + 1);
        archive_bytes(a, s->path, s->path_size);
}
