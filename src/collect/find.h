/* SPDX-License-Identifier: MIT */
#pragma once

/* Find: one socket that is looked for in a namespace, since it would be the other end of a known one; and what was found. Pure: rows of
 * any look can be held against a set of them. How the kernel is asked is collector_find() of collect.h.
 *
 * Addresses are compared normalised: IPv4 over an IPv6 socket is IPv4. */

#include <stddef.h>
#include <stdint.h>

#include "collect/socket.h"

/* What may take datagrams, or new connections, at an address; the kernel prefers the higher one. */
typedef enum FindLevel {
        FIND_NO_SERVER,
        FIND_AT_ANY_IPV6, /* [::]:port for an IPv4 address, unless it is for IPv6 only, which is not known here */
        FIND_AT_ANY,
        FIND_AT_ADDRESS,
} FindLevel;

typedef struct Found {
        unsigned count; /* how many there were; what follows is of one of them */
        uint32_t inode, peer_inode;
        uint8_t state, timer, shutdown;
} Found;

typedef struct Find {
        uint8_t family, transport; /* UNIX: by inode or client */
        Endpoint local, peer;      /* of the socket that is looked for; find_addresses() */
        uint32_t interface;        /* it may be bound to this one; 0: to none */
        uint32_t inode;            /* unix: the socket with this inode */
        uint32_t client;           /* unix: the listener in whose queue the socket with this inode waits */

        Found found;
        Found server; /* inet: who listens (TCP) or takes what comes from anybody (UDP) at `local`; unix: the listener */
        uint8_t level; /* FindLevel of `server` */
        uint8_t path_size; /* unix, of what was found */
        char path[SOCKET_PATH_MAX];
} Find;

/* Look for the other end of s: its addresses, swapped and normalised. */
void find_addresses(Find *f, const Socket *s);
/* The same two addresses? */
bool find_is_tuple(const Find *f, const Socket *row);
/* A row that is the answer. */
void find_take(Find *f, const Socket *row);
/* A unix listener, of which the clients in the queue are known. */
void find_take_listener(Find *f, const Socket *row);

typedef struct FindServer FindServer;

/* Many of them, of one namespace, against the rows of its tables. */
typedef struct FindSet {
        Find **sorted;
        size_t count;
        FindServer *servers;
        size_t server_count;
} FindSet;

/* Of `finds`, those with this transport; UNKNOWN: the unix ones by inode. -ENOMEM. */
int findset_init(FindSet *s, Find *finds, size_t count, Transport transport);
void findset_done(FindSet *s);
#define _cleanup_findset_ _cleanup_(findset_done)
/* Each row of the table; -ENOMEM. */
int findset_row(FindSet *s, const Socket *row);
/* After the last one: which servers are meant. */
void findset_end(FindSet *s);
