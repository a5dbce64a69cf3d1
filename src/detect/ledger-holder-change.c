/* SPDX-License-Identifier: MIT */

/* Ledger: changes of holders, of connections that are told.
 *
 * A change lies between the beginning of the last walk of that process and the end of this one. What a process holds at its first walk
 * it has gained only if it began after we did. What a process held is given up by its end, without a word of the single sockets;
 * only the last holder of a socket leaves a question behind: does the kernel keep it (in a message, in an io_uring), or does somebody hold it who
 * is not watched? It is answered when a look still shows it and everybody was walked.
 *
 * An inode is given to another socket as soon as it is free, and then its holders are that one's: so a change is told only when a look that
 * began after it has shown the connection under this inode.
 *
 * Known race: a descriptor that was passed on and closed between two walks was never held by the one between. */

#include <errno.h>
#include <stdlib.h>

#include "detect/ledger-internal.h"

/* --- what came and went ---------------------------------------------------------------------------- */

static HolderId holder_id(const Holder *h) {
        return (HolderId){ .pid = h->actor->process.pid, .fd = h->fd, .start_usec = h->actor->process.start_usec };
}

static bool take_out(HolderId *ids, uint32_t *count, const HolderId *id) {
        for (uint32_t i = 0; i < *count; i++)
                if (ids[i].pid == id->pid && ids[i].fd == id->fd && ids[i].start_usec == id->start_usec) {
                        ids[i] = ids[--*count];
                        return true;
                }
        return false;
}

/* What came and went between two events is not told. */
void ledger_note_holder(Ledger *l, Connection *c, const Holder *h, bool gained, uint64_t not_before, uint64_t not_after) {
        HolderChanges *x = c->changes;
        HolderId id = holder_id(h);

        if (!c->told || c->newcomer || c->out || c->rule == RULE_NONE || !(l->rules->rules[c->rule].changed & CHANGE_HOLDERS))
                return;
        if (!x) {
                x = c->changes = calloc(1, sizeof(*x));
                if (!x)
                        return; /* the event, not the map, lacks it */
                x->not_before = not_before;
        }
        x->not_before = MIN(x->not_before, not_before);
        x->not_after = MAX(x->not_after, not_after);
        if (!(gained ? take_out(x->lost, &x->lost_count, &id) : take_out(x->gained, &x->gained_count, &id))) {
                if (gained && x->gained_count < HOLDER_CHANGES_MAX)
                        x->gained[x->gained_count++] = id;
                else if (!gained && x->lost_count < HOLDER_CHANGES_MAX)
                        x->lost[x->lost_count++] = id;
        }
        if (x->gained_count + x->lost_count == 0 && !c->let_go) {
                free(x);
                c->changes = NULL;
                return;
        }
        ledger_pend(l, c);
}

/* Its primary holder let go: the oldest of the others that match speaks for it now. */
static void pass_on(const Ledger *l, Connection *c, const Holder *gone) {
        Holder *h;

        if (c->primary != gone->actor || c->fd != gone->fd || c->rule == RULE_NONE)
                return;
        h = ledger_holder_for(l, c, c->rule);
        if (h)
                ledger_attribute(c, h->actor, h->fd, ATTRIBUTION_FD);
}

void ledger_holder_lost(Ledger *l, Holder *h, uint64_t not_before, uint64_t not_after, bool exited) {
        Connection *c = h->connection;

        h->connection = NULL;
        if (h->inherited && h->actor->heir_of) {
                h->actor->inherited -= h->counted;
                h->inherited = false;
                if (c)
                        pass_on(l, c, h);
                return;
        }
        if (!c)
                return;
        pass_on(l, c, h);
        if (ledger_holders(l, h->inode)) {
                if (!exited)
                        ledger_note_holder(l, c, h, false, not_before, not_after);
                return;
        }
        c->let_go = true;
        ledger_note_holder(l, c, h, false, not_before, not_after);
        c->let_go = c->changes && socketmap_put(&l->let_go, h->inode, (uintptr_t) c) == 0;
}

static Connection *connection_of(const Ledger *l, const Holder *h) {
        uint64_t *value;

        if (h->next_of_inode)
                return h->next_of_inode->connection;
        value = socketmap_find(&l->let_go, h->inode);
        return value ? (Connection *) (uintptr_t) *value : NULL;
}

int ledger_holder_gained(Ledger *l, Holder *h) {
        Connection *c = connection_of(l, h);
        bool again = c && (c->let_go || c->released), first = c && c->unheld;
        Gain *gains;

        h->connection = c;
        if (first) {
                (void) socketmap_remove(&l->let_go, h->inode);
                c->unheld = false;
        }
        if (!c || first)
                return 0; /* it was told before anybody looked who has it */
        if (again) {
                (void) socketmap_remove(&l->let_go, h->inode);
                c->let_go = c->released = false;
        }
        if (h->actor->walked_t0 == 0 && !h->actor->fresh && !again)
                return 0; /* it may have held it before anybody looked */
        gains = array_grow(l->gains, l->gain_count, sizeof(*gains));
        if (!gains)
                return -ENOMEM;
        l->gains = gains;
        l->gains[l->gain_count++] = (Gain){ .holder = h };
        return 0;
}

/* --- connections ----------------------------------------------------------------------------------- */

void ledger_holders_watch(Ledger *l, Connection *c) {
        Holder *first = c->orphan ? NULL : ledger_holders(l, c->inode);

        for (Holder *h = first; h; h = h->next_of_inode)
                h->connection = c;
        if (!first && !c->orphan && c->inode != 0 && c->noticed && !c->let_go && !c->released && !c->unheld)
                c->unheld = socketmap_put(&l->let_go, c->inode, (uintptr_t) c) == 0;
}

void ledger_holders_forget(Ledger *l, Connection *c) {
        for (Holder *h = ledger_holders(l, c->inode); h; h = h->next_of_inode)
                if (h->connection == c)
                        h->connection = NULL;
        if (c->let_go || c->released || c->unheld)
                (void) socketmap_remove(&l->let_go, c->inode);
        c->let_go = c->released = c->unheld = false;
}

typedef struct Open {
        const TableState *table;
        bool found;
} Open;

static void find_open(void *userdata, uint64_t key, uint64_t *value) {
        const Connection *c = (const Connection *) (uintptr_t) *value;
        Open *open = userdata;

        (void) key;
        open->found |= c->table == open->table && c->let_go && !c->orphan && c->changes && c->changes->not_after > c->table->dumped_t0;
}

bool ledger_holders_open(Ledger *l, const TableState *t) {
        Open open = { .table = t };

        socketmap_visit(&l->let_go, find_open, &open);
        return open.found;
}

bool ledger_holders_changed(const Ledger *l, Connection *c) {
        const TableState *t = c->table;

        if (!c->changes || c->orphan || c->suspect || !t->complete || c->mark != t->look || t->t0 < c->changes->not_after)
                return false;
        if (!c->let_go)
                return true;
        if (!l->everyone)
                return false;
        c->let_go = false;
        c->released = true;
        return true;
}
