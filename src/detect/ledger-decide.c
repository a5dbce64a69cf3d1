/* SPDX-License-Identifier: MIT */

/* Ledger: which rule tells a connection, whose it is, and who connected. */

#include <string.h>

#include "detect/ledger-internal.h"

/* 127.0.0.0/8, also mapped, and ::1: the peer is in the same namespace. */
static bool is_loopback(const Connection *c) {
        static const Endpoint one = { .ip = { [15] = 1 } };
        Endpoint peer = c->peer;

        if (endpoint_normalise((Family) c->family, &peer) == FAMILY_IPV4)
                return peer.ip[0] == 127;
        return memcmp(peer.ip, one.ip, sizeof(one.ip)) == 0;
}

/* Who connected? Certain from SYN_SENT, from a listener on the local port, or from one on that of a peer in the same namespace. A
 * socket on an ephemeral port that talks to a port which is none has connected itself (an accepted one has its listener's port);
 * the rest stays undecided. */
static Direction direct(const Ledger *l, const Connection *c) {
        if (c->direction != DIRECTION_UNKNOWN || c->family == FAMILY_UNIX)
                return c->direction;
        if (c->state == STATE_SYN_SENT)
                return DIRECTION_EGRESS;
        if (c->peer.port == 0)
                return DIRECTION_UNKNOWN;
        if (ledger_listens(l, &c->table->netns, c->transport, c->family, &c->local, c->key))
                return DIRECTION_INGRESS;
        if (is_loopback(c) && ledger_listens(l, &c->table->netns, c->transport, c->family, &c->peer, c->key))
                return DIRECTION_EGRESS;
        if (ledger_is_ephemeral(l, c->local.port) && !ledger_is_ephemeral(l, c->peer.port))
                return DIRECTION_EGRESS;
        return DIRECTION_UNKNOWN;
}

static bool is_older(const Holder *a, const Holder *b) {
        int d = CMP(a->actor->process.start_ticks, b->actor->process.start_ticks);

        d = d ?: CMP(a->actor->process.pid, b->actor->process.pid);
        return (d ?: CMP(a->fd, b->fd)) < 0;
}

Holder *ledger_holder_for(const Ledger *l, const Connection *c, size_t rule) {
        Holder *best = NULL;

        if (c->orphan)
                return NULL;
        for (Holder *h = ledger_holders(l, c->inode); h; h = h->next_of_inode) {
                bool ok = l->rules->rules[rule].match ? rulebits_has(&h->actor->matched, rule) : !h->actor->excluded;

                if (ok && (!best || is_older(h, best)))
                        best = h;
        }
        return best;
}

void ledger_attribute(Connection *c, Actor *a, int fd, Attribution how) {
        if (c->primary != a) {
                actor_release(c->primary);
                c->primary = actor_reference(a);
        }
        c->fd = fd;
        c->attribution = (uint8_t) how;
}

/* By which of its descriptors it has it; NULL: by none. */
static Holder *holder_of(const Ledger *l, const Connection *c, const Actor *a) {
        for (Holder *h = ledger_holders(l, c->inode); h; h = h->next_of_inode)
                if (h->actor == a)
                        return h;
        return NULL;
}

/* Does rule i tell this connection? Names the process if so. */
static bool rule_tells(Ledger *l, Connection *c, size_t i, const Socket *s, bool listener) {
        const Rule *rule = &l->rules->rules[i];
        Connection *by;
        Holder *h;
        bool named;

        if (!socketfilter_match(&rule->sockets, s, c->direction, listener))
                return false;
        h = ledger_holder_for(l, c, i);
        named = c->noticed && c->primary && (!rule->match || rulebits_has(&c->primary->matched, i));
        /* Who opened or accepted it speaks first, who only listens there last. */
        if (named && c->attribution != ATTRIBUTION_LISTENER) {
                h = holder_of(l, c, c->primary);
                c->fd = h ? h->fd : -1;
                return !c->primary->excluded;
        }
        if (h) {
                ledger_attribute(c, h->actor, h->fd, ATTRIBUTION_FD);
                return true;
        }
        if (named)
                return !c->primary->excluded;
        by = c->orphan ? ledger_listener(l, &c->table->netns, c->transport, c->family, &c->local) : NULL;
        if (by && by->primary && (!rule->match || rulebits_has(&by->primary->matched, i))) {
                ledger_attribute(c, by->primary, -1, ATTRIBUTION_LISTENER);
                return true;
        }
        /* Of any process, and nobody to be named: unless all who hold it are excluded. */
        return !rule->match && (c->orphan || !ledger_holders(l, c->inode));
}

uint16_t ledger_decide(Ledger *l, Connection *c, bool *ret_listener) {
        Socket s;
        bool listener;

        connection_socket(c, &s);
        listener = ledger_is_listener(l, &s);
        c->direction = (uint8_t) direct(l, c);
        for (size_t i = 0; i < l->rules->count; i++)
                if (rule_tells(l, c, i, &s, listener)) {
                        *ret_listener = listener;
                        return (uint16_t) i;
                }
        return RULE_NONE;
}
