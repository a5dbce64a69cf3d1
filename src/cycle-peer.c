/* SPDX-License-Identifier: MIT */

/* Where the sockets at the other ends are. Unix sockets are named by the kernel; only their paths, and the queues in which they wait to be
 * accepted, may be in other namespaces. TCP and UDP: by the swapped pair of addresses, where hostnet.h allows to look. An
 * address that is not of this host is not asked for at all.
 *
 * Known race: all this is a moment after the look. A socket that has been closed meanwhile is not found, or its inode is held by nobody:
 * then the event has no peer. */

#include "cycle-peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cycle.h"

#define SHUT_BOTH 3

void peers_done(Peers *p) {
        hostnet_done(&p->hosts);
}

/* What the ledger does not know, of works[work]. */
typedef struct Asked {
        Find find;
        Netns netns;
        size_t work;
} Asked;

/* All that is asked in this cycle. */
typedef struct Asking {
        Cycle *cycle;
        PeerWork *works;
        size_t work_count;
        Asked *asked;
        size_t count;
        bool has_places; /* in this cycle */
} Asking;

static bool is_unix(const Find *f) {
        return f->family == FAMILY_UNIX;
}

static int find_places(Asking *a) {
        int r = a->has_places ? 0 : cycle_places(a->cycle);

        a->has_places = true;
        return r;
}

/* Does its address say something only where it is configured? */
static bool needs_places(const Find *f) {
        return !is_unix(f) && hostnet_is_global(f->family, f->local.ip);
}

static bool is_at_home(const Asking *a, uint64_t netns, const Find *f) {
        return is_unix(f) || hostnet_is_local(&a->cycle->peers.hosts, netns, f);
}

/* f: what was found of it; NULL: nothing but what w says. */
static int answer(const Cycle *c, const PeerWork *w, const Find *f) {
        PeerAnswer answer = {
                .key = w->key,
                .by = w->by,
                .state = w->state,
                .inode = w->inode,
                .process = w->process,
                .holder_count = w->counted ? w->holders : 0,
                .path = f && is_unix(f) ? f->path : NULL,
                .path_size = f && is_unix(f) ? f->path_size : 0,
        };
        int r = w->by == PEER_BY_NOTHING ? 0 : ledger_peer_answer(c->ledger, &answer);

        return r == -ENOMEM ? r : 0;
}

/* --- the questions ---------------------------------------------------------------------------------- */

static int add_work(Asking *a, const PeerWork *work) {
        PeerWork *works = array_grow(a->works, a->work_count, sizeof(PeerWork));

        if (!works)
                return -ENOMEM;
        a->works = works;
        a->works[a->work_count++] = *work;
        return 0;
}

static int add_asked(Asking *a, const Find *f, const Netns *netns) {
        Asked *asked = array_grow(a->asked, a->count, sizeof(Asked));

        if (!asked)
                return -ENOMEM;
        a->asked = asked;
        a->asked[a->count++] = (Asked){ .find = *f, .netns = *netns, .work = a->work_count };
        return 0;
}

static int take_question(void *userdata, const PeerQuestion *q) {
        Asking *a = userdata;
        PeerWork w = { .key = q->key, .this_end = q->this_end, .peer_inode = q->peer_inode };
        Find f = { .family = q->family, .transport = q->transport };
        int r = 0;

        if (q->family == FAMILY_UNIX) {
                f.inode = q->peer_inode ?: q->inode;
                f.client = q->peer_inode != 0 ? 0 : q->inode;
        } else {
                const Socket s = {
                        .family = q->family, .transport = q->transport, .local = q->local, .peer = q->peer, .interface = q->interface,
                };
                find_addresses(&f, &s);
        }
        if (needs_places(&f))
                r = find_places(a);
        if (r >= 0 && q->other != 0 && is_at_home(a, q->netns.id, &f)) {
                w.by = PEER_BY_TUPLE;
                w.state = PEER_ACCEPTED;
                w.inode = q->other;
                if (cycle_peer_holder_known(a->cycle, &w))
                        return answer(a->cycle, &w, NULL);
        } else if (r >= 0)
                r = add_asked(a, &f, &q->netns);
        return r < 0 ? r : add_work(a, &w);
}

/* --- the namespaces of this host -------------------------------------------------------------------- */

typedef struct Places {
        Cycle *cycle;
        uint32_t *inodes, *pids;
        size_t count;
        uint64_t hash;
} Places;

static int note_place(void *userdata, const Process *p) {
        Places *places = userdata;
        uint32_t *inodes, *pids;

        if (p->netns_inode == 0 || p->netns_inode == places->cycle->own_netns)
                return 0;
        for (size_t i = 0; i < places->count; i++)
                if (places->inodes[i] == p->netns_inode)
                        return 0;
        if (places->count + 1 >= places->cycle->config->limits.namespaces)
                return 0;
        inodes = array_grow(places->inodes, places->count, sizeof(*inodes));
        if (inodes)
                places->inodes = inodes;
        pids = inodes ? array_grow(places->pids, places->count, sizeof(*pids)) : NULL;
        if (!pids)
                return -ENOMEM;
        places->pids = pids;
        places->pids[places->count] = p->pid;
        places->inodes[places->count++] = p->netns_inode;
        places->hash += (uint64_t) p->netns_inode * p->netns_inode;
        return 0;
}

static int read_places(Cycle *c, const Places *places) {
        HostNet *h = &c->peers.hosts;
        Netns netns;
        int r;

        hostnet_done(h);
        r = collector_netns(c->collector, 0, &netns);
        if (r >= 0)
                r = hostnet_add(h, c->collector, &netns);
        for (size_t i = 0; i < places->count && r >= 0; i++) {
                if (collector_netns(c->collector, places->pids[i], &netns) < 0)
                        continue;
                r = hostnet_add(h, c->collector, &netns);
        }
        return r;
}

/* Read again when others are there, else as seldom as processes are judged again. */
int cycle_places(Cycle *c) {
        Places places = { .cycle = c };
        uint64_t now = clock_boottime();
        int r = ledger_processes(c->ledger, LEDGER_EVERYONE, note_place, &places);

        if (r >= 0 && (c->peers.hosts_read == 0 || places.hash != c->peers.hosts_hash || now - c->peers.hosts_read >= c->config->rescan)) {
                r = read_places(c, &places);
                c->peers.hosts_read = now;
                c->peers.hosts_hash = places.hash;
        }
        free(places.inodes);
        free(places.pids);
        return r;
}

/* --- asking ----------------------------------------------------------------------------------------- */

/* A part of what is asked, that goes to one namespace. */
typedef struct Part {
        Find *finds;
        size_t *indices;
        size_t count;
} Part;

static int part_new(Part *p, size_t room) {
        *p = (Part){ .finds = reallocarray(NULL, room + 1, sizeof(Find)), .indices = reallocarray(NULL, room + 1, sizeof(size_t)) };
        return p->finds && p->indices ? 0 : -ENOMEM;
}

static void part_done(Part *p) {
        free(p->finds);
        free(p->indices);
}

static void part_add(Part *p, const Asking *a, size_t i) {
        p->finds[p->count] = a->asked[i].find;
        p->indices[p->count++] = i;
}

/* What cannot be asked there has no answer. */
static int part_ask(const Part *p, const Asking *a, const Netns *netns) {
        int r = p->count > 0 ? collector_find(a->cycle->collector, netns, p->finds, p->count) : 0;

        if (r == -ENOMEM)
                return r;
        for (size_t i = 0; i < p->count && r >= 0; i++)
                a->asked[p->indices[i]].find = p->finds[i];
        return 0;
}

static bool is_found(const Find *f) {
        return f->found.count > 0 || f->server.count > 0;
}

/* Each in the namespace of this end. */
static int ask_at_home(const Asking *a) {
        _cleanup_free_ bool *done = calloc(a->count, sizeof(bool));
        Part p;
        int r = part_new(&p, a->count);

        if (!done)
                r = -ENOMEM;
        for (size_t i = 0; i < a->count && r >= 0; i++) {
                const Netns *netns = &a->asked[i].netns;

                if (done[i])
                        continue;
                p.count = 0;
                for (size_t k = i; k < a->count; k++) {
                        if (done[k] || a->asked[k].netns.id != netns->id)
                                continue;
                        done[k] = true;
                        if (is_at_home(a, netns->id, &a->asked[k].find))
                                part_add(&p, a, k);
                }
                r = part_ask(&p, a, netns);
        }
        part_done(&p);
        return r;
}

/* A name that is not among those of its own namespace, or a queue. */
static bool is_elsewhere(const Asking *a, size_t i) {
        const Find *f = &a->asked[i].find;

        if (!is_unix(f))
                return false;
        if (a->works[a->asked[i].work].peer_inode != 0)
                return f->found.count == 0;
        return f->server.count == 0 && f->found.peer_inode == 0;
}

static bool some_are_elsewhere(const Asking *a) {
        for (size_t i = 0; i < a->count; i++)
                if (is_elsewhere(a, i))
                        return true;
        return false;
}

static int ask_unix_elsewhere(Asking *a) {
        const HostNet *h = &a->cycle->peers.hosts;
        int r = some_are_elsewhere(a) ? find_places(a) : 0;
        Part p;

        if (r < 0 || !a->has_places)
                return r;
        r = part_new(&p, a->count);
        for (size_t k = 0; k < h->place_count && r >= 0; k++) {
                p.count = 0;
                for (size_t i = 0; i < a->count; i++)
                        if (a->asked[i].netns.id != h->places[k].netns.id && is_elsewhere(a, i))
                                part_add(&p, a, i);
                r = part_ask(&p, a, &h->places[k].netns);
        }
        part_done(&p);
        return r;
}

/* One in another namespace, if it is the only one. */
static int ask_across(const Asking *a, Asked *asked) {
        HostNet *h = &a->cycle->peers.hosts;
        uint32_t candidates[HOSTNET_CANDIDATES];
        size_t n = hostnet_across(h, a->cycle->collector, asked->netns.id, &asked->find, candidates);
        Find all = asked->find;
        unsigned found = 0;

        for (size_t k = 0; k < n; k++) {
                Find one = asked->find;
                int r = collector_find(a->cycle->collector, &h->places[candidates[k]].netns, &one, 1);

                if (r == -ENOMEM)
                        return r;
                /* One that did not answer may have it, too. */
                if (r < 0)
                        return 0;
                found += is_found(&one);
                if (is_found(&one))
                        all = one;
        }
        if (found == 1)
                asked->find = all;
        return 0;
}

static int ask_all(Asking *a) {
        int r = ask_at_home(a);

        for (size_t i = 0; i < a->count && r >= 0; i++) {
                Asked *asked = &a->asked[i];

                if (needs_places(&asked->find) && !is_found(&asked->find) && !is_at_home(a, asked->netns.id, &asked->find))
                        r = ask_across(a, asked);
        }
        return r < 0 ? r : ask_unix_elsewhere(a);
}

/* --- the answers ------------------------------------------------------------------------------------ */

/* Waiting in the queue of a listener that was found, or closed: its end says so, and no queue has it. */
static void conclude_without_peer(PeerWork *w, Find *f) {
        w->by = PEER_BY_UNIX;
        if (f->server.count == 1) {
                w->state = PEER_PENDING;
                w->inode = f->server.inode;
                return;
        }
        f->path_size = 0; /* it is its own */
        w->inode = f->found.peer_inode;
        if (w->inode != 0)
                w->state = PEER_ACCEPTED; /* meanwhile */
        else if (f->found.count == 1 && f->found.shutdown == SHUT_BOTH)
                w->state = PEER_GONE;
        else
                w->by = PEER_BY_NOTHING;
}

static void conclude_inet(PeerWork *w, const Find *f) {
        /* Who only tries to connect need not have been asked to: any user can, from any address. */
        if (f->found.count == 1 && f->found.state != STATE_SYN_SENT && f->found.state != STATE_SYN_RECV) {
                w->state = f->found.timer == TIMER_TIME_WAIT ? PEER_GONE : peer_state_of(f->transport, f->found.state, f->found.inode);
                w->inode = f->found.inode;
        } else if (f->transport == TRANSPORT_UDP && f->found.count == 0 && f->server.count == 1 && f->level >= FIND_AT_ANY)
                w->inode = f->server.inode; /* what takes datagrams from anybody */
        else
                return;
        w->by = PEER_BY_TUPLE;
        if (w->state == PEER_PENDING && f->server.count == 1)
                w->inode = f->server.inode;
}

static void conclude(PeerWork *w, Find *f) {
        if (!is_unix(f))
                conclude_inet(w, f);
        else if (w->peer_inode == 0)
                conclude_without_peer(w, f);
        else {
                w->by = PEER_BY_UNIX;
                w->state = PEER_ACCEPTED;
                w->inode = w->peer_inode;
        }
}

/* asked[] is in the order of works[]. */
static int answer_all(const Asking *a) {
        int r = 0;

        for (size_t i = 0, k = 0; i < a->work_count && r >= 0; i++) {
                bool asked = k < a->count && a->asked[k].work == i;

                r = answer(a->cycle, &a->works[i], asked ? &a->asked[k].find : NULL);
                k += asked;
        }
        return r;
}

int cycle_peers(Cycle *c) {
        Asking a = { .cycle = c };
        int r = ledger_peers(c->ledger, take_question, &a);

        if (r >= 0 && a.count > 0)
                r = ask_all(&a);
        for (size_t i = 0; i < a.count && r >= 0; i++)
                conclude(&a.works[a.asked[i].work], &a.asked[i].find);
        if (r >= 0)
                r = cycle_peer_holders(c, a.works, a.work_count);
        if (r >= 0)
                r = answer_all(&a);
        free(a.works);
        free(a.asked);
        return r;
}
