/* SPDX-License-Identifier: MIT */
#pragma once

/* Destroy: the kernel's messages about sockets that it frees (multicast groups of sock_diag, Linux 4.2). Every TCP and UDP socket of our
 * namespace, and, where that is allowed, of all namespaces that have a number in ours (see nsid.h), makes one, however short it lived. A message has
 * the cookie, the addresses and the last figures, but neither process nor time, and a worker of the kernel sends it, later. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/drops.h"
#include "collect/socket.h"

typedef struct Destroy {
        int fd;            /* -1: closed */
        unsigned groups;   /* joined: bits of TABLE_BIT */
        bool everywhere;   /* hears other namespaces, too */
        uint64_t buffer;   /* bytes, as the kernel counts them */
        Drops drops;
} Destroy;

#define DESTROY_NULL ((Destroy){ .fd = -1 })
#define DESTROY_OWN (-1) /* no number of a namespace: our own */

typedef struct DestroyMessage {
        int32_t nsid; /* DESTROY_OWN, or the number that the socket's namespace has in ours */
        bool damaged; /* not understood: nothing else is known */
        Socket socket;
} DestroyMessage;

/* -EPERM of the foreign namespaces is no error: see `everywhere`. 0 or negative errno. */
int destroy_open(Destroy *d);
void destroy_close(Destroy *d);

/* Hear of these tables (TABLE_BIT; those without such messages are ignored), and of no other. 0 or negative errno. */
int destroy_join(Destroy *d, unsigned tables);

/* Takes what waits, at most `count`, without waiting for it. How many; 0: it was read empty; -ENOBUFS: some were lost, once for each time that
 * the buffer was full: ask for `drops` when it was read empty; or negative errno. */
int destroy_receive(Destroy *d, DestroyMessage *ret, size_t count);
