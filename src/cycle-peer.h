/* SPDX-License-Identifier: MIT */
#pragma once

/* Peers: the other ends of connections that are about to be told, asked for in one go: the ledger says which, the collector finds the
 * sockets, the ledger or a walk over all processes' descriptors says who holds them. */

#include <stdbool.h>
#include <stdint.h>

#include "collect/hostnet.h"
#include "detect/peer.h"

#define PEERS_RECENT 32

/* What is kept from one cycle to the next. */
typedef struct Peers {
        HostNet hosts;
        uint64_t hosts_read;  /* when; 0: never */
        uint64_t hosts_hash;  /* of which namespaces */
        PeerProcess recent[PEERS_RECENT]; /* who held other ends lately: walked first */
        size_t fresh;         /* so many of them have been read anew in this cycle */
        uint64_t minute;      /* when the walks below began to be counted */
        uint64_t walks;       /* over all processes, in this minute */
        bool refused;         /* one more was needed */
} Peers;

void peers_done(Peers *p);

typedef struct Cycle Cycle;
/* Between the walk that finds new holders and the judgement. Costs nothing where nothing is about to be told. -ENOMEM. */
int cycle_peers(Cycle *c);

/* The namespaces of all processes, watched or not, in c->peers.hosts; read once a cycle, at most. -ENOMEM. */
int cycle_places(Cycle *c);

/* Read the facts of a process anew, and have the ledger see it. 0, also when it is gone; -ENOMEM. */
int cycle_process(Cycle *c, uint32_t pid);

/* What one cycle asks; cycle-peer.c fills it, cycle-holder.c names the processes. */
typedef struct PeerWork {
        uint64_t key;
        PeerProcess this_end;
        uint32_t peer_inode; /* as the question had it */
        uint32_t inode;      /* of the other end; 0: not found */
        PeerBy by;
        PeerState state;
        PeerProcess process; /* pid 0: not known */
        uint32_t holders;    /* counted in this walk */
        bool counted;        /* all of them */
} PeerWork;

/* Does somebody hold it who is walked anyway, and stands for the other end? Then work->process is he. */
bool cycle_peer_holder_known(const Cycle *c, PeerWork *work);
/* Who holds them? As many answers as can be had. Called with none, too: then no walk was missing. -ENOMEM. */
int cycle_peer_holders(Cycle *c, PeerWork *works, size_t count);
