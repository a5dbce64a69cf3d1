/* SPDX-License-Identifier: MIT */
#pragma once

/* Peer: what can be said of the other end of a connection, where it is a socket of this host. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/socket.h"

/* How the other end was found. */
typedef enum PeerBy {
        PEER_BY_NOTHING,
        PEER_BY_TUPLE, /* by its addresses: an inference */
        PEER_BY_UNIX,  /* the kernel names it */
        _PEER_BY_MAX,
} PeerBy;

typedef enum PeerState {
        PEER_STATE_UNKNOWN,
        PEER_ACCEPTED,
        PEER_PENDING, /* it waits in the queue of a listener, whose process is then told */
        PEER_GONE,    /* its holders have closed it */
        _PEER_STATE_MAX,
} PeerState;

const char *peer_by_name(unsigned by);
const char *peer_state_name(unsigned state);

/* A process, by its identity; pid 0: none. */
typedef struct PeerProcess {
        uint32_t pid;
        uint64_t start_ticks;
} PeerProcess;

/* Does a stand for the other end better than b? Not the process of this end, which has both ends of what it inherited; not PID 1, which hands
 * sockets to services; else the oldest. */
bool peer_is_better(const PeerProcess *a, const PeerProcess *b, const PeerProcess *this_end);

/* What the row of a socket found by its addresses says. */
PeerState peer_state_of(unsigned transport, unsigned state, uint32_t inode);
