/* SPDX-License-Identifier: MIT */

/* Ledger: who is at the other end (peer.h). It is asked for once, when a connection is about to be told and has another end: when it
 * appears, or when it gets connected. What waits in the queue of a listener is asked about once more, one look later, since by
 * then it is mostly accepted. What was found stays with the connection, so that its end names the peer, too.
 *
 * Pure: the questions are handed out, and somebody who may look answers them, before the judgement that tells the connection. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detect/ledger-internal.h"

#define ASKS_MAX 2

static bool is_connected(const Connection *c) {
        switch (c->transport) {
        case TRANSPORT_TCP:
                return c->peer.port != 0 && c->state != STATE_SYN_SENT && c->state != STATE_SYN_RECV && c->state != STATE_LISTEN &&
                       c->state != STATE_CLOSE;
        case TRANSPORT_UDP:
                return c->peer.port != 0;
        case TRANSPORT_DGRAM:
                return c->peer_inode != 0;
        case TRANSPORT_STREAM:
        case TRANSPORT_SEQPACKET:
                /* Without cookie it comes from a text that names no peer. */
                return c->state == STATE_ESTABLISHED && c->cookie != 0;
        default:
                return false;
        }
}

/* It is only counted: by the name of the other end, where that has one. What stalls is told. */
static bool is_counted(const Ledger *l, const Connection *c, uint16_t rule) {
        return c->family != FAMILY_UNIX && !c->stuck && ledger_will_fold(l, c, rule);
}

/* Will the next judgement tell it, and as a connection? */
static bool is_to_be_told(Ledger *l, Connection *c) {
        uint8_t direction = c->direction;
        bool listener = false, told;
        uint16_t rule;

        if (c->told)
                return c->told_as == TOLD_CONNECTION && !is_counted(l, c, c->rule);
        if (c->newcomer && c->orphan && c->appeared && !c->waited && !c->noticed)
                return false; /* the judgement waits for its accept, one look long */
        rule = ledger_decide(l, c, &listener);
        told = rule != RULE_NONE && !listener && !is_counted(l, c, rule);
        c->direction = direction; /* the judgement decides, when it knows which listeners are gone */
        return told;
}

static bool is_wanted(Ledger *l, Connection *c) {
        return !c->out && !c->ended && !c->suspect && is_connected(c) && is_to_be_told(l, c);
}

/* --- both ends in the map --------------------------------------------------------------------------- */

/* Both ends of a connection of this host are mostly new in the same look. */
typedef struct Pair {
        Connection *ends[2]; /* NULL: not seen */
        bool ambiguous;      /* more than two have these addresses */
} Pair;

/* All that is about to be judged. */
typedef struct Pairs {
        Pair *pairs;
        size_t count;
        SocketMap numbers; /* of a pair, from 1 on, by the addresses */
} Pairs;

static uint64_t hash_end(const Ledger *l, unsigned family, Endpoint e) {
        unsigned normalised = endpoint_normalise((Family) family, &e);
        uint64_t half[2];

        memcpy(half, e.ip, sizeof(half));
        return hash_mix(hash_mix(l->secret[1] ^ half[0], half[1]), e.port ^ (uint64_t) normalised << 16);
}

/* The same from both ends. */
static uint64_t pair_key(const Ledger *l, const Connection *c) {
        uint64_t ends = hash_end(l, c->family, c->local) + hash_end(l, c->family, c->peer);

        return hash_mix(l->secret[0] ^ c->table->netns.id, ends) ?: 1;
}

static bool is_normalised_equal(const Connection *a, Endpoint x, const Connection *b, Endpoint y) {
        return endpoint_normalise((Family) a->family, &x) == endpoint_normalise((Family) b->family, &y) && endpoint_compare(&x, &y) == 0;
}

static bool is_one_of_pair(const Connection *c) {
        return c->transport == TRANSPORT_TCP && !c->out && !c->ended && !c->suspect && is_connected(c);
}

static Pair *find_pair(const Ledger *l, const Pairs *p, const Connection *c) {
        const uint64_t *number = is_one_of_pair(c) ? socketmap_find(&p->numbers, pair_key(l, c)) : NULL;

        return number ? &p->pairs[*number - 1] : NULL;
}

static int add_pair(const Ledger *l, Pairs *p, Connection *c) {
        Pair *pair = find_pair(l, p, c), *pairs;
        bool third = pair && pair->ends[1];

        if (pair && !third) {
                pair->ends[1] = c;
                return 0;
        }
        if (third)
                pair->ambiguous = true;
        pairs = array_grow(p->pairs, p->count, sizeof(*pairs));
        if (!pairs)
                return -ENOMEM;
        p->pairs = pairs;
        p->pairs[p->count++] = (Pair){ .ends = { c }, .ambiguous = third };
        return third || !is_one_of_pair(c) ? 0 : socketmap_put(&p->numbers, pair_key(l, c), p->count);
}

static int collect_pairs(const Ledger *l, Pairs *p) {
        int r = 0;

        for (Connection *c = l->pending; c && r >= 0; c = c->next_pending)
                r = add_pair(l, p, c);
        return r;
}

static void pairs_done(Pairs *p) {
        free(p->pairs);
        socketmap_done(&p->numbers);
}

/* Nobody has accepted it yet, or another interface may be meant: that is to be asked. */
static bool is_other_end(const Connection *c, const Connection *other) {
        return other != c && !other->orphan && other->interface == c->interface && other->table->netns.id == c->table->netns.id &&
               is_normalised_equal(c, c->local, other, other->peer) && is_normalised_equal(c, c->peer, other, other->local);
}

/* The inode of the one that these looks have shown with the addresses of c swapped; 0: none. */
static uint32_t other_in(const Pair *pair, const Connection *c) {
        for (size_t i = 0; pair && !pair->ambiguous && i < ELEMENTSOF(pair->ends); i++)
                if (pair->ends[i] && is_other_end(c, pair->ends[i]))
                        return pair->ends[i]->inode;
        return 0;
}

/* --- questions -------------------------------------------------------------------------------------- */

typedef struct Asking {
        Ledger *ledger;
        ledger_peer_t take;
        void *userdata;
} Asking;

/* For the n-th time. pair: NULL: the other end is not known. */
static int ask(const Asking *a, Connection *c, const Pair *pair, unsigned n) {
        PeerQuestion q;

        if (c->peer_asks >= n || !is_wanted(a->ledger, c))
                return 0;
        c->peer_asks = n & 3;
        q = (PeerQuestion){
                .other = other_in(pair, c),
                .key = c->key,
                .netns = c->table->netns,
                .inode = c->inode,
                .peer_inode = c->peer_inode,
                .family = c->family,
                .transport = c->transport,
                .local = c->local,
                .peer = c->peer,
                .interface = c->interface,
        };
        if (c->primary)
                q.this_end = (PeerProcess){ c->primary->process.pid, c->primary->process.start_ticks };
        return a->take(a->userdata, &q);
}

/* Both ends one after the other: each needs the holders of both. */
static int ask_both(const Asking *a, const Pair *pair) {
        int r = ask(a, pair->ends[0], pair, 1);

        return r < 0 || !pair->ends[1] ? r : ask(a, pair->ends[1], pair, 1);
}

/* The pairs behind number i, the farthest first. */
static void fetch_ahead(const Ledger *l, const Pairs *p, size_t i) {
        for (FetchStep step = 0; step < _FETCH_MAX; step++) {
                size_t ahead = i + _FETCH_MAX - step;

                for (size_t k = 0; ahead < p->count && k < ELEMENTSOF(p->pairs->ends); k++)
                        ledger_fetch(l, p->pairs[ahead].ends[k], step);
        }
}

int ledger_peers(Ledger *l, ledger_peer_t take, void *userdata) {
        const Asking asking = { l, take, userdata };
        size_t again = l->peer_again_count;
        Pairs pairs = {};
        int r = collect_pairs(l, &pairs);

        l->peer_again_count = 0;
        for (size_t i = 0; i < again && r >= 0; i++) {
                Connection *c = ledger_connection(l, l->peer_again[i]);

                if (c)
                        r = ask(&asking, c, find_pair(l, &pairs, c), ASKS_MAX);
        }
        for (size_t i = 0; i < pairs.count && r >= 0; i++) {
                fetch_ahead(l, &pairs, i);
                r = ask_both(&asking, &pairs.pairs[i]);
        }
        pairs_done(&pairs);
        return r;
}

size_t ledger_peer_holder(const Ledger *l, uint32_t inode, const PeerProcess *this_end, PeerProcess *ret, bool *ret_all) {
        size_t count = 0;

        for (const Holder *h = inode != 0 ? ledger_holders(l, inode) : NULL; h; h = h->next_of_inode, count++) {
                PeerProcess p = { h->actor->process.pid, h->actor->process.start_ticks };

                if (count == 0 || peer_is_better(&p, ret, this_end))
                        *ret = p;
        }
        *ret_all = l->rules->any_process;
        return count;
}

/* Asked again, one look later. Out of memory costs that. */
static void ask_again(Ledger *l, const Connection *c) {
        uint64_t *keys = array_grow(l->peer_again, l->peer_again_count, sizeof(*keys));

        if (!keys)
                return;
        l->peer_again = keys;
        l->peer_again[l->peer_again_count++] = c->key;
}

int ledger_peer_answer(Ledger *l, const PeerAnswer *answer) {
        Connection *c = ledger_connection(l, answer->key);
        Actor *a = answer->process.pid != 0 ? ledger_actor(l, answer->process.pid) : NULL;
        OtherEnd *other;

        if (!c)
                return -ENOENT;
        other = malloc(sizeof(*other) + answer->path_size);
        if (!other)
                return -ENOMEM;
        *other = (OtherEnd){
                .process = a && a->process.start_ticks == answer->process.start_ticks ? actor_reference(a) : NULL,
                .holder_count = answer->holder_count,
                .cycle = l->cycle,
                .by = (uint8_t) answer->by,
                .state = (uint8_t) answer->state,
                .path_size = answer->path_size,
        };
        if (answer->path_size > 0)
                memcpy(other->path, answer->path, answer->path_size);
        c->other = other_end_free(c->other);
        c->other = other;
        if (answer->inode != 0 && c->family == FAMILY_UNIX && answer->state == PEER_ACCEPTED)
                c->peer_inode = answer->inode;
        if (answer->state == PEER_PENDING && c->peer_asks < ASKS_MAX)
                ask_again(l, c);
        return 0;
}

OtherEnd *other_end_free(OtherEnd *other) {
        if (other)
                actor_release(other->process);
        free(other);
        return NULL;
}

void ledger_event_peer(Ledger *l, Event *e, const Connection *c) {
        const OtherEnd *o = c->other;
        const Process *p;

        if (!o)
                return;
        if (o->path_size > 0)
                event_set_bytes(e, EVENT_FIELD_PEER_PATH, (Bytes){ .data = o->path, .size = o->path_size });
        event_set_word(e, EVENT_FIELD_PEER_BY, peer_by_name(o->by));
        /* What waited then need not wait any more. */
        if (o->state != PEER_STATE_UNKNOWN && (o->state != PEER_PENDING || o->cycle == l->cycle))
                event_set_word(e, EVENT_FIELD_PEER_STATE, peer_state_name(o->state));
        if (o->holder_count > 1)
                event_set_number(e, EVENT_FIELD_PEER_HOLDER_COUNT, o->holder_count);
        if (!o->process)
                return;
        p = &o->process->process;
        event_set_number(e, EVENT_FIELD_PEER_PID, p->pid);
        event_set_word(e, EVENT_FIELD_PEER_PROCESS_ENTITY, o->process->entity);
        event_set_bytes(e, EVENT_FIELD_PEER_COMM, bytes_of(p->comm));
        event_set_bytes(e, EVENT_FIELD_PEER_EXE, bytes_of(p->exe));
        if (p->uid != PROCESS_UNKNOWN)
                event_set_number(e, EVENT_FIELD_PEER_UID, p->uid);
        event_set_bytes(e, EVENT_FIELD_PEER_UNIT, bytes_of(p->unit));
        event_set_bytes(e, EVENT_FIELD_PEER_CONTAINER, bytes_of(p->container));
        if (p->netns_inode != 0 && p->netns_inode != c->table->netns.inode)
                event_set_number(e, EVENT_FIELD_PEER_NETNS, p->netns_inode);
}
