/* SPDX-License-Identifier: MIT */

/* Map: the other ends, and who called whom.
 *
 * The other end of an inet socket is the one with the swapped addresses, IPv4-mapped taken as IPv4, in the namespaces that map_places_t
 * says, since any user can make a socket with any pair of addresses (collect/hostnet.h); and only if there is exactly one. The other end of
 * a unix socket is found by inode in all namespaces, since an accepted socket lives in that of its client. */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/map-private.h"

/* --- addresses --------------------------------------------------------------------------------------- */

/* Addresses of an inet socket, normalised, in a form that memcmp() orders. Without padding. */
typedef struct MapKey {
        uint64_t netns;
        uint8_t transport, local_family, peer_family, zero;
        uint16_t local_port, peer_port;
        uint8_t local[16], peer[16];
} MapKey;

static_assert(sizeof(MapKey) == 48, "no padding: keys are compared as bytes");

struct MapTuple {
        MapKey key;
        uint32_t socket;
};

static MapKey key_of(const Socket *s, const Endpoint *local, const Endpoint *peer) {
        Endpoint l = *local, p = *peer;
        MapKey k = { .netns = s->netns, .transport = (uint8_t) transport_on_wire(s->transport), .local_port = l.port, .peer_port = p.port };

        k.local_family = (uint8_t) endpoint_normalise(s->family, &l);
        k.peer_family = (uint8_t) endpoint_normalise(s->family, &p);
        memcpy(k.local, l.ip, sizeof(k.local));
        memcpy(k.peer, p.ip, sizeof(k.peer));
        return k;
}

static int tuple_compare(const void *a, const void *b) {
        const MapTuple *x = a, *y = b;

        return memcmp(&x->key, &y->key, sizeof(MapKey));
}

int map_index_tuples(Map *m) {
        free(m->tuples);
        m->tuple_count = 0;
        m->tuples = reallocarray(NULL, m->socket_count + 1, sizeof(MapTuple));
        if (!m->tuples)
                return -ENOMEM;

        for (uint32_t i = 0; i < m->socket_count; i++) {
                const Socket *s = &m->sockets[i].socket;

                if (socket_has_addresses(s) && !m->sockets[i].unlisted)
                        m->tuples[m->tuple_count++] = (MapTuple){ key_of(s, &s->local, &s->peer), i };
        }
        qsort(m->tuples, m->tuple_count, sizeof(MapTuple), tuple_compare);
        return 0;
}

/* Index of the only socket with this key; MAP_NONE where there is none, or several (SO_REUSEPORT) and no telling which. */
static uint32_t map_find_tuple(const Map *m, const MapKey *key) {
        MapTuple want = { .key = *key };
        const MapTuple *t = bsearch(&want, m->tuples, m->tuple_count, sizeof(MapTuple), tuple_compare);

        if (!t)
                return MAP_NONE;
        if ((t > m->tuples && tuple_compare(t - 1, t) == 0) ||
            (t + 1 < m->tuples + m->tuple_count && tuple_compare(t + 1, t) == 0))
                return MAP_NONE;
        return t->socket;
}

/* Is there a listener with this key? *ret is the only one, or MAP_NONE. */
static bool map_listens(const Map *m, const MapKey *key, uint32_t *ret) {
        MapTuple want = { .key = *key };
        const MapTuple *t = bsearch(&want, m->tuples, m->tuple_count, sizeof(MapTuple), tuple_compare);

        if (!t || !socket_is_listener(&m->sockets[t->socket].socket))
                return false;
        *ret = map_find_tuple(m, key);
        return true;
}

/* Does a socket of the same namespace listen on the local port of s, on its address or on any? `sure`: and takes IPv4 for certain. */
static bool map_has_listener(const Map *m, const Socket *s, bool sure, uint32_t *ret) {
        MapKey k = key_of(s, &s->local, &(Endpoint){});
        Family family = (Family) k.local_family;

        k.peer_family = k.local_family;
        if (map_listens(m, &k, ret))
                return true;
        memset(k.local, 0, sizeof(k.local));
        if (map_listens(m, &k, ret))
                return true;
        /* [::] takes IPv4, too, unless it is for IPv6 only. */
        if (sure && family == FAMILY_IPV4)
                return false;
        k.local_family = k.peer_family = family == FAMILY_IPV4 ? FAMILY_IPV6 : FAMILY_IPV4;
        return map_listens(m, &k, ret);
}

/* --- TCP, UDP ---------------------------------------------------------------------------------------- */

static bool is_connected(const Socket *s) {
        return s->state != STATE_LISTEN && s->peer.port != 0;
}

static Direction inet_direction(const Map *m, const Socket *s) {
        if (!is_connected(s) || s->transport == TRANSPORT_RAW || s->transport == TRANSPORT_ICMP)
                return DIRECTION_UNKNOWN;
        if (s->state == STATE_SYN_SENT)
                return DIRECTION_EGRESS;
        return map_has_listener(m, s, false, &(uint32_t){ 0 }) ? DIRECTION_INGRESS : DIRECTION_EGRESS;
}

/* Who only tries to connect need not have been asked to: any user can, from any address. */
static bool may_be_peer(const Socket *s) {
        return s->state != STATE_SYN_SENT && s->state != STATE_SYN_RECV;
}

static void join_inet(const Map *m, MapSocket *s) {
        uint64_t places[MAP_PLACES] = { s->socket.netns };
        MapKey swapped = key_of(&s->socket, &s->socket.peer, &s->socket.local);
        size_t n = 1;

        if (!is_connected(&s->socket))
                return;
        if (m->places)
                n = m->places(m->userdata, &s->socket, places);
        for (size_t i = 0; i < n; i++) {
                uint32_t found;

                swapped.netns = places[i];
                found = map_find_tuple(m, &swapped);
                if (found == MAP_NONE || !may_be_peer(&m->sockets[found].socket))
                        continue;
                if (s->peer != MAP_NONE) {
                        s->peer = MAP_NONE;
                        return;
                }
                s->peer = found;
        }
        /* Who takes datagrams from anybody there. */
        if (s->peer == MAP_NONE && s->socket.transport == TRANSPORT_UDP && n == 1) {
                Socket there = s->socket;

                there.netns = places[0];
                there.local = s->socket.peer;
                (void) map_has_listener(m, &there, true, &s->peer);
        }
        if (s->peer != MAP_NONE && map_peer_state(m, (uint32_t) (s - m->sockets)) == PEER_PENDING)
                (void) map_has_listener(m, &m->sockets[s->peer].socket, false, &s->queue);
}

/* --- unix -------------------------------------------------------------------------------------------- */

static void join_unix(const Map *m, MapSocket *s) {
        MapWaiting want = { .client = s->socket.inode };
        const MapWaiting *w = NULL;

        s->peer = map_find(m, s->socket.peer_inode);
        if (s->socket.peer_inode == 0 && m->waiting_count > 0)
                w = bsearch(&want, m->waiting, m->waiting_count, sizeof(want), map_waiting_compare);
        if (w)
                s->queue = map_find(m, w->listener);
}

/* Who has a name was there first. Where both have one (datagram), who names a peer has connected. */
static Direction unix_direction(const Map *m, const MapSocket *s) {
        const Socket *peer = s->peer != MAP_NONE ? &m->sockets[s->peer].socket : NULL;
        const uint32_t *clients;
        bool named = s->socket.path_size > 0, peer_named = peer && peer->path_size > 0;

        if (s->socket.state == STATE_LISTEN)
                return DIRECTION_UNKNOWN;
        if (s->socket.peer_inode == 0)
                return named && map_clients(m, s->socket.inode, &clients) > 0 ? DIRECTION_INGRESS : DIRECTION_UNKNOWN;
        if (named && peer_named)
                return peer->peer_inode == s->socket.inode ? DIRECTION_UNKNOWN : DIRECTION_EGRESS;
        if (named)
                return DIRECTION_INGRESS;
        return peer_named ? DIRECTION_EGRESS : DIRECTION_UNKNOWN;
}

/* --- both -------------------------------------------------------------------------------------------- */

void map_join_ends(Map *m) {
        for (size_t i = 0; i < m->socket_count; i++) {
                MapSocket *s = &m->sockets[i];

                s->peer = s->queue = MAP_NONE;
                if (s->socket.family == FAMILY_UNIX) {
                        join_unix(m, s);
                        s->direction = unix_direction(m, s);
                } else if (socket_has_addresses(&s->socket) && !s->unlisted) {
                        join_inet(m, s);
                        s->direction = inet_direction(m, &s->socket);
                }
        }
}

uint32_t map_peer_inode(const Map *m, uint32_t socket) {
        const MapSocket *s = &m->sockets[socket];

        if (s->queue != MAP_NONE)
                return m->sockets[s->queue].socket.inode;
        if (s->socket.family == FAMILY_UNIX)
                return s->socket.peer_inode;
        return s->peer != MAP_NONE ? m->sockets[s->peer].socket.inode : 0;
}

#define SHUT_BOTH 3

PeerState map_peer_state(const Map *m, uint32_t socket) {
        const MapSocket *s = &m->sockets[socket];
        const Socket *peer = s->peer != MAP_NONE ? &m->sockets[s->peer].socket : NULL;

        if (s->queue != MAP_NONE)
                return PEER_PENDING;
        if (s->socket.family == FAMILY_UNIX) {
                if (s->socket.peer_inode != 0)
                        return PEER_ACCEPTED;
                return s->socket.state == STATE_ESTABLISHED && s->socket.transport != TRANSPORT_DGRAM && s->socket.shutdown == SHUT_BOTH ? PEER_GONE
                                                                                                                             : PEER_STATE_UNKNOWN;
        }
        return peer ? peer_state_of(peer->transport, peer->state, peer->inode) : PEER_STATE_UNKNOWN;
}

static PeerProcess identity(const Map *m, uint32_t process) {
        const Process *p = process != MAP_NONE ? &m->processes[process].process : NULL;

        return p ? (PeerProcess){ p->pid, p->start_ticks } : (PeerProcess){};
}

/* Is a better than b? */
static bool holder_is_better(const Map *m, const MapHolder *a, const MapHolder *b, uint32_t except) {
        const PeerProcess p = identity(m, a->process), q = identity(m, b->process), this_end = identity(m, except);

        return peer_is_better(&p, &q, &this_end);
}

const MapHolder *map_primary(const Map *m, uint32_t inode, uint32_t except) {
        const MapHolder *first, *best = NULL;
        size_t n = map_holders(m, inode, &first);

        for (size_t i = 0; i < n; i++)
                if (!best || holder_is_better(m, &first[i], best, except))
                        best = &first[i];
        return best;
}
