/* SPDX-License-Identifier: MIT */

/* Map: three sorted arrays (holders and sockets by inode, inet sockets by addresses) and one index (unix clients by the
 * inode of their server) answer every question. 100,000 sockets take 70 ms to sort; no hash table, nothing to resize. The other ends,
 * and the index by addresses, are in map-peer.c.
 *
 * Known limit: inode numbers of sockets are unique over all namespaces until the kernel's 32-bit counter wraps. */

#include "inspect/map.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/map-private.h"

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

static int client_compare(const void *a, const void *b, void *userdata) {
        const Map *m = userdata;
        const Socket *x = &m->sockets[*(const uint32_t *) a].socket, *y = &m->sockets[*(const uint32_t *) b].socket;
        int r = CMP(x->peer_inode, y->peer_inode);

        return r != 0 ? r : CMP(x->inode, y->inode);
}

static int map_index_clients(Map *m) {
        free(m->clients);
        m->client_count = 0;
        m->clients = reallocarray(NULL, m->socket_count + 1, sizeof(uint32_t));
        if (!m->clients)
                return -ENOMEM;

        for (uint32_t i = 0; i < m->socket_count; i++)
                if (m->sockets[i].socket.family == FAMILY_UNIX && m->sockets[i].socket.peer_inode != 0)
                        m->clients[m->client_count++] = i;
        qsort_r(m->clients, m->client_count, sizeof(uint32_t), client_compare, m);
        return 0;
}

int map_waiting_compare(const void *a, const void *b) {
        const MapWaiting *x = a, *y = b;

        return CMP(x->client, y->client);
}

int map_join(Map *m) {
        int r;

        /* Empty arrays may be NULL, which qsort() is not to be given. */
        if (m->holder_count > 0)
                qsort(m->holders, m->holder_count, sizeof(MapHolder), holder_compare);
        if (m->socket_count > 0)
                qsort(m->sockets, m->socket_count, sizeof(MapSocket), socket_compare);
        if (m->waiting_count > 0)
                qsort(m->waiting, m->waiting_count, sizeof(MapWaiting), map_waiting_compare);
        map_drop_twins(m);
        r = map_index_clients(m);
        r = r < 0 ? r : map_index_tuples(m);
        if (r >= 0)
                map_join_ends(m);
        return r;
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
