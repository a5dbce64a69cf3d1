/* SPDX-License-Identifier: MIT */

/* Ledger: holders, as the walks show them. They are known by inode: whether the socket itself has been seen does not matter here. Of a
 * connection that is told, each Holder names it, so that a walk which differs from the one before leaves a note there
 * (ledger-holder-change.c), and what came in a walk is traced to whom it came from (ledger-heir.c).
 *
 * Holders of one inode are a list in any order, those of one process one in ascending order of descriptors. The kernel lets a process have a
 * million descriptors of one socket, at eight bytes each: beyond SAME_MAX, and beyond limits.holders in all, they are only counted. */

#include <errno.h>
#include <stdlib.h>

#include "detect/ledger-internal.h"

#define SAME_MAX 64 /* of one process for one socket */

/* --- by inode --------------------------------------------------------------------------------------- */

Holder *ledger_holders(const Ledger *l, uint32_t inode) {
        uint64_t *value = socketmap_find(&l->inodes, inode);

        return value ? (Holder *) (uintptr_t) *value : NULL;
}

/* Into the list of its inode. -ENOMEM. */
static int holder_link(Ledger *l, Holder *h, uint32_t inode) {
        Holder *head = ledger_holders(l, inode);
        int r = socketmap_put(&l->inodes, inode, (uintptr_t) h);

        if (r < 0)
                return r;
        if (head)
                head->previous_of_inode = h;
        h->next_of_inode = head;
        h->previous_of_inode = NULL;
        h->inode = inode;
        return 0;
}

static void holder_unlink(Ledger *l, Holder *h) {
        if (h->next_of_inode)
                h->next_of_inode->previous_of_inode = h->previous_of_inode;
        if (h->previous_of_inode)
                h->previous_of_inode->next_of_inode = h->next_of_inode;
        else if (h->next_of_inode)
                *socketmap_find(&l->inodes, h->inode) = (uintptr_t) h->next_of_inode;
        else
                (void) socketmap_remove(&l->inodes, h->inode);
}

/* --- walks ----------------------------------------------------------------------------------------- */

size_t ledger_sought(const Ledger *l) {
        return l->sought;
}

void ledger_everyone_walked(Ledger *l) {
        l->everyone = true;
}

static void holders_free(Ledger *l, Actor *a, uint64_t not_before, uint64_t not_after, bool exited) {
        Holder **p = &a->holders;

        while (*p) {
                Holder *h = *p;

                if (h->seen && !exited) {
                        p = &h->next_of_actor;
                        continue;
                }
                *p = h->next_of_actor;
                holder_unlink(l, h);
                l->holders--;
                ledger_holder_lost(l, h, not_before, not_after, exited);
                pool_put(h);
        }
}

static void forget_unkept(Ledger *l, Actor *a) {
        l->unkept -= a->unkept;
        a->unkept = 0;
}

void ledger_holders_gone(Ledger *l, Actor *a, uint64_t not_before, uint64_t not_after) {
        if (l->walked == a) {
                l->walked = NULL;
                l->gain_count = 0;
        }
        ledger_heir_end(l, a);
        forget_unkept(l, a);
        holders_free(l, a, not_before, not_after, true);
}

int ledger_holders_begin(Ledger *l, uint32_t pid, uint64_t start_ticks, uint64_t t0) {
        Actor *a = ledger_actor(l, pid);

        if (!a || a->process.start_ticks != start_ticks)
                return -ENOENT;
        for (Holder *h = a->holders; h; h = h->next_of_actor)
                h->seen = false;
        forget_unkept(l, a);
        l->walked = a;
        l->walk_place = &a->holders;
        l->walk_fd = -1;
        l->walk_t0 = t0;
        l->gain_count = 0;
        return 0;
}

uint64_t ledger_walked_at(const Ledger *l, uint32_t pid, uint64_t start_ticks) {
        const Actor *a = ledger_actor(l, pid);

        return a && a->process.start_ticks == start_ticks && a->wanted ? a->walked_t0 : 0;
}

/* Where it stands, or is to stand, among the holders of the process, which are in ascending order. The kernel names them in that
 * order, too: then this is one step. */
static Holder **holder_place(Ledger *l, int fd) {
        Holder **p = fd < l->walk_fd ? &l->walked->holders : l->walk_place;

        while (*p && (*p)->fd < fd)
                p = &(*p)->next_of_actor;
        l->walk_place = p;
        l->walk_fd = fd;
        return p;
}

/* The newest stand in front, so those of one walk are together. */
static bool is_one_too_many(const Ledger *l, uint32_t inode) {
        unsigned same = 0;

        for (const Holder *h = ledger_holders(l, inode); h && h->actor == l->walked && same < SAME_MAX; h = h->next_of_inode)
                same++;
        return same == SAME_MAX;
}

static int holder_unkept(Ledger *l) {
        l->walked->unkept++;
        l->unkept++;
        return 0;
}

static int holder_new(Ledger *l, Holder **place, int fd, uint32_t inode) {
        Holder *h = pool_get(&l->holder_pool);
        int r;

        if (!h)
                return -ENOMEM;
        *h = (Holder){ .actor = l->walked, .fd = fd, .since = l->cycle + l->looked, .seen = true, .next_of_actor = *place };
        r = holder_link(l, h, inode);
        if (r < 0) {
                pool_put(h);
                return r;
        }
        *place = h;
        l->holders++;
        l->held_since = h->since;
        if (!h->next_of_inode)
                ledger_note_stray(l, h);
        return ledger_holder_gained(l, h);
}

/* The descriptor was closed, and given to another socket. */
static int holder_move(Ledger *l, Holder *h, uint32_t inode) {
        uint32_t before = h->inode;
        int r;

        holder_unlink(l, h);
        ledger_holder_lost(l, h, l->walk_t0 == 0 ? 0 : h->actor->walked_t0, l->walk_t0, false);
        r = holder_link(l, h, inode);
        if (r < 0)
                return holder_link(l, h, before) ?: r; /* its slot has just been left: there is room */
        l->held_since = h->since = l->cycle + l->looked;
        if (!h->next_of_inode)
                ledger_note_stray(l, h);
        return ledger_holder_gained(l, h);
}

int ledger_hold(Ledger *l, int fd, uint32_t inode) {
        Holder **place, *h;

        if (!l->walked)
                return -ENOENT;
        if (inode == 0)
                return -EINVAL; /* no socket: none has it */
        place = holder_place(l, fd);
        h = *place;
        if (h && h->fd == fd) {
                h->seen = h->inode == inode || !is_one_too_many(l, inode);
                if (!h->seen)
                        return holder_unkept(l); /* and what it was is lost when the walk ends */
                return h->inode == inode ? 0 : holder_move(l, h, inode);
        }
        /* Of a process that nobody watches only what somebody who is watched let go of. */
        if (!l->walked->wanted && !socketmap_find(&l->let_go, inode))
                return 0;
        if ((l->options.max_holders > 0 && l->holders >= l->options.max_holders) || is_one_too_many(l, inode))
                return holder_unkept(l);
        return holder_new(l, place, fd, inode);
}

void ledger_holders_end(Ledger *l, uint64_t now, uint64_t ran, Coverage coverage) {
        Actor *a = l->walked;

        l->walked = NULL;
        if (!a)
                return;
        ledger_settle_gains(l, a, now);
        if (coverage.state == COVERAGE_OK) {
                holders_free(l, a, a->walked_t0, now, false);
                ledger_settle_heir(l, a, l->walk_t0);
                a->walked = true;
                a->fresh = false;
                a->walked_t0 = l->walk_t0;
                if (a->process.ran != ran)
                        a->process.ran_since = l->walk_t0;
                a->process.ran = ran;
        }
        if (coverage.state == COVERAGE_DENIED && a->wanted && !a->denied && !a->unread) {
                l->denied++;
                l->denied_pid = a->process.pid;
        }
        a->denied = coverage.state == COVERAGE_DENIED;
}
