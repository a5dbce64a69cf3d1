/* SPDX-License-Identifier: MIT */

/* Ledger: looks. Rows come one by one, while the kernel is being read; each finds its entry, marks it and leaves a
 * note of what differs for the judgement. Nothing is told here but gaps. */

#include <errno.h>
#include <string.h>

#include "detect/ledger-internal.h"

int ledger_look_begin(Ledger *l, const Netns *netns, TableKind kind, uint64_t t0) {
        TableState *t = ledger_table(l, netns, kind);

        if (!t)
                return l->table_count == TABLES_MAX ? -ENOBUFS : -ENOMEM;
        /* Ages count judgements: a look that no judgement followed is one with this. */
        if (t->complete && !t->looked) {
                t->older_t0 = t->previous_t0;
                t->previous_t0 = t->t0;
        }
        t->netns = *netns;
        t->complete = t->waiting = t->counted = t->walked = t->unclear = false;
        t->open = true;
        t->rows = 0;
        t->look++;
        t->t0 = t->t1 = t0;
        l->current = t;
        l->looked = true;
        return 0;
}

bool ledger_walkable(Ledger *l, const Netns *netns, TableKind kind) {
        const TableState *t = ledger_table_known(l, netns, kind);

        return t && t->covered && t->dumped_t0 != 0 && !t->gone && !l->rules->any_process && !ledger_holders_open(l, t);
}

size_t ledger_dumped_rows(const Ledger *l, const Netns *netns, TableKind kind) {
        const TableState *t = ledger_table_known(l, netns, kind);

        return t ? t->dumped_rows : 0;
}

int ledger_walk_begin(Ledger *l, const Netns *netns, TableKind kind, uint64_t t0) {
        int r = ledger_look_begin(l, netns, kind, t0);

        if (r >= 0)
                l->current->walked = l->current->blind = true;
        return r;
}

void ledger_walk_end(Ledger *l, uint64_t t1, bool complete) {
        for (size_t i = 0; i < l->table_count; i++) {
                if (!l->tables[i]->open)
                        continue;
                l->current = l->tables[i];
                if (complete)
                        (void) ledger_look_end(l, t1, (Coverage){});
                else
                        (void) ledger_look_cancel(l);
        }
}

bool ledger_walk_answers(const Ledger *l, const Netns *netns, TableKind kind) {
        const TableState *t = ledger_table_known(l, netns, kind);

        return t && t->walked && t->looked && !t->unclear;
}

static bool row_is_held(const Ledger *l, const Socket *row) {
        return row->inode != 0 && ledger_holders(l, row->inode);
}

/* Is it likely that another has it, too, who was walked before? A child that is new was walked, but not its parent since. */
static bool row_is_inherited(const Ledger *l, const Socket *row) {
        for (const Holder *h = ledger_holders(l, row->inode); h; h = h->next_of_inode) {
                const Process *p = &h->actor->process;
                const Actor *parent = ledger_actor(l, p->parent);

                if (parent && parent->wanted && parent->walked_t0 < p->start_usec + USEC_PER_TICK)
                        return true;
        }
        return false;
}

/* Not yet accepted (of which nobody but the other side can have closed anything): it belongs to whoever listens there. */
static bool row_has_listener(const Ledger *l, const TableState *t, const Socket *row) {
        return row->inode == 0 && transport_on_wire(row->transport) == TRANSPORT_TCP &&
               (row->state == STATE_ESTABLISHED || row->state == STATE_CLOSE_WAIT) &&
               ledger_listener(l, &t->netns, row->transport, row->family, &row->local);
}

/* Rule 4: it has a holder from before the first look of this table, which lacked it: it may be that old. Later on it is rather a socket
 * that was not bound or connected until now. */
static bool row_may_be_old(const Ledger *l, const TableState *t, const Socket *row) {
        if (!t->covered || l->cycle - t->since > FIRST_LOOKS)
                return false;
        for (Holder *h = row->inode ? ledger_holders(l, row->inode) : NULL; h; h = h->next_of_inode)
                if (h->since <= t->since)
                        return true;
        return false;
}

/* When did it open? `age` is that of its slot, or -1 for a key that the map does not have. */
static void bound_opening(Connection *c, const TableState *t, int age) {
        if (age == 1 && t->older_t0 != 0)
                c->opened_not_before = t->older_t0;
        else if (age <= 0 && t->covered)
                c->opened_not_before = t->previous_t0;
        else
                return;
        c->appeared = true;
        c->opened_not_after = 0; /* the end of this look: before it was watched, this may have been another use of the socket */
}

/* What others hold is not shown by a walk: a socket that is seen for the first time may be older than the look before. Only hooks in the kernel know. */
static int blind_age(const Socket *row, const TableState *t) {
        return row->opened != SOCKET_UNKNOWN && row->opened >= t->previous_t0 ? -1 : 3;
}

static int see_new(Ledger *l, uint64_t key, const Socket *row, TableState *t, int age) {
        bool held = row_is_held(l, row), known = age >= 0;
        Connection *c;

        if (t->blind)
                age = blind_age(row, t);
        else if (!known && held && row_may_be_old(l, t, row))
                age = 3;

        /* A new socket with an inode waits for the walk that finds its holder; at the first look of a table the walk came
         * before. */
        if (held || l->rules->any_process || row_has_listener(l, t, row) ||
            (t->covered && age <= 0 && row->inode != 0)) {
                c = ledger_add(l, key, row, t);
                if (c) {
                        c->seen = c->shown = t->t0;
                        c->age = age >= 0 ? (uint8_t) age : t->covered ? 0 : 3;
                        bound_opening(c, t, age);
                        if (t->blind && c->appeared)
                                c->opened_not_before = c->opened_not_after = row->opened;
                        ledger_see_stall(l, c, row, t, true);
                        l->unheld += t->covered && row->inode != 0 && (!held || (age < 0 && row_is_inherited(l, row)));
                        return 0;
                }
        }
        if (known)
                return 0;
        return socketmap_put(&l->sockets, key,
                             slot_pack((Slot){ .kind = SLOT_FOREIGN, .age = t->covered && age < 0 ? 0 : 3,
                                               .mark = t->look, .table = t->index }));
}

static void change_state(Connection *c, uint8_t state) {
        if (c->state == state)
                return;
        connection_change_state(c, state);
        c->state_not_before = c->shown;
        c->state_open = true;
        c->state_noticed = false;
}

/* A holder that it had not when it was last judged, or that matches more since. Where nobody is told, this is asked of each row: but not where no holder
 * has come anywhere since it was last asked. */
static bool has_new_holder(const Ledger *l, Connection *c, uint32_t inode) {
        if (l->held_since < c->asked)
                return false;
        c->asked = l->cycle;
        for (Holder *h = inode ? ledger_holders(l, inode) : NULL; h; h = h->next_of_inode)
                if (h->since > c->judged)
                        return true;
        return false;
}

/* Another use took its place. */
static int see_other_use(Ledger *l, Connection *c, const Socket *row, TableState *t) {
        Connection *next;

        c->ended = true;
        ledger_pend(l, c);
        next = ledger_add(l, c->key, row, t);
        if (!next)
                /* No room: what is there now is no longer c. */
                return socketmap_put(&l->sockets, c->key,
                                     slot_pack((Slot){ .kind = SLOT_FOREIGN, .mark = t->look, .table = t->index }));
        next->generation = (uint8_t) (c->generation + 1);
        next->id = hash_mix(c->id, c->shown ^ next->generation);
        next->seen = next->shown = t->t0;
        next->appeared = true;
        next->opened_not_before = c->shown;
        ledger_see_stall(l, next, row, t, true);
        return 0;
}

/* Rule 3: is the row older than what a notice has told since this look began? */
static bool row_is_stale(const Connection *c, const Socket *row, const TableState *t) {
        if (c->noticed && c->opened_not_after >= t->t0 && connection_is_other_use(c, row))
                return true;
        return c->state_noticed && c->state_not_after >= t->t0 && c->state != row->state;
}

static int see_known(Ledger *l, Connection *c, const Socket *row, TableState *t) {
        if (c->suspect)
                l->suspects--;
        c->suspect = c->freed = false;
        c->absent = 0;
        c->mark = t->look;

        if (row_is_stale(c, row, t))
                return 0;
        if (connection_is_other_use(c, row))
                return see_other_use(l, c, row, t);
        if ((c->orphan || c->newcomer) && row->inode != 0) {
                /* It was accepted, or waited for: now it has a holder. */
                ledger_pend(l, c);
                l->unheld += !row_is_held(l, row);
        }

        ledger_see_stall(l, c, row, t, false);
        change_state(c, row->state);
        if (c->transport != TRANSPORT_TCP && endpoint_compare(&c->peer, &row->peer) != 0) {
                c->peer = row->peer;
                c->local = row->local;
                c->state_not_before = c->shown;
                c->state_open = true;
                c->state_noticed = false;
        }
        connection_update(c, row);
        if (c->changes && row->inode != 0 && t->t0 >= c->changes->not_after) {
                l->sought += c->let_go;
                ledger_pend(l, c);
        }
        c->seen = MAX(c->seen, t->t0);
        c->shown = MAX(c->shown, t->t0);
        if (c->state_open || c->recheck || (!c->told && has_new_holder(l, c, row->inode)))
                ledger_pend(l, c);
        return 0;
}

/* Of a connection that is told: known (as what was always there), so that its close is not missed (rule 7), and nothing else. */
static int see_subflow(Ledger *l, uint64_t key, const TableState *t) {
        const uint64_t *value = socketmap_find(&l->sockets, key);
        Slot known = { .kind = SLOT_FOREIGN, .age = 3, .mark = t->look, .table = t->index };

        if (value && slot_kind(*value) == SLOT_CONNECTION)
                return 0;
        if (value && slot_kind(*value) == SLOT_CLOSED && slot_unpack(*value).mark == t->look)
                return 0; /* rule 3 */
        return socketmap_put(&l->sockets, key, slot_pack(known));
}

/* In a walk rows of all tables come one among another. */
static TableState *table_of_row(Ledger *l, const Socket *row) {
        TableKind kind;
        TableState *t = l->current;

        if (!t || !t->walked)
                return t;
        kind = table_of(row->family, row->transport);
        if (t->netns.id != row->netns || t->kind != kind)
                t = ledger_table_known(l, &(Netns){ .id = row->netns }, kind);
        if (!t || !t->open)
                return NULL;
        return l->current = t;
}

/* Its age decides how it is told. */
static bool is_to_be_asked(const TableState *t, const Socket *row, const uint64_t *value) {
        if (!t->walked || row->opened != SOCKET_UNKNOWN)
                return false;
        return !value || (slot_kind(*value) != SLOT_CONNECTION && slot_unpack(*value).mark != t->look);
}

int ledger_see(Ledger *l, const Socket *row) {
        TableState *t = table_of_row(l, row);
        uint64_t key, *value;
        Connection *c;
        Slot slot;

        if (!t)
                return -EINVAL;
        t->rows++;
        if (t->walked && row->state == STATE_LISTEN && row->receive_queue > 0)
                t->unclear = true; /* nobody holds what waits */
        if (row->cookie == 0 && row->inode == 0 && transport_on_wire(row->transport) != TRANSPORT_TCP)
                return 0; /* nothing tells it from others of its kind */
        key = ledger_key(l, t->netns.id, row);
        if (row->timer == TIMER_TIME_WAIT || row->state == STATE_TIME_WAIT) {
                /* Rule 8: a mini-socket is proof that the socket is gone. */
                c = ledger_connection(l, key);
                if (c) {
                        c->ended = true;
                        c->mark = t->look;
                        ledger_pend(l, c);
                }
                return 0;
        }
        if (row->subflow)
                return see_subflow(l, key, t);
        ledger_note_listener(l, t, row, key);
        if (stall_is_waiting(row))
                ledger_see_waiting(l, row, t, key);

        value = socketmap_find(&l->sockets, key);
        if (is_to_be_asked(t, row, value))
                return 1;
        if (!value)
                return see_new(l, key, row, t, -1);
        slot = slot_unpack(*value);
        switch (slot.kind) {
        case SLOT_CONNECTION:
                return see_known(l, slot_connection(*value), row, t);
        case SLOT_FOREIGN:
                slot.known |= slot.mark != t->look;
                slot.mark = t->look;
                slot.absent = 0;
                slot.table = t->index; /* another one than before, where a namespace that was gone is there again */
                *value = slot_pack(slot);
                if (row_is_held(l, row) || row_has_listener(l, t, row) || (l->reloaded && l->rules->any_process))
                        return see_new(l, key, row, t, slot.age);
                return 0;
        case SLOT_CLOSED:
                /* In a later look it is another use of the socket. */
                return slot.mark == t->look ? 0 : see_new(l, key, row, t, -1);
        }
        return 0;
}

/* Where the namespace is gone, so is what was in it, at the first question. What is still there then is only out of sight. */
static bool is_lost(const TableState *t, Coverage coverage) {
        return coverage.state == COVERAGE_GONE && t->gone && t->connections > 0;
}

int ledger_look_end(Ledger *l, uint64_t t1, Coverage coverage) {
        TableState *t = l->current;
        bool observed;

        if (!t)
                return -EINVAL;
        l->current = NULL;
        t->open = false;
        if (is_lost(t, coverage))
                coverage.state = COVERAGE_LOST;
        observed = coverage.state == COVERAGE_OK || coverage.state == COVERAGE_GONE;
        t->t1 = t1;
        t->complete = coverage.state == COVERAGE_OK;
        if (t->complete && !t->walked) {
                t->dumped_t0 = t->t0;
                t->dumped_rows = t->rows;
                t->blind = false;
        }
        t->gone = coverage.state == COVERAGE_GONE || coverage.state == COVERAGE_LOST;
        t->looked = t->complete || t->gone;
        if (t->complete && !t->covered)
                t->since = l->cycle;
        if (observed && t->gap.state != COVERAGE_OK) {
                ledger_gap_table(l, t, t->t0);
                t->gap = (Coverage){};
        } else if (!observed && t->gap.state != coverage.state) {
                if (t->gap.state == COVERAGE_OK)
                        t->gap_since = t->covered ? t->previous_t0 : t->t0;
                t->gap = coverage;
                ledger_gap_table(l, t, t1);
        }
        return 0;
}

int ledger_look_cancel(Ledger *l) {
        if (!l->current)
                return -EINVAL;
        l->current->complete = l->current->looked = l->current->open = false;
        l->current = NULL;
        return 0;
}

/* Told by a notice, and not yet by which descriptor its process has it. */
static bool is_unheld(const Connection *c) {
        return !c->out && c->newcomer && c->noticed && c->inode != 0 && c->fd < 0;
}

size_t ledger_unheld(const Ledger *l) {
        size_t count = l->unheld;

        for (const Connection *c = l->pending; c; c = c->next_pending)
                count += is_unheld(c) && !ledger_holders(l, c->inode);
        return count;
}

size_t ledger_suspects(const Ledger *l) {
        return l->suspects;
}
