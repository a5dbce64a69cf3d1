/* SPDX-License-Identifier: MIT */

/* Ledger: strays: descriptors of watched processes whose socket no table has shown. Mostly these are not bound or connected yet, or of a
 * kind that has no table; but an accepted unix socket lives in the namespace of its client, where perhaps nobody looks yet.
 *
 * New descriptors are noted by the walk. What then stands among the newcomers of a look was in a table; what does not for two judgements
 * is handed out, a few times, since its namespace may be found later only. */

#include <errno.h>
#include <stdlib.h>

#include "detect/ledger-internal.h"

#define STRAYS_MAX 65536
#define LOOKS_BEFORE 1 /* a socket that was another's before is a newcomer in the next look */
#define ASKS_MAX 4

void ledger_note_stray(Ledger *l, const Holder *h) {
        Stray *strays;

        if (l->stray_count == STRAYS_MAX)
                return;
        strays = array_grow(l->strays, l->stray_count, sizeof(Stray));
        if (!strays)
                return;
        l->strays = strays;
        l->strays[l->stray_count++] = (Stray){
                .pid = h->actor->process.pid, .start_ticks = h->actor->process.start_ticks, .fd = h->fd, .inode = h->inode,
        };
}

/* The inodes of the newcomers of this look. */
static int listed_inodes(const Ledger *l, SocketMap *ret) {
        for (const Connection *c = l->pending; c; c = c->next_pending)
                if (c->inode != 0) {
                        int r = socketmap_put(ret, c->inode, 1);

                        if (r < 0)
                                return r;
                }
        return 0;
}

static bool is_held(const Ledger *l, const Stray *s) {
        for (const Holder *h = ledger_holders(l, s->inode); h; h = h->next_of_inode)
                if (h->fd == s->fd && h->actor->process.pid == s->pid && h->actor->process.start_ticks == s->start_ticks)
                        return true;
        return false;
}

int ledger_strays(Ledger *l, ledger_stray_t take, void *userdata) {
        size_t count = l->stray_count, kept = 0;
        SocketMap listed = {};
        int r = count > 0 ? listed_inodes(l, &listed) : 0;

        for (size_t i = 0; i < count; i++) {
                Stray s = l->strays[i];
                bool settled = r >= 0 && (socketmap_find(&listed, s.inode) || !is_held(l, &s));

                if (r >= 0 && !settled && s.looks++ >= LOOKS_BEFORE) {
                        r = take(userdata, &s);
                        settled = r > 0 || s.looks >= LOOKS_BEFORE + ASKS_MAX;
                }
                if (!settled)
                        l->strays[kept++] = s;
        }
        l->stray_count = kept;
        if (kept == 0) {
                free(l->strays);
                l->strays = NULL;
        }
        socketmap_done(&listed);
        return MIN(r, 0);
}
