/* SPDX-License-Identifier: MIT */

/* Who holds the other ends: the ledger knows it of the processes that are walked anyway; then those who held other ends lately are
 * walked, since a client comes back to the same server; then, if still something is open, all processes, once a cycle and at most
 * limits.peer_walks times a minute. What is over the limit stays without process, which is a gap with two ends. */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "collect/procfs.h"
#include "cycle-peer.h"
#include "cycle.h"

#define USEC_PER_MINUTE (60 * USEC_PER_SEC)

typedef struct Walk {
        Cycle *cycle;
        PeerWork **open; /* those without process, by inode */
        size_t count;
        PeerProcess process; /* whose descriptors arrive */
} Walk;

static int compare_inode(const void *a, const void *b) {
        const PeerWork *x = *(PeerWork *const *) a, *y = *(PeerWork *const *) b;

        return CMP(x->inode, y->inode);
}

static size_t first_with(const Walk *w, uint32_t inode) {
        size_t first = 0, n = w->count;

        while (n > 0) {
                size_t half = n / 2;

                if (w->open[first + half]->inode < inode) {
                        first += half + 1;
                        n -= half + 1;
                } else
                        n = half;
        }
        return first;
}

static int take_descriptor(void *userdata, int fd, uint32_t inode) {
        Walk *w = userdata;

        (void) fd;
        for (size_t i = first_with(w, inode); i < w->count && w->open[i]->inode == inode; i++) {
                PeerWork *work = w->open[i];

                work->holders++;
                if (work->process.pid == 0 || peer_is_better(&w->process, &work->process, &work->this_end))
                        work->process = w->process;
        }
        return 0;
}

/* A process that is gone or gives no access has nothing to say. */
static int walk_one(Walk *w, uint32_t pid, uint64_t start_ticks) {
        int r;

        w->process = (PeerProcess){ pid, start_ticks };
        r = procfs_sockets(w->cycle->proc_fd, pid, start_ticks, take_descriptor, w);
        return r == -ENOMEM ? r : 0;
}

/* Those who are never the answer while there may be others: their finding decides nothing. */
static bool decides(const PeerWork *work) {
        return work->process.pid > 1 && (work->process.pid != work->this_end.pid || work->process.start_ticks != work->this_end.start_ticks);
}

static void ask_ledger(const Cycle *c, PeerWork *work) {
        work->process = (PeerProcess){};
        work->holders = (uint32_t) ledger_peer_holder(c->ledger, work->inode, &work->this_end, &work->process, &work->counted);
}

bool cycle_peer_holder_known(const Cycle *c, PeerWork *work) {
        ask_ledger(c, work);
        return decides(work) && ledger_walked_at(c->ledger, work->process.pid, work->process.start_ticks) != 0;
}

static size_t keep_open(Walk *w) {
        size_t kept = 0;

        for (size_t i = 0; i < w->count; i++) {
                if (decides(w->open[i]))
                        w->open[i]->holders = 0;
                else
                        w->open[kept++] = w->open[i];
        }
        return w->count = kept;
}

/* The ledger knows what they hold. */
static bool was_walked(const Walk *w, const PeerProcess *p) {
        return ledger_walked_at(w->cycle->ledger, p->pid, p->start_ticks) >= w->cycle->began;
}

static int walk_recent(Walk *w) {
        Peers *p = &w->cycle->peers;
        int r = 0;

        for (size_t i = 0; i < PEERS_RECENT && r >= 0; i++)
                if (p->recent[i].pid != 0 && !was_walked(w, &p->recent[i]))
                        r = walk_one(w, p->recent[i].pid, p->recent[i].start_ticks);
        return r;
}

/* Anew: what is counted is counted once. */
static int walk_all(Walk *w) {
        _cleanup_free_ uint32_t *pids = NULL;
        size_t count;
        int r = procfs_list(w->cycle->proc_fd, &pids, &count);

        for (size_t i = 0; i < w->count; i++) {
                PeerWork *work = w->open[i];
                ask_ledger(w->cycle, work);
                work->counted = true;
        }
        for (size_t i = 0; i < count && r >= 0; i++) {
                ProcfsStat stat;

                if (procfs_stat(w->cycle->proc_fd, pids[i], &stat) < 0)
                        continue;
                if (!was_walked(w, &(PeerProcess){ pids[i], stat.start_ticks }))
                        r = walk_one(w, pids[i], stat.start_ticks);
        }
        return r;
}

static void leave_open(const Walk *w) {
        for (size_t i = 0; i < w->count; i++)
                w->open[i]->process = (PeerProcess){};
}

static bool may_walk(Cycle *c, uint64_t now) {
        Peers *p = &c->peers;

        if (now - p->minute >= USEC_PER_MINUTE) {
                p->minute = now;
                p->walks = 0;
                p->refused = false;
        }
        return p->walks < c->config->limits.peer_walks;
}

/* What goes on over the limit goes on until walks are allowed again, or nobody has asked for one in a minute that has none. */
static void tell_refused(Cycle *c, uint64_t now, size_t refused) {
        c->peers.refused |= refused > 0;
        if (refused > 0 || !c->peers.refused || may_walk(c, now))
                ledger_over_limit(c->ledger, LIMIT_PEER_WALKS, now, refused);
}

/* The newest first. True: it has been read anew in this cycle. */
static bool remember(Peers *p, const PeerProcess *process) {
        size_t i;
        bool fresh;

        for (i = 0; i < PEERS_RECENT - 1; i++)
                if (p->recent[i].pid == process->pid && p->recent[i].start_ticks == process->start_ticks)
                        break;
        fresh = i < p->fresh;
        for (; i > 0; i--)
                p->recent[i] = p->recent[i - 1];
        p->recent[0] = *process;
        if (!fresh && p->fresh < PEERS_RECENT)
                p->fresh++;
        return fresh;
}

/* Of a process that is not watched the ledger knows what it was when it was first seen, which may be before its exec. */
static int introduce(Cycle *c, PeerProcess *process) {
        int r = remember(&c->peers, process) ? 0 : cycle_process(c, process->pid);

        /* Gone meanwhile: what is known of it is what it was. */
        if (ledger_process_touch(c->ledger, process->pid, process->start_ticks, NULL) < 0)
                *process = (PeerProcess){};
        return r;
}

/* What the ledger cannot decide is open. */
static void find_open(Walk *w, PeerWork *works, size_t count) {
        for (size_t i = 0; i < count; i++) {
                PeerWork *work = &works[i];

                if (work->inode == 0)
                        continue;
                ask_ledger(w->cycle, work);
                if (!work->counted && !decides(work))
                        w->open[w->count++] = work;
        }
        if (w->count > 0)
                qsort(w->open, w->count, sizeof(*w->open), compare_inode);
}

/* Those that nothing else has answered. *ret_refused: so many stay without process, since no walk is left. */
static int ask_all(Walk *w, uint64_t now, size_t *ret_refused) {
        if (!may_walk(w->cycle, now)) {
                leave_open(w);
                *ret_refused = w->count;
                return 0;
        }
        w->cycle->peers.walks++;
        return walk_all(w);
}

int cycle_peer_holders(Cycle *c, PeerWork *works, size_t count) {
        _cleanup_free_ PeerWork **open = reallocarray(NULL, count + 1, sizeof(*open));
        Walk w = { .cycle = c, .open = open };
        uint64_t now = clock_boottime();
        size_t refused = 0;
        int r = 0;

        if (!open)
                return -ENOMEM;
        c->peers.fresh = 0;
        find_open(&w, works, count);
        if (w.count > 0)
                r = walk_recent(&w);
        if (r >= 0 && keep_open(&w) > 0)
                r = ask_all(&w, now, &refused);
        tell_refused(c, now, refused);
        for (size_t i = 0; i < count && r >= 0; i++)
                if (works[i].process.pid != 0)
                        r = introduce(c, &works[i].process);
        return r;
}
