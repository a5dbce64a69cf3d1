/* SPDX-License-Identifier: MIT */

/* Ledger: the sweep before a judgement. What the last looks should have shown and did not becomes suspect; words about sockets of others grow older,
 * and are forgotten. */

#include "detect/ledger-internal.h"

#define KEPT_MAX 65536 /* closed sockets that wait for their destroy message */
#define FOREIGN_ABSENT_MAX 3 /* dumps skip living sockets: one look is no reason to forget */

static void sweep_connection(Ledger *l, Connection *c) {
        TableState *t = c->table;

        if (!t->looked)
                return;
        if (c->mark == t->look) {
                c->repeat = ledger_baseline_due(l, c);
                if (c->repeat)
                        ledger_pend(l, c);
                return;
        }
        /* Rule 3: a notice saw it after the look began. */
        if (c->seen >= t->t0)
                return;
        if (c->absent < UINT8_MAX)
                c->absent++;
        if (!c->suspect)
                l->suspects++;
        c->suspect = true;
}

/* That a look lacked it does not mean that it was freed: who holds a socket that was reset frees it when he closes it, and that close
 * is not one of a connection which was never seen. */
static bool keep_closed(Ledger *l, const Slot *slot) {
        return slot->absent > 0 && (l->tables[slot->table]->destroys || l->options.notices_exact) && l->kept++ < KEPT_MAX;
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
        /* It will not be shown again, and its end is not told. */
        if (slot.kind == SLOT_FOREIGN && l->tables[slot.table]->walked && slot.mark != l->tables[slot.table]->look) {
                *value = 0;
                return;
        }
        if (slot.kind == SLOT_CLOSED && slot.age == 2) {
                if (!keep_closed(l, &slot))
                        *value = 0;
                return;
        }
        if (slot.kind == SLOT_FOREIGN && slot.mark != l->tables[slot.table]->look &&
            ++slot.absent >= FOREIGN_ABSENT_MAX) {
                slot = (Slot){ .kind = SLOT_CLOSED, .age = 2, .absent = 1, .mark = slot.mark, .table = slot.table,
                                .known = slot_is_known(slot) };
                *value = keep_closed(l, &slot) ? slot_pack(slot) : 0;
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

void ledger_sweep(Ledger *l) {
        l->kept = 0;
        socketmap_visit(&l->sockets, sweep_slot, l);
        socketmap_visit(&l->listeners, sweep_listener, l);
}
