/* SPDX-License-Identifier: MIT */

/* Ledger: judgement. What was noted since the last one becomes events, what was not seen becomes suspect, and what
 * nobody watches leaves. Then the suspects are asked about. */

#include <string.h>

#include "detect/ledger-internal.h"

#define FOREIGN_ABSENT_MAX 3 /* dumps skip living sockets: one look is no reason to forget */

static void sweep_connection(Ledger *l, Connection *c) {
        TableState *t = c->table;

        if (!t->looked || c->mark == t->look)
                return;
        /* Rule 3: a notice saw it after the look began. */
        if (c->seen >= t->t0)
                return;
        if (c->absent < UINT8_MAX)
                c->absent++;
        if (!c->suspect)
                l->suspects++;
        c->suspect = true;
}

static void sweep_slot(void *userdata, uint64_t key, uint64_t *value) {
        Ledger *l = userdata;
        Slot slot = slot_unpack(*value);

        (void) key;
        if (slot.kind == SLOT_CONNECTION) {
                sweep_connection(l, slot_connection(*value));
                return;
        }
        if (l->tables[slot.table]->life != TABLE_LIVE) {
                *value = 0;
                return;
        }
        /* That a namespace could not be found says nothing of a single socket. */
        if (!l->tables[slot.table]->looked || l->tables[slot.table]->gone)
                return;
        if (slot.kind == SLOT_CLOSED && slot.age == 2) {
                *value = 0;
                return;
        }
        if (slot.kind == SLOT_FOREIGN && slot.mark != l->tables[slot.table]->look &&
            ++slot.absent >= FOREIGN_ABSENT_MAX) {
                *value = 0;
                return;
        }
        /* It grows older whether a look shows it or skips it. */
        if (slot.age < 2)
                slot.age++;
        *value = slot_pack(slot);
}

static void sweep_listener(void *userdata, uint64_t key, uint64_t *value) {
        const Ledger *l = userdata;

        (void) key;
        if (!socketmap_find(&l->sockets, *value))
                *value = 0;
}

/* 127.0.0.0/8, also mapped, and ::1: the peer is in the same namespace. */
static bool is_loopback(const Connection *c) {
        static const Endpoint one = { .ip = { [15] = 1 } };
        Endpoint peer = c->peer;

        if (endpoint_normalise((Family) c->family, &peer) == FAMILY_IPV4)
                return peer.ip[0] == 127;
        return memcmp(peer.ip, one.ip, sizeof(one.ip)) == 0;
}

/* Who connected? Certain from SYN_SENT, or a listener on the local port, or on that of a peer in the same namespace. A socket on an ephemeral port that talks to a
 * port which is none has connected itself (an accepted one has its listener's port); the rest stays undecided. */
static Direction direct(const Ledger *l, const Connection *c) {
        if (c->direction != DIRECTION_UNKNOWN || c->family == FAMILY_UNIX)
                return c->direction;
        if (c->state == STATE_SYN_SENT)
                return DIRECTION_EGRESS;
        if (c->peer.port == 0)
                return DIRECTION_UNKNOWN;
        if (ledger_listens(l, &c->table->netns, c->transport, c->family, &c->local, c->key))
                return DIRECTION_INGRESS;
        if (is_loopback(c) && ledger_listens(l, &c->table->netns, c->transport, c->family, &c->peer, c->key))
                return DIRECTION_EGRESS;
        if (ledger_is_ephemeral(l, c->local.port) && !ledger_is_ephemeral(l, c->peer.port))
                return DIRECTION_EGRESS;
        return DIRECTION_UNKNOWN;
}

static bool is_older(const Holder *a, const Holder *b) {
        int d = CMP(a->actor->process.start_ticks, b->actor->process.start_ticks);

        d = d ?: CMP(a->actor->process.pid, b->actor->process.pid);
        return (d ?: CMP(a->fd, b->fd)) < 0;
}

/* The holder that speaks for a rule: the oldest that matches it. NULL: none does. */
static Holder *holder_for(const Ledger *l, const Connection *c, size_t rule) {
        Holder *best = NULL;

        if (c->orphan)
                return NULL;
        for (Holder *h = ledger_holders(l, c->inode); h; h = h->next_of_inode) {
                bool ok = l->rules->rules[rule].match ? rulebits_has(&h->actor->matched, rule) : !h->actor->excluded;

                if (ok && (!best || is_older(h, best)))
                        best = h;
        }
        return best;
}

static void attribute(Connection *c, Actor *a, int fd, Attribution how) {
        if (c->primary != a) {
                actor_release(c->primary);
                c->primary = actor_reference(a);
        }
        c->fd = fd;
        c->attribution = (uint8_t) how;
}

/* Does rule i tell this connection? Names the process if so. */
static bool rule_tells(Ledger *l, Connection *c, size_t i, const Socket *s, bool listener) {
        const Rule *rule = &l->rules->rules[i];
        Connection *by;
        Holder *h;

        if (!socketfilter_match(&rule->sockets, s, c->direction, listener))
                return false;
        h = holder_for(l, c, i);
        /* Who opened or accepted it speaks first. */
        if (c->noticed && c->primary && (!rule->match || rulebits_has(&c->primary->matched, i)))
                return !c->primary->excluded;
        if (h) {
                attribute(c, h->actor, h->fd, ATTRIBUTION_FD);
                return true;
        }
        by = c->orphan ? ledger_listener(l, &c->table->netns, c->transport, c->family, &c->local) : NULL;
        if (by && by->primary && (!rule->match || rulebits_has(&by->primary->matched, i))) {
                attribute(c, by->primary, -1, ATTRIBUTION_LISTENER);
                return true;
        }
        /* Of any process, and nobody to be named: unless all who hold it are excluded. */
        return !rule->match && (c->orphan || !ledger_holders(l, c->inode));
}

/* The first rule that tells it, or RULE_NONE. */
static uint16_t decide(Ledger *l, Connection *c, bool *ret_listener) {
        Socket s;
        bool listener;

        connection_socket(c, &s);
        listener = ledger_is_listener(l, &s);
        c->direction = (uint8_t) direct(l, c);
        for (size_t i = 0; i < l->rules->count; i++)
                if (rule_tells(l, c, i, &s, listener)) {
                        *ret_listener = listener;
                        return (uint16_t) i;
                }
        return RULE_NONE;
}

static const char *seen_by(const Notice *n) {
        if (!n)
                return "snapshot";
        return n->source == NOTICE_BY_BPF ? "bpf" : "destroy";
}

static void set_socket_ids(Event *e, const Connection *c) {
        if (c->inode != 0)
                event_set_number(e, EVENT_FIELD_INODE, c->inode);
        if (c->cookie != 0)
                event_set_number(e, EVENT_FIELD_COOKIE, c->cookie);
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

/* now: when it certainly was there. */
static void tell_opening(Ledger *l, Connection *c, bool appeared, uint64_t now) {
        Event *e;
        EventKind kind;

        if (c->told_listener)
                kind = appeared ? EVENT_LISTENER_APPEARED : EVENT_LISTENER_PRESENT;
        else
                kind = appeared ? EVENT_CONNECTION_APPEARED : EVENT_CONNECTION_PRESENT;
        e = ledger_event(l, kind, appeared ? c->opened_not_before : 0, appeared ? c->opened_not_after : now,
                         c->noticed ? "bpf" : "snapshot");
        ledger_event_connection(l, e, c);
        set_socket_ids(e, c);
        set_states(e, c);
        ledger_say(l, e);
        c->told = true;
        now_is_told(c);
        ledger_book_opened(l, c, true);
}

/* Nobody watches it: from now on it is a word in the map. */
static void demote(Ledger *l, Connection *c) {
        Slot slot = { .kind = SLOT_FOREIGN, .mark = c->mark, .table = c->table->index };

        /* As old as the sweep, which has passed already, would have made it. */
        slot.age = (uint8_t) (c->age < 2 && c->table->looked ? c->age + 1 : c->age) & 3;
        ledger_drop(l, c, slot_pack(slot));
}

/* Nobody has accepted it yet. Who will is known one look later, mostly: until then its listener, which may be another process of
 * the same server, is not named. */
static bool awaits_accept(const Ledger *l, Connection *c) {
        if (!c->orphan || !c->appeared || c->noticed || c->waited || c->state != STATE_ESTABLISHED)
                return false;
        c->waited = true;
        return ledger_listener(l, &c->table->netns, c->transport, c->family, &c->local);
}

static void judge_newcomer(Ledger *l, Connection *c) {
        bool listener = false;

        if (c->appeared && c->opened_not_after == 0)
                c->opened_not_after = c->table->t1;
        if (awaits_accept(l, c)) {
                ledger_pend(l, c);
                return;
        }
        c->newcomer = false;
        c->state_open = false;
        c->judged = l->cycle;
        c->rule = decide(l, c, &listener);
        if (c->rule == RULE_NONE && (c->orphan || !ledger_holders(l, c->inode)) && !c->noticed) {
                demote(l, c);
                return;
        }
        ledger_book_opened(l, c, false);
        if (c->rule == RULE_NONE)
                return;
        c->told_listener = listener;
        tell_opening(l, c, c->appeared, c->table->t1);
}

static void tell_change(Ledger *l, Connection *c, unsigned changed) {
        Event *e = ledger_event(l, EVENT_CONNECTION_CHANGED, c->state_not_before, c->state_not_after,
                                c->state_noticed ? "bpf" : "snapshot");

        ledger_event_connection(l, e, c);
        ledger_event_figures(e, c);
        event_set_printf(e, EVENT_FIELD_CHANGED, "%s%s%s", changed & CHANGE_STATE ? "state" : "",
                         changed == (CHANGE_STATE | CHANGE_PEER) ? " " : "", changed & CHANGE_PEER ? "peer" : "");
        if (changed & CHANGE_STATE)
                event_set_number(e, EVENT_FIELD_PREVIOUS_STATE, c->told_state);
        set_states(e, c);
        ledger_say(l, e);
        now_is_told(c);
}

static void judge_change(Ledger *l, Connection *c, uint64_t now) {
        const Rule *rule = &l->rules->rules[c->rule];
        unsigned changed = (c->state != c->told_state ? CHANGE_STATE : 0) |
                           (endpoint_compare(&c->peer, &c->told_peer) != 0 ? CHANGE_PEER : 0);

        changed &= rule->changed;
        if (changed == 0) {
                if (!(rule->changed & CHANGE_STATE))
                        c->told_state = c->state;
                return;
        }
        if (changed == CHANGE_STATE && now - c->state_not_after < rule->state_after)
                ledger_pend(l, c);
        else
                tell_change(l, c, changed);
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

/* Once accepted it is its holder's, no longer its listener's. */
static void refresh_primary(const Ledger *l, Connection *c) {
        Holder *h = c->attribution == ATTRIBUTION_LISTENER && c->rule != RULE_NONE ? holder_for(l, c, c->rule) : NULL;

        if (h)
                attribute(c, h->actor, h->fd, ATTRIBUTION_FD);
}

static void judge_known(Ledger *l, Connection *c, uint64_t now) {
        bool listener = false, rechecked = c->recheck;

        c->judged = l->cycle;
        if (c->state_open)
                c->state_not_after = c->table->t1;
        c->state_open = c->recheck = false;
        if (c->told)
                refresh_primary(l, c);
        /* Rule 10: entering is told, leaving is silent, and it stays with the rule that told it while that one exists. */
        if (!c->told || (rechecked && !still_told(l, c))) {
                uint16_t rule = decide(l, c, &listener);

                if (c->told) {
                        c->told = rule != RULE_NONE;
                        c->rule = rule;
                } else if (rule != RULE_NONE) {
                        uint64_t changed_at = MAX(c->seen, c->state_not_after);

                        c->rule = rule;
                        c->told_listener = listener;
                        tell_opening(l, c, false, MAX(c->table->t1, changed_at));
                }
        }
        if (c->told)
                judge_change(l, c, now);
}

static void judge_pending(Ledger *l, uint64_t now) {
        Connection *c = l->pending;

        l->pending = NULL;
        l->pending_tail = &l->pending;
        while (c) {
                Connection *next = c->next_pending;

                c->pending = false;
                if (c->out)
                        connection_free(c);
                else if (c->ended)
                        ledger_vanish(l, c, c->shown, c->table->t1, NULL, ledger_closed_slot(c->table, true));
                else if (c->newcomer)
                        judge_newcomer(l, c);
                else
                        judge_known(l, c, now);
                c = next;
        }
}

/* The sweep that just passed took the slots of a dead table away. */
static void table_judged(TableState *t) {
        if (t->life == TABLE_DEAD)
                t->life = TABLE_FREE;
        else if (t->gone && t->connections == 0)
                t->life = TABLE_DEAD;
        t->covered |= t->looked && !t->gone;
        t->looked = false;
}

void ledger_judge(Ledger *l, uint64_t now) {
        socketmap_visit(&l->sockets, sweep_slot, l);
        socketmap_visit(&l->listeners, sweep_listener, l);
        judge_pending(l, now);

        for (size_t i = 0; i < l->table_count; i++)
                table_judged(l->tables[i]);
        if (l->over_limit > 0 && !l->over_limit_told)
                ledger_gap(l, "over-limit", now, now, l->over_limit);
        l->over_limit_told = l->over_limit > 0;
        l->over_limit = 0;
        if (l->denied > 0)
                ledger_gap_denied(l, now);
        l->denied = 0;
        l->unheld = 0;
        l->looked = l->reloaded = false;
        l->cycle++;
}

/* It ends before it was judged. True: it has one event for its whole life; otherwise its opening was told now, or it is not
 * to be told. */
static bool end_newcomer(Ledger *l, Connection *c, uint64_t not_after) {
        /* A look that is going on has no end yet. */
        uint64_t known = l->current == c->table ? not_after : MIN(c->table->t1, not_after);
        bool listener = false;

        if (c->appeared && c->opened_not_after == 0)
                c->opened_not_after = known;
        c->opened_not_before = MIN(c->opened_not_before, c->opened_not_after);
        c->newcomer = false;
        c->rule = decide(l, c, &listener);
        c->told_listener = listener;
        ledger_book_opened(l, c, false);
        if (c->rule == RULE_NONE)
                return false;
        if (!c->appeared || listener) {
                tell_opening(l, c, c->appeared, known);
                return false;
        }
        c->told = true;
        ledger_book_opened(l, c, true);
        return true;
}

void ledger_vanish(Ledger *l, Connection *c, uint64_t not_before, uint64_t not_after, const Notice *n, uint64_t instead) {
        bool completed = false, listener;
        Event *e;

        not_before = MIN(not_before, not_after);
        if (c->newcomer)
                completed = end_newcomer(l, c, not_after);
        listener = c->told_listener;
        if (!c->told) {
                ledger_drop(l, c, instead);
                return;
        }
        e = ledger_event(l, completed ? EVENT_CONNECTION_COMPLETED : listener ? EVENT_LISTENER_VANISHED : EVENT_CONNECTION_VANISHED,
                         not_before, not_after, seen_by(n));
        ledger_event_connection(l, e, c);
        if (!listener)
                ledger_event_figures(e, c);
        if (c->state != c->told_state)
                event_set_number(e, EVENT_FIELD_PREVIOUS_STATE, c->told_state);
        set_states(e, c);
        if (completed) {
                event_set_number(e, EVENT_FIELD_OPENED_AT, c->opened_not_after);
                event_set_number(e, EVENT_FIELD_OPENED_NOT_BEFORE, c->opened_not_before);
                set_socket_ids(e, c);
        }
        if (c->appeared && not_after >= c->opened_not_before)
                event_set_number(e, EVENT_FIELD_DURATION, not_after - c->opened_not_before);
        if (n && n->end != END_UNKNOWN)
                event_set_number(e, EVENT_FIELD_END, n->end);
        ledger_say(l, e);
        ledger_drop(l, c, instead);
}

typedef struct SuspectKeys {
        uint64_t *keys;
        size_t count, room;
} SuspectKeys;

static void collect_suspect(void *userdata, uint64_t key, uint64_t *value) {
        SuspectKeys *list = userdata;

        if (slot_kind(*value) == SLOT_CONNECTION && slot_connection(*value)->suspect && list->count < list->room)
                list->keys[list->count++] = key;
}

static void suspect_of(const Ledger *l, const Connection *c, Suspect *ret) {
        connection_socket(c, &ret->socket);
        ret->netns = c->table->netns;
        ret->absent = c->absent;
        ret->netns_gone = c->table->gone;
        ret->holder_count = 0;
        for (Holder *h = c->orphan ? NULL : ledger_holders(l, c->inode); h; h = h->next_of_inode) {
                if (ret->holder_count == ELEMENTSOF(ret->holders))
                        break;
                ret->holders[ret->holder_count++] = (SuspectHolder){
                        .pid = h->actor->process.pid,
                        .start_ticks = h->actor->process.start_ticks,
                        .fd = h->fd,
                };
        }
}

void ledger_question(Ledger *l, ledger_question_t ask, void *userdata) {
        SuspectKeys list = { .room = l->suspects };

        if (l->suspects == 0)
                return;
        list.keys = malloc(list.room * sizeof(uint64_t));
        if (!list.keys)
                return; /* they stay suspects until the next time */
        socketmap_visit(&l->sockets, collect_suspect, &list);
        for (size_t i = 0; i < list.count; i++) {
                Connection *c = ledger_connection(l, list.keys[i]);
                uint64_t when = 0;
                Suspect s;

                if (!c || !c->suspect)
                        continue;
                suspect_of(l, c, &s);
                switch (ask(userdata, &s, &when)) {
                case VERDICT_ALIVE:
                        /* Alive now, so it was alive when the look ended that lacked it. */
                        c->suspect = false;
                        c->absent = 0;
                        c->seen = MAX(c->seen, c->table->t1);
                        l->suspects--;
                        break;
                case VERDICT_GONE:
                        ledger_vanish(l, c, c->seen, when, NULL, ledger_closed_slot(c->table, true));
                        break;
                case VERDICT_UNSURE:
                        break;
                }
        }
        free(list.keys);
}
