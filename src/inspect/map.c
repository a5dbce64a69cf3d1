/* SPDX-License-Identifier: MIT */

/* Map: three sorted arrays (holders and sockets by inode, inet sockets by addresses) and one index (unix clients by the
 * inode of their server) answer every question. 100,000 sockets take 70 ms to sort; no hash table, nothing to resize.
 *
 * The other end of an inet socket is the one with the swapped addresses, IPv4-mapped taken as IPv4, in the namespaces that map_places_t
 * says, since any user can make a socket with any pair of addresses (collect/hostnet.h); and only if there is exactly one. The other end of
 * a unix socket is found by inode in all namespaces, since an accepted socket lives in that of its client.
 *
 * Known limit: inode numbers of sockets are unique over all namespaces until the kernel's 32-bit counter wraps. */

#include "inspect/map.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void map_done(Map *m) {
        for (size_t i = 0; i < m->process_count; i++)
                process_done(&m->processes[i].process);
        free(m->processes);
        free(m->holders);
        free(m->sockets);
        free(m->tuples);
        free(m->clients);
        free(m->namespaces);
        free(m->waiting);
        *m = (Map){};
}

/* Room for one more element. */
static int grow(void *array, size_t *allocated, size_t count, size_t size) {
        size_t n = MAX(*allocated * 2, (size_t) 64);
        void **p = array, *q;

        if (count < *allocated)
                return 0;
        q = reallocarray(*p, n, size);
        if (!q)
                return -ENOMEM;
        *p = q;
        *allocated = n;
        return 0;
}

int map_add_process(Map *m, Process *p) {
        int r = grow(&m->processes, &m->processes_allocated, m->process_count, sizeof(MapProcess));

        if (r < 0) {
                process_done(p);
                return r;
        }
        m->processes[m->process_count++] = (MapProcess){ .process = *p };
        *p = (Process){};
        return 0;
}

int map_add_holder(Map *m, uint32_t process, int fd, uint32_t inode) {
        int r = grow(&m->holders, &m->holders_allocated, m->holder_count, sizeof(MapHolder));

        if (r < 0)
                return r;
        m->holders[m->holder_count++] = (MapHolder){ .inode = inode, .process = process, .fd = fd };
        return 0;
}

int map_add_socket(Map *m, const Socket *s) {
        int r;

        if (s->timer == TIMER_TIME_WAIT || s->state == STATE_TIME_WAIT || s->subflow)
                return 0;
        r = grow(&m->sockets, &m->sockets_allocated, m->socket_count, sizeof(MapSocket));
        if (r < 0)
                return r;
        m->sockets[m->socket_count++] = (MapSocket){ .socket = *s, .peer = MAP_NONE, .queue = MAP_NONE };
        return 0;
}

/* Names of system.sockprotoname (struct proto.name) of the protocols that records have a word for. */
static void socket_set_protocol(Socket *s, const char *protocol) {
        static const struct {
                const char *name;
                Family family;
                Transport transport;
        } known[] = {
                { "TCP", FAMILY_IPV4, TRANSPORT_TCP },           { "TCPv6", FAMILY_IPV6, TRANSPORT_TCP },
                { "UDP", FAMILY_IPV4, TRANSPORT_UDP },           { "UDPv6", FAMILY_IPV6, TRANSPORT_UDP },
                { "UDP-Lite", FAMILY_IPV4, TRANSPORT_UDPLITE },  { "UDPLITEv6", FAMILY_IPV6, TRANSPORT_UDPLITE },
                { "RAW", FAMILY_IPV4, TRANSPORT_RAW },           { "RAWv6", FAMILY_IPV6, TRANSPORT_RAW },
                { "PING", FAMILY_IPV4, TRANSPORT_ICMP },         { "PINGv6", FAMILY_IPV6, TRANSPORT_ICMP },
                { "MPTCP", FAMILY_IPV4, TRANSPORT_MPTCP },       { "MPTCPv6", FAMILY_IPV6, TRANSPORT_MPTCP },
                { "SCTP", FAMILY_IPV4, TRANSPORT_SCTP },         { "SCTPv6", FAMILY_IPV6, TRANSPORT_SCTP },
                { "UNIX", FAMILY_UNIX, TRANSPORT_UNKNOWN },      { "UNIX-STREAM", FAMILY_UNIX, TRANSPORT_STREAM },
                { "PACKET", FAMILY_PACKET, TRANSPORT_PACKET },   { "NETLINK", FAMILY_NETLINK, TRANSPORT_UNKNOWN },
                { "AF_VSOCK", FAMILY_VSOCK, TRANSPORT_UNKNOWN },
        };

        for (size_t i = 0; i < ELEMENTSOF(known); i++)
                if (strcmp(known[i].name, protocol) == 0) {
                        s->family = (uint8_t) known[i].family;
                        s->transport = (uint8_t) known[i].transport;
                }
}

int map_add_unlisted(Map *m, uint32_t inode, const char *protocol) {
        MapSocket *added;
        Socket s;
        int r;

        socket_init(&s);
        s.inode = inode;
        socket_set_protocol(&s, protocol);
        r = map_add_socket(m, &s);
        if (r < 0)
                return r;
        added = &m->sockets[m->socket_count - 1];
        added->unlisted = true;
        (void) snprintf(added->protocol, sizeof(added->protocol), "%s", protocol);
        return 0;
}

int map_add_netns(Map *m, const Netns *n) {
        Netns *p = reallocarray(m->namespaces, m->netns_count + 1, sizeof(Netns));

        if (!p)
                return -ENOMEM;
        m->namespaces = p;
        m->namespaces[m->netns_count++] = *n;
        return 0;
}

int map_add_waiting(Map *m, uint32_t client, uint32_t listener) {
        MapWaiting *waiting = array_grow(m->waiting, m->waiting_count, sizeof(MapWaiting));

        if (!waiting)
                return -ENOMEM;
        m->waiting = waiting;
        m->waiting[m->waiting_count++] = (MapWaiting){ client, listener };
        return 0;
}

const Netns *map_netns(const Map *m, uint64_t id) {
        for (size_t i = 0; i < m->netns_count; i++)
                if (m->namespaces[i].id == id)
                        return &m->namespaces[i];
        return NULL;
}

/* --- order ------------------------------------------------------------------------------------------ */

static int holder_compare(const void *a, const void *b) {
        const MapHolder *x = a, *y = b;
        int r = CMP(x->inode, y->inode);

        r = r != 0 ? r : CMP(x->process, y->process);
        return r != 0 ? r : CMP(x->fd, y->fd);
}

/* MPTCP before TCP: its subflows are listed with the inode of the whole connection. */
static int socket_compare(const void *a, const void *b) {
        const MapSocket *x = a, *y = b;
        int r = CMP(x->socket.inode, y->socket.inode);

        r = r != 0 ? r : CMP(y->socket.transport == TRANSPORT_MPTCP, x->socket.transport == TRANSPORT_MPTCP);
        r = r != 0 ? r : CMP(x->unlisted, y->unlisted);
        return r != 0 ? r : CMP(x->socket.cookie, y->socket.cookie);
}

/* A dump that runs while sockets come and go may list one twice. */
static void map_drop_twins(Map *m) {
        size_t n = 0;

        for (size_t i = 0; i < m->socket_count; i++) {
                const Socket *last = n > 0 ? &m->sockets[n - 1].socket : NULL, *s = &m->sockets[i].socket;
                bool twin = last && last->inode == s->inode &&
                            (s->inode != 0 || (s->cookie != 0 && last->cookie == s->cookie));

                if (!twin)
                        m->sockets[n++] = m->sockets[i];
        }
        m->socket_count = n;
}

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

static int client_compare(const void *a, const void *b, void *userdata) {
        const Map *m = userdata;
        const Socket *x = &m->sockets[*(const uint32_t *) a].socket, *y = &m->sockets[*(const uint32_t *) b].socket;
        int r = CMP(x->peer_inode, y->peer_inode);

        return r != 0 ? r : CMP(x->inode, y->inode);
}

static int map_index(Map *m) {
        free(m->tuples);
        free(m->clients);
        m->tuple_count = m->client_count = 0;
        m->tuples = reallocarray(NULL, m->socket_count + 1, sizeof(MapTuple));
        m->clients = reallocarray(NULL, m->socket_count + 1, sizeof(uint32_t));
        if (!m->tuples || !m->clients)
                return -ENOMEM;

        for (uint32_t i = 0; i < m->socket_count; i++) {
                const Socket *s = &m->sockets[i].socket;

                if (socket_has_addresses(s) && !m->sockets[i].unlisted)
                        m->tuples[m->tuple_count++] = (MapTuple){ key_of(s, &s->local, &s->peer), i };
                if (s->family == FAMILY_UNIX && s->peer_inode != 0)
                        m->clients[m->client_count++] = i;
        }
        qsort(m->tuples, m->tuple_count, sizeof(MapTuple), tuple_compare);
        qsort_r(m->clients, m->client_count, sizeof(uint32_t), client_compare, m);
        return 0;
}

/* --- questions -------------------------------------------------------------------------------------- */

uint32_t map_find(const Map *m, uint32_t inode) {
        size_t first = 0, n = m->socket_count;

        while (inode != 0 && n > 0) {
                size_t middle = first + n / 2;
                uint32_t found = m->sockets[middle].socket.inode;

                if (found == inode)
                        return (uint32_t) middle;
                if (found < inode) {
                        first = middle + 1;
                        n -= n / 2 + 1;
                } else
                        n /= 2;
        }
        return MAP_NONE;
}

size_t map_holders(const Map *m, uint32_t inode, const MapHolder **ret) {
        size_t first = 0, n = m->holder_count, count = 0;

        while (n > 0) {
                size_t half = n / 2;

                if (m->holders[first + half].inode < inode) {
                        first += half + 1;
                        n -= half + 1;
                } else
                        n = half;
        }
        while (inode != 0 && first + count < m->holder_count && m->holders[first + count].inode == inode)
                count++;
        *ret = count > 0 ? &m->holders[first] : NULL;
        return count;
}

size_t map_clients(const Map *m, uint32_t inode, const uint32_t **ret) {
        size_t first = 0, n = m->client_count, count = 0;

        while (n > 0) {
                size_t half = n / 2;

                if (m->sockets[m->clients[first + half]].socket.peer_inode < inode) {
                        first += half + 1;
                        n -= half + 1;
                } else
                        n = half;
        }
        while (inode != 0 && first + count < m->client_count &&
               m->sockets[m->clients[first + count]].socket.peer_inode == inode)
                count++;
        *ret = count > 0 ? &m->clients[first] : NULL;
        return count;
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

static int waiting_compare(const void *a, const void *b) {
        const MapWaiting *x = a, *y = b;

        return CMP(x->client, y->client);
}

static void join_unix(const Map *m, MapSocket *s) {
        MapWaiting want = { .client = s->socket.inode };
        const MapWaiting *w = NULL;

        s->peer = map_find(m, s->socket.peer_inode);
        if (s->socket.peer_inode == 0 && m->waiting_count > 0)
                w = bsearch(&want, m->waiting, m->waiting_count, sizeof(want), waiting_compare);
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

int map_join(Map *m) {
        int r;

        /* Empty arrays may be NULL, which qsort() is not to be given. */
        if (m->holder_count > 0)
                qsort(m->holders, m->holder_count, sizeof(MapHolder), holder_compare);
        if (m->socket_count > 0)
                qsort(m->sockets, m->socket_count, sizeof(MapSocket), socket_compare);
        if (m->waiting_count > 0)
                qsort(m->waiting, m->waiting_count, sizeof(MapWaiting), waiting_compare);
        map_drop_twins(m);
        r = map_index(m);
        if (r < 0)
                return r;

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
        return 0;
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
