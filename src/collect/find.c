/* SPDX-License-Identifier: MIT */

/* Sorted by transport, port and the rest, so that a row costs a binary search, and a port that nobody asked for less. */

#include "collect/find.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"

/* What is compared, as bytes: no padding. */
typedef struct FindKey {
        uint8_t transport, zero;
        uint16_t local_port;
        uint8_t local_family, peer_family;
        uint16_t peer_port;
        uint32_t inode;
        uint8_t local[16], peer[16];
} FindKey;

static_assert(sizeof(FindKey) == 44, "no padding: keys are compared as bytes");

/* Any user can bind a great many addresses to a port: beyond this, none of them is told from the others. */
#define SERVERS_MAX 1024

struct FindServer {
        Socket socket;
        Family family; /* normalised, as socket.local is */
};

static FindKey key_of_addresses(unsigned transport, unsigned family, Endpoint local, Endpoint peer) {
        FindKey k = { .transport = (uint8_t) transport, .local_port = local.port, .peer_port = peer.port };

        k.local_family = (uint8_t) endpoint_normalise((Family) family, &local);
        k.peer_family = (uint8_t) endpoint_normalise((Family) family, &peer);
        memcpy(k.local, local.ip, sizeof(k.local));
        memcpy(k.peer, peer.ip, sizeof(k.peer));
        return k;
}

static FindKey key_of(const Find *f) {
        if (f->family == FAMILY_UNIX)
                return (FindKey){ .inode = f->inode };
        return key_of_addresses(f->transport, f->family, f->local, f->peer);
}

static FindKey key_of_row(const Socket *row) {
        if (row->family == FAMILY_UNIX)
                return (FindKey){ .inode = row->inode };
        return key_of_addresses(row->transport, row->family, row->local, row->peer);
}

void find_addresses(Find *f, const Socket *s) {
        f->transport = s->transport;
        f->local = s->peer;
        f->peer = s->local;
        f->interface = s->interface;
        f->family = (uint8_t) endpoint_normalise((Family) s->family, &f->local);
        /* A mapped address on one side only cannot be: both are of one packet. */
        if (endpoint_normalise((Family) s->family, &f->peer) != f->family)
                f->family = s->family;
}

bool find_is_tuple(const Find *f, const Socket *row) {
        FindKey a = key_of(f), b = key_of_row(row);

        return memcmp(&a, &b, sizeof(a)) == 0;
}

static void found_set(Found *f, const Socket *row) {
        f->count++;
        f->inode = row->inode;
        f->peer_inode = row->peer_inode;
        f->state = row->state;
        f->timer = row->timer;
        f->shutdown = row->shutdown;
}

static void take_path(Find *f, const Socket *row) {
        f->path_size = row->path_size;
        memcpy(f->path, row->path, sizeof(f->path));
}

void find_take(Find *f, const Socket *row) {
        found_set(&f->found, row);
        if (row->family == FAMILY_UNIX)
                take_path(f, row);
}

void find_take_listener(Find *f, const Socket *row) {
        found_set(&f->server, row);
        take_path(f, row);
}

/* --- sets ------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b) {
        FindKey x = key_of(*(Find *const *) a), y = key_of(*(Find *const *) b);

        return memcmp(&x, &y, sizeof(x));
}

int findset_init(FindSet *s, Find *finds, size_t count, Transport transport) {
        *s = (FindSet){ .sorted = reallocarray(NULL, count + 1, sizeof(Find *)) };
        if (!s->sorted)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                bool local = finds[i].family == FAMILY_UNIX;

                if (local ? transport == TRANSPORT_UNKNOWN && finds[i].inode != 0 : finds[i].transport == transport)
                        s->sorted[s->count++] = &finds[i];
        }
        qsort(s->sorted, s->count, sizeof(Find *), compare);
        return 0;
}

void findset_done(FindSet *s) {
        free(s->sorted);
        free(s->servers);
        *s = (FindSet){};
}

/* The first one that is not before the key. */
static size_t lower_bound(const FindSet *s, const FindKey *key) {
        size_t first = 0, n = s->count;

        while (n > 0) {
                size_t half = n / 2;
                FindKey k = key_of(s->sorted[first + half]);

                if (memcmp(&k, key, sizeof(k)) < 0) {
                        first += half + 1;
                        n -= half + 1;
                } else
                        n = half;
        }
        return first;
}

static bool port_is_asked(const FindSet *s, const Socket *row) {
        FindKey least = { .transport = row->transport, .local_port = row->local.port };
        size_t i = lower_bound(s, &least);

        return i < s->count && s->sorted[i]->local.port == row->local.port;
}

/* Takes what comes from anybody. */
static bool is_server(const Socket *row) {
        return socket_has_addresses(row) && row->peer.port == 0 && socket_is_listener(row);
}

int findset_row(FindSet *s, const Socket *row) {
        FindKey key = key_of_row(row);

        for (size_t i = lower_bound(s, &key); i < s->count; i++) {
                if (!find_is_tuple(s->sorted[i], row))
                        break;
                find_take(s->sorted[i], row);
        }
        if (s->server_count <= SERVERS_MAX && is_server(row) && port_is_asked(s, row)) {
                FindServer *servers = array_grow(s->servers, s->server_count, sizeof(FindServer));

                if (!servers)
                        return -ENOMEM;
                s->servers = servers;
                servers += s->server_count++;
                servers->socket = *row;
                servers->family = endpoint_normalise((Family) row->family, &servers->socket.local);
        }
        return 0;
}

static FindLevel level_of(const Find *f, const FindServer *server) {
        const Socket *s = &server->socket;

        if (s->transport != f->transport || s->local.port != f->local.port || (s->interface != 0 && s->interface != f->interface))
                return FIND_NO_SERVER;
        if (server->family == (Family) f->family && endpoint_compare(&s->local, &f->local) == 0)
                return FIND_AT_ADDRESS;
        if (!endpoint_is_any(&s->local))
                return FIND_NO_SERVER;
        if (server->family == (Family) f->family)
                return FIND_AT_ANY;
        return server->family == FAMILY_IPV6 ? FIND_AT_ANY_IPV6 : FIND_NO_SERVER;
}

static void choose_server(Find *f, const FindSet *s) {
        for (size_t i = 0; i < s->server_count; i++) {
                FindLevel level = level_of(f, &s->servers[i]);

                if (level == FIND_NO_SERVER || level < f->level)
                        continue;
                if (level > f->level)
                        f->server = (Found){};
                f->level = (uint8_t) level;
                found_set(&f->server, &s->servers[i].socket);
        }
}

void findset_end(FindSet *s) {
        for (size_t i = 0; i < s->count && s->server_count <= SERVERS_MAX; i++)
                choose_server(s->sorted[i], s);
}
