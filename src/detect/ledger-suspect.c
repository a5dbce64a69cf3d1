/* SPDX-License-Identifier: MIT */

/* Ledger: suspects (rule 4). What a complete look lacked is asked about, one by one; only an answer ends it. */

#include <stdlib.h>

#include "detect/ledger-internal.h"

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

#define NOTICE_LATE USEC_PER_SEC /* 0.53 s were measured with four processes for each processor */

/* Its destroy message may be on its way, with the last figures: the kernel's worker is late on a busy machine. The record of a hook is not late, but may not
 * have been read yet. */
static bool awaits_notice(const Ledger *l, const Connection *c) {
        const TableState *t = c->table;

        if (t->gone || c->cookie == 0)
                return false;
        if (l->options.notices_exact && c->transport == TRANSPORT_TCP)
                return c->absent == 1;
        return t->destroys && (c->absent == 1 || t->t0 < c->seen + NOTICE_LATE);
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
                Verdict verdict;
                uint64_t id;
                Suspect s;

                if (!c || !c->suspect || awaits_notice(l, c))
                        continue;
                suspect_of(l, c, &s);
                id = c->id;
                verdict = ask(userdata, &s, &when);
                /* Who asks may have taken notices meanwhile. */
                c = ledger_connection(l, list.keys[i]);
                if (!c || !c->suspect || c->id != id)
                        continue;
                switch (verdict) {
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
