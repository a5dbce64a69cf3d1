/* SPDX-License-Identifier: MIT */

/* Ledger: notices. They meet looks by the rules: a close that is noted wins over rows of a look that is going on
 * (3), the final figures are the notice's, and what was never in the map is folded (7), not invented. */

#include <errno.h>

#include "detect/ledger-internal.h"

#define HEAL_LONGEST (60 * USEC_PER_SEC)

static TableState *table_of_notice(Ledger *l, const Notice *n) {
        TableKind kind = table_of(n->socket.family, n->socket.transport);
        Netns netns = { .id = n->socket.netns, .inode = n->netns_inode };

        if (kind == _TABLE_MAX)
                return NULL;
        for (size_t i = 0; i < l->table_count; i++) {
                TableState *t = l->tables[i];

                if (t->netns.id == netns.id && t->kind == kind && t->life == TABLE_LIVE)
                        return t;
        }
        /* A namespace that was looked at has its inode and pid already. */
        for (size_t i = 0; i < l->table_count; i++)
                if (l->tables[i]->netns.id == netns.id)
                        netns = l->tables[i]->netns;
        return ledger_table(l, &netns, kind);
}

/* The actor of a notice; made from its facts when it is not known yet. NULL: the notice names none. */
static Actor *actor_of_notice(Ledger *l, const Notice *n) {
        uint32_t pid;
        Actor *a;

        if (!n->process)
                return NULL;
        pid = n->process->pid;
        a = ledger_actor(l, n->process->pid);
        if (a && process_same(&a->process, n->process))
                return a;
        if (ledger_process_see(l, n->process) < 0)
                return NULL;
        return ledger_actor(l, pid);
}

static Attribution attribution_of(const Notice *n) {
        static const Attribution by_role[] = {
                [ROLE_OPENER] = ATTRIBUTION_OPENER,
                [ROLE_ACCEPTOR] = ATTRIBUTION_ACCEPTOR,
                [ROLE_CLOSER] = ATTRIBUTION_CLOSER,
                [ROLE_LISTENER] = ATTRIBUTION_LISTENER,
        };

        if (n->socket.state == STATE_LISTEN)
                return ATTRIBUTION_FD;
        if (n->role != ROLE_UNKNOWN)
                return by_role[n->role];
        return n->direction == DIRECTION_INGRESS ? ATTRIBUTION_ACCEPTOR : ATTRIBUTION_OPENER;
}

/* What only the notice knows: when, and who. */
static void opened(Connection *c, const Notice *n, Actor *a) {
        c->noticed = c->appeared = true;
        c->opened_not_before = n->opened ?: n->not_before;
        c->opened_not_after = n->opened ?: n->not_after;
        c->direction = n->direction;
        actor_release(c->primary);
        c->primary = actor_reference(a);
        if (a)
                c->attribution = (uint8_t) attribution_of(n);
}

/* A look had shown it before its first record came, which knows when it began, and is counted: then it is told, too, if it was. */
static void learn_opening(Ledger *l, Connection *c, const Notice *n) {
        if (c->noticed || n->source != NOTICE_BY_BPF)
                return;
        c->noticed = c->appeared = true;
        c->opened_not_before = n->opened ?: n->not_before;
        c->opened_not_after = n->opened ?: n->not_after;
        if (!c->newcomer)
                ledger_book_opened(l, c, c->told);
}

/* Notices come in order, but later than they happened: is this one certainly newer than every row of its table? */
static bool is_later(const Ledger *l, const Notice *n, const TableState *t) {
        return !t->open && n->not_before > t->t1;
}

static int note_state(Ledger *l, const Notice *n, uint64_t key) {
        Connection *c = ledger_connection(l, key);

        if (!c || c->state == n->socket.state || n->not_after < c->shown || connection_is_about_other_use(c, n))
                return 0; /* or a look has seen a later one */
        connection_change_state(c, n->socket.state);
        c->state_noticed = true;
        c->state_not_before = n->not_before;
        c->state_not_after = n->not_after;
        c->state_open = false;
        c->seen = MAX(c->seen, n->not_before);
        c->shown = MAX(c->shown, n->not_before);
        ledger_pend(l, c);
        return 0;
}

static int note_open(Ledger *l, const Notice *n, TableState *t, uint64_t key) {
        Connection *c = ledger_connection(l, key);
        Actor *a = actor_of_notice(l, n);
        uint64_t *value;

        if (c && !c->noticed && !connection_is_other_use(c, &n->socket)) {
                /* A look was faster. */
                if (c->newcomer)
                        opened(c, n, a);
                else
                        learn_opening(l, c, n);
                return note_state(l, n, key);
        }
        value = socketmap_find(&l->sockets, key);
        if (value && slot_kind(*value) == SLOT_CLOSED && slot_unpack(*value).absent > 0 && !is_later(l, n, t))
                return 0; /* looks were faster, and have told it to its end */
        if (c && !c->noticed && !is_later(l, n, t))
                return 0; /* a look was faster, and saw a later use */
        if (c)
                /* The close of the use before was not told: it ended when this one began. */
                ledger_vanish(l, c, c->shown, n->not_after, n, ledger_closed_slot(t, false));
        c = ledger_add(l, key, &n->socket, t);
        if (!c)
                return 0;
        opened(c, n, a);
        if (n->reused || value)
                c->id = hash_mix(c->id, c->opened_not_before); /* else it is what looks would give it, after a restart, too */
        c->seen = c->shown = n->not_before;
        ledger_note_listener(l, t, &n->socket, key);
        return 0;
}

/* A use of which nothing but its end was ever told to us, with who and when: BPF's record of a short one. */
static int complete(Ledger *l, const Notice *n, TableState *t, uint64_t key) {
        Notice open = *n;
        Connection *c;
        int r;

        open.not_before = open.not_after = n->opened;
        if (n->socket.transport == TRANSPORT_TCP && n->socket.state != STATE_SYN_SENT && n->socket.state != STATE_LISTEN)
                open.socket.state = STATE_ESTABLISHED;
        if (!n->first)
                ledger_book_recorded(l, &open, t, true);
        r = note_open(l, &open, t, key);
        if (r < 0)
                return r;
        c = ledger_connection(l, key);
        if (c)
                ledger_vanish(l, c, n->not_before, n->not_after, n, ledger_closed_slot(t, false));
        return 0;
}

/* From which state it went, and who closed it: if nobody better is known, it is his. */
static void learn_end(Ledger *l, Connection *c, const Notice *n) {
        Actor *a = n->role == ROLE_CLOSER ? actor_of_notice(l, n) : NULL;

        connection_learn_closer(c, n->socket.state);
        if (a && (!c->primary || c->attribution == ATTRIBUTION_LISTENER))
                ledger_attribute(c, a, -1, ATTRIBUTION_CLOSER);
}

/* What a look has shown, and was not told, is judged once more, by who began it. */
static void learn_opener(Ledger *l, Connection *c, const Notice *n) {
        if (c->told || c->noticed || n->opened == 0)
                return;
        opened(c, n, actor_of_notice(l, n));
        c->newcomer = true;
}

/* Since a look has shown it, it may have got another peer; what was disconnected keeps the last one. */
static void learn_last_peer(Connection *c, const Notice *n) {
        if (n->socket.peer.port == 0)
                return;
        c->local = n->socket.local;
        c->peer = n->socket.peer;
        if (c->state != n->socket.state)
                connection_change_state(c, n->socket.state);
}

/* A close ends the use that it names, a destroy message the socket. */
static int end_known(Ledger *l, Connection *c, const Notice *n, TableState *t) {
        bool other = connection_is_about_other_use(c, n), exact = n->kind == NOTICE_CLOSE;
        uint64_t not_before;
        int r;

        if (other) {
                r = ledger_missed(l, n, t);
                if (r < 0 || exact)
                        return r;
        } else if (c->freed) {
                return ledger_missed(l, n, t);
        } else if (n->socket.bytes_sent != SOCKET_UNKNOWN && (n->socket.peer.port != 0 || c->peer.port == 0)) {
                /* What the kernel has taken off by then (inode, state, peer after a reset) is not news. */
                c->bytes_sent = n->socket.bytes_sent;
                c->bytes_received = n->socket.bytes_received;
                c->retransmits = (uint32_t) MIN(n->socket.total_retransmits, (uint64_t) UINT32_MAX);
        }
        if (!exact && c->cookie == 0) {
                /* Without a cookie these may be the addresses of a use before. The look decides. */
                c->freed = true;
                c->unanswered = n->socket.answered == ANSWERED_NO;
                return 0;
        }
        if (n->first && !other) {
                learn_opener(l, c, n);
                learn_opening(l, c, n);
        }
        if (exact)
                learn_end(l, c, n);
        if (exact && c->transport == TRANSPORT_UDP)
                learn_last_peer(c, n);
        /* A destroy message is late, and this use may have been over for long when the socket was freed: reset, or disconnected. Only
         * what was seen of it is a bound. */
        if (exact)
                not_before = MAX(c->seen, n->not_before);
        else if (other || c->suspect || (n->socket.peer.port == 0 && c->peer.port != 0))
                not_before = c->shown;
        else
                not_before = c->seen;
        c->send_queue = c->receive_queue = 0;
        ledger_vanish(l, c, not_before, n->not_after, n, ledger_closed_slot(t, false));
        return 0;
}

static int note_end(Ledger *l, const Notice *n, TableState *t, uint64_t key) {
        uint64_t *value = socketmap_find(&l->sockets, key);
        Connection *c = ledger_connection(l, key);

        if (c)
                return end_known(l, c, n, t);
        if (n->kind == NOTICE_CLOSE && n->first && n->opened != 0)
                return complete(l, n, t, key); /* whatever is known of a use before */
        if (value) {
                uint64_t was = *value;
                Slot slot = slot_unpack(was);

                *value = ledger_closed_slot(t, false);
                if (n->first && slot_kind(was) == SLOT_FOREIGN)
                        ledger_book_foreign(l, n, t);
                /* Nobody knows whose it was. */
                if (n->kind == NOTICE_DESTROY && !slot_is_known(slot))
                        return ledger_missed(l, n, t);
                return 0;
        }
        if (n->kind == NOTICE_CLOSE && n->opened != 0)
                return complete(l, n, t, key);
        if (t->open) {
                /* Rule 3: its row may be on its way. */
                int r = socketmap_put(&l->sockets, key, ledger_closed_slot(t, false));
                if (r < 0)
                        return r;
        }
        return ledger_missed(l, n, t);
}

static int note_process(Ledger *l, const Notice *n) {
        Actor *a;
        int r;

        if (!n->process)
                return -EINVAL;
        a = ledger_actor(l, n->process->pid);
        if (n->kind == NOTICE_EXIT) {
                if (a && process_same(&a->process, n->process))
                        ledger_actor_gone(l, a, n->not_before, n->not_after, n);
                return 0;
        }
        r = ledger_process_note(l, n);
        return r < 0 ? r : 0;
}

/* Of the connections of this process. */
static void set_loser(Ledger *l, Event *e, const Notice *n) {
        Actor *a = ledger_actor(l, n->process->pid);

        event_set_number(e, EVENT_FIELD_BYTES_SENT, n->socket.bytes_sent);
        event_set_number(e, EVENT_FIELD_BYTES_RECEIVED, n->socket.bytes_received);
        if (a)
                ledger_event_process(l, e, a, false);
        else
                event_set_number(e, EVENT_FIELD_PID, n->process->pid);
}

static int note_lost(Ledger *l, const Notice *n) {
        Event *e = ledger_event(l, EVENT_AUDIT_LOST, n->not_before, n->not_after, notice_seen_by(n));

        event_set_number(e, EVENT_FIELD_LOST_COUNT, n->count);
        if (n->process)
                set_loser(l, e, n);
        ledger_say(l, e);
        /* Of processes: a scan heals that, and the map of sockets is as good as it was. */
        if (l->heal_at != UINT64_MAX || n->source == NOTICE_BY_CONNECTOR)
                return 0;
        /* A quiet minute forgives. */
        if (l->healed_at != 0 && n->not_after > l->healed_at + HEAL_LONGEST + l->heal_distance)
                l->heal_distance = 0;
        l->heal_at = n->not_after + l->heal_distance;
        return 0;
}

int ledger_note(Ledger *l, const Notice *n) {
        TableState *t;
        uint64_t key;

        if (n->kind == NOTICE_LOST)
                return note_lost(l, n);
        if (n->kind == NOTICE_FORK || n->kind == NOTICE_EXEC || n->kind == NOTICE_CHANGE || n->kind == NOTICE_EXIT)
                return note_process(l, n);

        t = table_of_notice(l, n);
        if (!t)
                return -EINVAL;
        if (n->kind == NOTICE_DESTROY && t->t0 == 0)
                return 0; /* nobody has looked there yet */
        key = ledger_key(l, t->netns.id, &n->socket);
        if (n->source == NOTICE_BY_BPF && (n->kind == NOTICE_OPEN || n->first))
                ledger_book_recorded(l, n, t, false);
        switch (n->kind) {
        case NOTICE_OPEN:
                return note_open(l, n, t, key);
        case NOTICE_STATE:
                return note_state(l, n, key);
        case NOTICE_CLOSE:
        case NOTICE_DESTROY:
                return note_end(l, n, t, key);
        case NOTICE_FORK:
        case NOTICE_EXEC:
        case NOTICE_CHANGE:
        case NOTICE_EXIT:
        case NOTICE_LOST:
        case _NOTICE_MAX:
                break;
        }
        return -EINVAL;
}

int ledger_hears(Ledger *l, const Netns *netns, unsigned tables) {
        for (TableKind kind = 0; kind < _TABLE_MAX; kind++) {
                TableState *t = tables & TABLE_BIT(kind) ? ledger_table(l, netns, kind) : NULL;

                if (t)
                        t->destroys = true;
                else if (tables & TABLE_BIT(kind))
                        return -ENOMEM;
        }
        return 0;
}

uint64_t ledger_heal_at(const Ledger *l) {
        return l->heal_at;
}

/* Rule 13: the next healing look waits twice as long, up to a minute. */
void ledger_healed(Ledger *l, uint64_t now) {
        l->heal_distance = MAX(l->heal_distance * 2, l->options.heal_interval);
        l->heal_distance = MIN(l->heal_distance, HEAL_LONGEST);
        l->healed_at = now;
        l->heal_at = UINT64_MAX;
}
