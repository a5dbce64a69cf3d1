/* SPDX-License-Identifier: MIT */

/* Ledger: holders. They are known by inode: whether the socket itself has been seen does not matter here. Of a connection that is told,
 * each Holder names it, so that a walk which differs from the one before leaves a note there for the judgement.
 *
 * A change lies between the beginning of the last walk of that process and the end of this one. What a process holds at its first walk
 * it has gained only if it began after we did. What a fork gives to a child is one event for all of it, told a second later, for what is
 * left then: most children execute another program at once, and lose what they got. What a process held is given up by its end;
 * only the last holder of a socket leaves a question behind: does the kernel keep it (in a message, in an io_uring), or does somebody hold it who
 * is not watched? It is answered when a look still shows it and everybody was walked.
 *
 * An inode is given to another socket as soon as it is free, and then its holders are that one's: so a change is told only when a look that
 * began after it has shown the connection under this inode.
 *
 * Known race: a descriptor that was passed on and closed between two walks was never held by the one between. */

#include <errno.h>
#include <string.h>

#include "detect/ledger-internal.h"

#define INHERIT_USEC USEC_PER_SEC
#define PASSED_MAX 10 /* sockets that one process passed to another between two walks: more are one event */

Holder *ledger_holders(const Ledger *l, uint32_t inode) {
        uint64_t *value = socketmap_find(&l->inodes, inode);

        return value ? (Holder *) (uintptr_t) *value : NULL;
}

/* --- changes --------------------------------------------------------------------------------------- */

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
static void note_change(Ledger *l, Connection *c, const Holder *h, bool gained, uint64_t not_before, uint64_t not_after) {
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

/* h is in no list any more. exited: with its process. */
static void lost(Ledger *l, Holder *h, uint64_t not_before, uint64_t not_after, bool exited) {
        Connection *c = h->connection;

        h->connection = NULL;
        if (h->inherited && h->actor->heir_of) {
                h->actor->inherited--;
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
                        note_change(l, c, h, false, not_before, not_after);
                return;
        }
        c->let_go = true;
        note_change(l, c, h, false, not_before, not_after);
        c->let_go = c->changes && socketmap_put(&l->let_go, h->inode, (uintptr_t) c) == 0;
}

static Connection *connection_of(const Ledger *l, const Holder *h) {
        uint64_t *value;

        if (h->next_of_inode)
                return h->next_of_inode->connection;
        value = socketmap_find(&l->let_go, h->inode);
        return value ? (Connection *) (uintptr_t) *value : NULL;
}

/* h has just been put in front of its list. */
static int gained(Ledger *l, Holder *h) {
        Connection *c = connection_of(l, h);
        bool again = c && (c->let_go || c->released);
        Gain *gains;

        h->connection = c;
        if (!c)
                return 0;
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

/* --- who got it from whom -------------------------------------------------------------------------- */

static void heir_end(Ledger *l, Actor *a) {
        if (!a->heir_of)
                return;
        a->heir_of = actor_release(a->heir_of);
        a->inherited = 0;
        l->heirs--;
        for (Holder *h = a->holders; h; h = h->next_of_actor)
                h->inherited = false;
}

/* Another one that holds it: the parent under the same number, else the oldest. */
static Actor *source_of(const Ledger *l, const Holder *h, bool *ret_fork) {
        const Actor *parent = h->actor->fresh ? ledger_actor(l, h->actor->process.parent) : NULL;
        Actor *best = NULL;

        *ret_fork = false;
        for (Holder *other = ledger_holders(l, h->inode); other; other = other->next_of_inode) {
                if (other->actor == h->actor)
                        continue;
                if (parent && other->actor == parent && other->fd == h->fd) {
                        *ret_fork = true;
                        return other->actor;
                }
                if (!best || other->actor->process.start_ticks < best->process.start_ticks)
                        best = other->actor;
        }
        return best;
}

static void inherit(Ledger *l, Holder *h, Actor *from, bool fork, uint64_t not_before, uint64_t now) {
        Actor *a = h->actor;

        if (!a->heir_of) {
                a->heir_of = actor_reference(from);
                a->by_fork = fork;
                a->inherited_not_before = not_before;
                l->heirs++;
        }
        a->inherited_not_after = now;
        a->inherited++;
        h->inherited = true;
}

/* Whose each of them was, and how many were passed by one and the same process. */
static void trace_gains(Ledger *l) {
        for (size_t i = 0; i < l->gain_count; i++) {
                Gain *g = &l->gains[i];

                g->from = source_of(l, g->holder, &g->fork);
                if (g->from && !g->fork)
                        g->from->passed++;
        }
}

static uint64_t gained_not_before(const Actor *a, const Connection *c) {
        if (a->walked_t0 != 0 || a->fresh)
                return MAX(a->walked_t0, a->process.start_usec);
        return c->appeared ? MAX(a->process.start_usec, c->opened_not_before) : 0;
}

/* Of one walk that is over. */
static void settle_gain(Ledger *l, Actor *a, const Gain *g, uint64_t now) {
        Holder *h = g->holder;
        uint64_t not_before;

        if (!h->connection)
                return;
        not_before = gained_not_before(a, h->connection);
        if (g->from && (g->fork || g->from->passed > PASSED_MAX) && (!a->heir_of || a->heir_of == g->from))
                inherit(l, h, g->from, g->fork, not_before, now);
        else
                note_change(l, h->connection, h, true, not_before, now);
}

static void settle_gains(Ledger *l, Actor *a, uint64_t now) {
        trace_gains(l);
        for (size_t i = 0; i < l->gain_count; i++)
                settle_gain(l, a, &l->gains[i], now);
        for (size_t i = 0; i < l->gain_count; i++)
                if (l->gains[i].from)
                        l->gains[i].from->passed = 0;
        l->gain_count = 0;
}

static void tell_heir(Ledger *l, Actor *a) {
        Event *e = ledger_event(l, EVENT_PROCESS_INHERITED, a->inherited_not_before, a->inherited_not_after, "snapshot");
        const Process *from = &a->heir_of->process;

        ledger_event_process(l, e, a, false);
        event_set_number(e, EVENT_FIELD_INHERITED_COUNT, a->inherited);
        event_set_number(e, EVENT_FIELD_FROM_PID, from->pid);
        event_set_bytes(e, EVENT_FIELD_FROM_COMM, bytes_of(from->comm));
        ledger_event_entity(l, e, EVENT_FIELD_FROM_ENTITY, from);
        if (a->rule >= 0)
                event_set_word(e, EVENT_FIELD_RULE, l->rules->rules[a->rule].name);
        ledger_say(l, e);
}

static bool is_due(const Actor *a, uint64_t now) {
        return a->heir_of && now >= (a->by_fork ? a->process.start_usec + INHERIT_USEC : a->inherited_not_after);
}

/* A walk that began after the second showed what is left. */
static void settle_heir(Ledger *l, Actor *a, uint64_t t0) {
        if (!is_due(a, t0))
                return;
        if (a->inherited > 0)
                tell_heir(l, a);
        heir_end(l, a);
}

void ledger_heirs_due(Ledger *l, uint64_t now) {
        for (Actor *a = l->heirs > 0 ? l->actors : NULL; a; a = a->hh.next)
                if (is_due(a, now))
                        a->walked = false;
}

/* --- connections ----------------------------------------------------------------------------------- */

void ledger_holders_watch(const Ledger *l, Connection *c) {
        for (Holder *h = c->orphan ? NULL : ledger_holders(l, c->inode); h; h = h->next_of_inode)
                h->connection = c;
}

void ledger_holders_forget(Ledger *l, Connection *c) {
        for (Holder *h = ledger_holders(l, c->inode); h; h = h->next_of_inode)
                if (h->connection == c)
                        h->connection = NULL;
        if (c->let_go || c->released)
                (void) socketmap_remove(&l->let_go, c->inode);
        c->let_go = c->released = false;
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

size_t ledger_sought(const Ledger *l) {
        return l->sought;
}

void ledger_everyone_walked(Ledger *l) {
        l->everyone = true;
}

/* --- walks ----------------------------------------------------------------------------------------- */

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
                lost(l, h, not_before, not_after, exited);
                free(h);
        }
}

void ledger_holders_gone(Ledger *l, Actor *a, uint64_t not_before, uint64_t not_after) {
        if (l->walked == a) {
                l->walked = NULL;
                l->gain_count = 0;
        }
        heir_end(l, a);
        holders_free(l, a, not_before, not_after, true);
}

int ledger_holders_begin(Ledger *l, uint32_t pid, uint64_t start_ticks, uint64_t t0) {
        Actor *a = ledger_actor(l, pid);

        if (!a || a->process.start_ticks != start_ticks)
                return -ENOENT;
        for (Holder *h = a->holders; h; h = h->next_of_actor)
                h->seen = false;
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

static int holder_new(Ledger *l, Holder **place, int fd, uint32_t inode) {
        Holder *h = calloc(1, sizeof(Holder));
        int r;

        if (!h)
                return -ENOMEM;
        *h = (Holder){ .actor = l->walked, .fd = fd, .since = l->cycle + l->looked, .seen = true, .next_of_actor = *place };
        r = holder_link(l, h, inode);
        if (r < 0) {
                free(h);
                return r;
        }
        *place = h;
        if (!h->next_of_inode)
                ledger_note_stray(l, h);
        return gained(l, h);
}

/* The descriptor was closed, and given to another socket. */
static int holder_move(Ledger *l, Holder *h, uint32_t inode) {
        uint32_t before = h->inode;
        int r;

        holder_unlink(l, h);
        lost(l, h, l->walk_t0 == 0 ? 0 : h->actor->walked_t0, l->walk_t0, false);
        r = holder_link(l, h, inode);
        if (r < 0)
                return holder_link(l, h, before) ?: r; /* its slot has just been left: there is room */
        h->since = l->cycle + l->looked;
        if (!h->next_of_inode)
                ledger_note_stray(l, h);
        return gained(l, h);
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
                h->seen = true;
                return h->inode == inode ? 0 : holder_move(l, h, inode);
        }
        /* Of a process that nobody watches only what somebody who is watched let go of. */
        if (!l->walked->wanted && !socketmap_find(&l->let_go, inode))
                return 0;
        return holder_new(l, place, fd, inode);
}

void ledger_holders_end(Ledger *l, uint64_t now, uint64_t ran, Coverage coverage) {
        Actor *a = l->walked;

        l->walked = NULL;
        if (!a)
                return;
        settle_gains(l, a, now);
        if (coverage.state == COVERAGE_OK) {
                holders_free(l, a, a->walked_t0, now, false);
                settle_heir(l, a, l->walk_t0);
                a->walked = true;
                a->fresh = false;
                a->walked_t0 = l->walk_t0;
                if (a->process.ran != ran)
                        a->process.ran_since = l->walk_t0;
                a->process.ran = ran;
        }
        if (coverage.state == COVERAGE_DENIED && a->wanted && !a->denied) {
                l->denied++;
                l->denied_pid = a->process.pid;
        }
        a->denied = coverage.state == COVERAGE_DENIED;
}
