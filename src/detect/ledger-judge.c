/* SPDX-License-Identifier: MIT */

/* Ledger: judgement. What was noted since the last one becomes events, and what nobody watches leaves. */

#include <string.h>

#include "detect/ledger-internal.h"

static void set_socket_ids(Event *e, const Connection *c) {
        if (c->inode != 0)
                event_set_number(e, EVENT_FIELD_INODE, c->inode);
        if (c->cookie != 0)
                event_set_number(e, EVENT_FIELD_COOKIE, c->cookie);
}

static void set_opened(Event *e, const Connection *c) {
        event_set_number(e, EVENT_FIELD_OPENED_AT, c->opened_not_after);
        event_set_number(e, EVENT_FIELD_OPENED_NOT_BEFORE, c->opened_not_before);
}

static void set_states(Event *e, const Connection *c) {
        if (c->state_count > 0)
                event_set_bytes(e, EVENT_FIELD_STATES,
                                (Bytes){ .data = (const char *) c->states, .size = c->state_count });
}

static void now_is_told(Connection *c) {
        c->told_state = c->state;
        c->told_peer = c->peer;
        c->state_count = 0;
}

static ToldAs told_as(const Connection *c, bool listener) {
        return socket_is_raw(c->family, c->transport) ? TOLD_SOCKET : listener ? TOLD_LISTENER : TOLD_CONNECTION;
}

static const EventKind opening_kinds[][2] = {
        [TOLD_CONNECTION] = { EVENT_CONNECTION_PRESENT, EVENT_CONNECTION_APPEARED },
        [TOLD_LISTENER] = { EVENT_LISTENER_PRESENT, EVENT_LISTENER_APPEARED },
        [TOLD_SOCKET] = { EVENT_SOCKET_PRESENT, EVENT_SOCKET_APPEARED },
};

static const EventKind closing_kinds[] = {
        [TOLD_CONNECTION] = EVENT_CONNECTION_VANISHED,
        [TOLD_LISTENER] = EVENT_LISTENER_VANISHED,
        [TOLD_SOCKET] = EVENT_SOCKET_VANISHED,
};

/* now: when it certainly was there. */
static void tell_opening(Ledger *l, Connection *c, bool appeared, uint64_t now) {
        uint64_t not_before = appeared ? c->opened_not_before : 0, not_after = appeared ? c->opened_not_after : now;
        EventKind kind = opening_kinds[c->told_as][appeared];

        if (!ledger_folds(l, c, kind, true, not_before, not_after)) {
                Event *e = ledger_event(l, kind, not_before, not_after, c->noticed ? "bpf" : "snapshot");

                ledger_event_connection(l, e, c);
                set_socket_ids(e, c);
                set_states(e, c);
                ledger_say(l, e);
        }
        c->told = true;
        now_is_told(c);
        ledger_book_opened(l, c, true);
}

/* Of a Slot that the next look bounds as c is bounded (bound_opening() of ledger-look.c): it may be told some judgements after the look that found it. */
static uint8_t age_of(const Connection *c) {
        const TableState *t = c->table;

        if (!c->appeared)
                return c->age < 2 ? 2 : c->age;
        if (c->opened_not_before >= (t->complete ? t->t0 : t->previous_t0))
                return 0;
        return c->opened_not_before >= (t->complete ? t->previous_t0 : t->older_t0) ? 1 : 2;
}

uint64_t ledger_foreign_slot(const Connection *c) {
        return slot_pack((Slot){ .kind = SLOT_FOREIGN, .age = age_of(c), .mark = c->mark, .table = c->table->index });
}

/* Nobody watches it: from now on it is a word in the map. */
static void demote(Ledger *l, Connection *c) {
        ledger_drop(l, c, ledger_foreign_slot(c));
}

/* Nobody has accepted it yet. Who will is known one look later, mostly: until then its listener, which may be another process of
 * the same server, is not named. */
static bool awaits_accept(const Ledger *l, Connection *c) {
        if (!c->orphan || !c->appeared || (c->noticed && c->attribution != ATTRIBUTION_LISTENER) || c->waited || c->state != STATE_ESTABLISHED)
                return false;
        c->waited = true;
        return ledger_listener(l, &c->table->netns, c->transport, c->family, &c->local);
}

/* It is told whoever has it, and nobody is known to: a process that began after the last list of them was read is found in the next one. */
static bool awaits_holder(Connection *c) {
        if (c->rule == RULE_NONE || c->primary || c->orphan || c->inode == 0 || !c->appeared || c->noticed || c->waited)
                return false;
        c->waited = true;
        return true;
}

/* Without a cookie, and freed before anybody looked whose it is: the message about it was kept. */
static void miss_freed(Ledger *l, Connection *c, uint64_t now) {
        uint64_t not_after = MAX(c->shown, now);
        Notice n = { .kind = NOTICE_DESTROY, .source = NOTICE_BY_DESTROY, .not_before = c->shown, .not_after = not_after };

        connection_socket(c, &n.socket);
        n.socket.answered = c->unanswered ? ANSWERED_NO : n.socket.answered;
        (void) ledger_missed(l, &n, c->table);
}

/* It may match a rule later: whoever opened it is watched. */
static bool is_of_interest(const Connection *c) {
        return c->noticed && c->primary && c->primary->wanted;
}

static void judge_newcomer(Ledger *l, Connection *c, uint64_t now) {
        bool listener = false;

        if (c->appeared && c->opened_not_after == 0)
                c->opened_not_after = c->table->t1;
        if (awaits_accept(l, c)) {
                ledger_pend(l, c);
                return;
        }
        c->rule = ledger_decide(l, c, &listener);
        if (awaits_holder(c)) {
                ledger_pend(l, c);
                return;
        }
        c->newcomer = false;
        c->state_open = false;
        c->judged = l->cycle;
        if (c->rule == RULE_NONE && (c->orphan || !ledger_holders(l, c->inode)) && !is_of_interest(c)) {
                if (c->freed)
                        miss_freed(l, c, now);
                else if (c->noticed)
                        ledger_book_opened(l, c, false);
                demote(l, c);
                return;
        }
        ledger_book_opened(l, c, false);
        if (c->rule == RULE_NONE)
                return;
        c->told_as = (uint8_t) (told_as(c, listener) & 3);
        tell_opening(l, c, c->appeared, c->table->t1);
        ledger_judge_stall(l, c);
        ledger_holders_watch(l, c);
}

static void set_holder_changes(Event *e, const Connection *c) {
        const HolderChanges *x = c->changes;

        if (x->gained_count > 0)
                event_set_bytes(e, EVENT_FIELD_HOLDER_GAINED,
                                (Bytes){ (const char *) x->gained, (uint32_t) (x->gained_count * sizeof(HolderId)) });
        if (x->lost_count > 0)
                event_set_bytes(e, EVENT_FIELD_HOLDER_LOST,
                                (Bytes){ (const char *) x->lost, (uint32_t) (x->lost_count * sizeof(HolderId)) });
        if (c->released)
                event_set_number(e, EVENT_FIELD_HOLDER_COUNT, 0);
}

static void tell_change(Ledger *l, Connection *c, unsigned changed) {
        bool others = changed & ~(unsigned) CHANGE_HOLDERS, holders = changed & CHANGE_HOLDERS;
        uint64_t not_before = c->state_not_before, not_after = c->state_not_after;
        Event *e;

        if (holders) {
                not_before = others ? MIN(not_before, c->changes->not_before) : c->changes->not_before;
                not_after = others ? MAX(not_after, c->changes->not_after) : c->changes->not_after;
        }
        if (ledger_folds(l, c, EVENT_CONNECTION_CHANGED, false, not_before, not_after)) {
                now_is_told(c);
                return;
        }
        e = ledger_event(l, EVENT_CONNECTION_CHANGED, not_before, not_after, others && c->state_noticed ? "bpf" : "snapshot");
        ledger_event_connection(l, e, c);
        ledger_event_figures(e, c);
        event_set_printf(e, EVENT_FIELD_CHANGED, "%s%s%s%s%s", changed & CHANGE_STATE ? "state" : "",
                         changed & CHANGE_STATE && changed & ~(unsigned) CHANGE_STATE ? " " : "", changed & CHANGE_PEER ? "peer" : "",
                         changed & CHANGE_PEER && holders ? " " : "", holders ? "holders" : "");
        if (holders)
                set_holder_changes(e, c);
        if (changed & CHANGE_STATE)
                event_set_number(e, EVENT_FIELD_PREVIOUS_STATE, c->told_state);
        set_states(e, c);
        ledger_say(l, e);
        now_is_told(c);
}

/* It lives on. */
static void tell_again(Ledger *l, Connection *c) {
        Event *e;

        c->repeat = false;
        if (ledger_folds(l, c, opening_kinds[c->told_as][false], false, 0, c->table->t1))
                return;
        e = ledger_event(l, opening_kinds[c->told_as][false], 0, c->table->t1, "snapshot");
        ledger_event_connection(l, e, c);
        set_socket_ids(e, c);
        if (c->told_as == TOLD_CONNECTION)
                ledger_event_figures(e, c);
        if (c->appeared)
                set_opened(e, c);
        ledger_say(l, e);
}

static void judge_change(Ledger *l, Connection *c, uint64_t now) {
        const Rule *rule = &l->rules->rules[c->rule];
        unsigned changed = (c->state != c->told_state ? CHANGE_STATE : 0) |
                           (endpoint_compare(&c->peer, &c->told_peer) != 0 ? CHANGE_PEER : 0);

        if (ledger_holders_changed(l, c))
                changed |= CHANGE_HOLDERS;
        changed &= rule->changed;
        if (changed == 0) {
                if (!(rule->changed & CHANGE_STATE))
                        c->told_state = c->state;
                return;
        }
        if (changed == CHANGE_STATE && now - c->state_not_after < rule->state_after)
                ledger_pend(l, c);
        else {
                tell_change(l, c, changed);
                if (changed & CHANGE_HOLDERS) {
                        free(c->changes);
                        c->changes = NULL;
                }
        }
}

/* After a reload: its rule is still there, and still matches who holds it. Where it is in the rule's filter does not matter. */
static bool still_told(const Ledger *l, const Connection *c) {
        const Rule *rule;

        if (c->rule == RULE_NONE)
                return false;
        rule = &l->rules->rules[c->rule];
        if (c->primary && c->primary->excluded)
                return false;
        return !rule->match || (c->primary && rulebits_has(&c->primary->matched, c->rule));
}

/* Between two runs another one may have got it, and who had it have closed it. */
static bool has_let_go(const Ledger *l, const Connection *c) {
        if (c->attribution != ATTRIBUTION_FD)
                return false;
        for (const Holder *h = ledger_holders(l, c->inode); h; h = h->next_of_inode)
                if (h->actor == c->primary && h->fd == c->fd)
                        return false;
        return true;
}

/* Once accepted it is its holder's, no longer its listener's. */
static void refresh_primary(const Ledger *l, Connection *c, bool rechecked) {
        bool another = c->attribution == ATTRIBUTION_LISTENER || (rechecked && has_let_go(l, c));
        Holder *h = another && c->rule != RULE_NONE ? ledger_holder_for(l, c, c->rule) : NULL;

        if (h)
                ledger_attribute(c, h->actor, h->fd, ATTRIBUTION_FD);
}

static void judge_known(Ledger *l, Connection *c, uint64_t now) {
        bool listener = false, rechecked = c->recheck;

        c->judged = l->cycle;
        if (c->state_open)
                c->state_not_after = c->table->t1;
        c->state_open = c->recheck = false;
        if (c->told)
                refresh_primary(l, c, rechecked);
        /* Rule 10: entering is told, leaving is silent, and it stays with the rule that told it while that one exists. */
        if (!c->told || (rechecked && !still_told(l, c))) {
                uint16_t rule = ledger_decide(l, c, &listener);

                if (c->told) {
                        c->told = rule != RULE_NONE;
                        c->rule = rule;
                } else if (rule != RULE_NONE) {
                        uint64_t changed_at = MAX(c->seen, c->state_not_after);

                        c->rule = rule;
                        c->told_as = (uint8_t) (told_as(c, listener) & 3);
                        tell_opening(l, c, false, MAX(c->table->t1, changed_at));
                }
        }
        if (c->told) {
                ledger_holders_watch(l, c);
                judge_change(l, c, now);
                if (c->repeat)
                        tell_again(l, c);
        }
        ledger_judge_stall(l, c);
}

static void judge_pending(Ledger *l, uint64_t now) {
        Connection *c = l->pending;

        l->pending = NULL;
        l->pending_tail = &l->pending;
        while (c) {
                Connection *next = c->next_pending;

                ledger_fetch(l, next ? next->next_pending : NULL, FETCH_SLOTS);
                ledger_fetch(l, next, FETCH_HOLDERS);
                c->pending = false;
                if (c->out)
                        connection_free(c);
                else if (c->ended)
                        ledger_vanish(l, c, c->shown, c->table->t1, NULL, ledger_closed_slot(c->table, true));
                else if (c->newcomer)
                        judge_newcomer(l, c, now);
                else
                        judge_known(l, c, now);
                c = next;
        }
}

/* The sweep that just passed took the slots of a dead table away. */
static void table_judged(Ledger *l, TableState *t, uint64_t now) {
        if (t->life == TABLE_DEAD)
                t->life = TABLE_FREE;
        else if (t->t0 == 0 && t->connections == 0)
                t->life = TABLE_DEAD; /* only notices know of it: nothing can come of it any more, or it begins anew */
        else if (t->gone && t->connections == 0) {
                if (t->gap.state != COVERAGE_OK)
                        ledger_gap_table(l, t, now); /* what was out of sight is gone, too */
                t->gap = (Coverage){};
                t->life = TABLE_DEAD;
        }
        t->covered |= t->looked && !t->gone;
        t->looked = false;
}

void ledger_judge(Ledger *l, uint64_t now) {
        ledger_announce(l);
        ledger_baseline_begin(l, now);
        ledger_sweep(l);
        judge_pending(l, now);
        socketmap_trim(&l->sockets);
        socketmap_trim(&l->inodes);
        socketmap_trim(&l->listeners);
        ledger_judge_expectations(l, now);

        for (size_t i = 0; i < l->table_count; i++)
                table_judged(l, l->tables[i], now);
        /* A second look within a cycle is not one at all of them: only room is the end of it. */
        if (l->over_limit > 0 || l->options.max_sockets == 0 || l->connections < l->options.max_sockets || l->limits[LIMIT_SOCKETS].most == 0)
                ledger_over_limit(l, LIMIT_SOCKETS, now, l->over_limit);
        l->over_limit = 0;
        ledger_over_limit(l, LIMIT_HOLDERS, now, l->unkept);
        if (l->denied > 0)
                ledger_gap_denied(l, now);
        l->denied = 0;
        l->unheld = l->sought = 0;
        l->everyone = false;
        ledger_heirs_due(l, now);
        ledger_tell_crowds(l, now, false);
        ledger_judge_budget(l, now);
        l->looked = l->reloaded = false;
        l->cycle++;
}

/* It ends before it was judged. True: it has one event for its whole life; otherwise its opening was told now, or it is not
 * to be told. */
static bool end_newcomer(Ledger *l, Connection *c, uint64_t not_after) {
        /* A look that is going on has no end yet. */
        uint64_t known = c->table->open ? not_after : MIN(c->table->t1, not_after);
        bool listener = false;

        if (c->appeared && c->opened_not_after == 0)
                c->opened_not_after = known;
        c->opened_not_before = MIN(c->opened_not_before, c->opened_not_after);
        c->newcomer = false;
        c->rule = ledger_decide(l, c, &listener);
        c->told_as = (uint8_t) (told_as(c, listener) & 3);
        ledger_book_opened(l, c, false);
        if (c->rule == RULE_NONE)
                return false;
        if (!c->appeared || c->told_as != TOLD_CONNECTION) {
                tell_opening(l, c, c->appeared, known);
                return false;
        }
        c->told = true;
        ledger_book_opened(l, c, true);
        return true;
}

static EventKind kind_of_end(const Connection *c, const Notice *n, bool completed) {
        if (c->told_as != TOLD_CONNECTION)
                return closing_kinds[c->told_as];
        if (n && connection_never_was(c, n))
                return EVENT_CONNECTION_FAILED;
        return completed ? EVENT_CONNECTION_COMPLETED : EVENT_CONNECTION_VANISHED;
}

/* How it ended, as far as the notice, or the states that were seen, say so. */
static void set_end(Event *e, const Connection *c, const Notice *n) {
        if (n && n->end != END_UNKNOWN)
                event_set_number(e, EVENT_FIELD_END, n->end);
        if (n && n->error != 0)
                event_set_word(e, EVENT_FIELD_ERROR, strerrorname_np(n->error));
        if (c->closer != CLOSER_UNKNOWN)
                event_set_word(e, EVENT_FIELD_CLOSED_BY, closer_name(c->closer));
}

static void tell_end(Ledger *l, Connection *c, EventKind kind, bool completed, uint64_t not_before, uint64_t not_after, const Notice *n) {
        Event *e = ledger_event(l, kind, not_before, not_after, notice_seen_by(n));

        ledger_event_connection(l, e, c);
        if (c->told_as == TOLD_CONNECTION)
                ledger_event_figures(e, c);
        if (c->state != c->told_state)
                event_set_number(e, EVENT_FIELD_PREVIOUS_STATE, c->told_state);
        set_states(e, c);
        if (completed) {
                set_opened(e, c);
                set_socket_ids(e, c);
        }
        if (c->appeared && not_after >= c->opened_not_before)
                event_set_number(e, EVENT_FIELD_DURATION, not_after - c->opened_not_before);
        set_end(e, c, n);
        ledger_event_stall(e, c, c->shown);
        ledger_say(l, e);
}

void ledger_vanish(Ledger *l, Connection *c, uint64_t not_before, uint64_t not_after, const Notice *n, uint64_t instead) {
        bool completed = false, unknown = c->newcomer && (c->orphan || !ledger_holders(l, c->inode));
        EventKind kind;

        not_before = MIN(not_before, not_after);
        if (c->newcomer)
                completed = end_newcomer(l, c, not_after);
        if (!c->told) {
                /* A look showed it, but nobody has looked yet whose it is. */
                if (unknown && n && n->kind == NOTICE_DESTROY && !connection_is_about_other_use(c, n))
                        (void) ledger_missed(l, n, c->table);
                ledger_drop(l, c, instead);
                return;
        }
        kind = kind_of_end(c, n, completed);
        ledger_expect_ended(l, c, not_after, n);
        if (!ledger_folds(l, c, kind, completed, not_before, not_after))
                tell_end(l, c, kind, completed, not_before, not_after, n);
        ledger_drop(l, c, instead);
}
