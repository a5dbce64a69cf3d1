/* SPDX-License-Identifier: MIT */
#pragma once

/* Map: processes, descriptors and sockets of one look, joined. Pure: whoever fills it (survey.h, a test) adds records in any
 * order and calls map_join(); from then on sockets and holders are sorted by inode, and the questions below cost a
 * binary search. More may be added, and map_join() called again; indexes are valid until then. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/look.h"
#include "collect/process.h"
#include "collect/socket.h"
#include "detect/peer.h"
#include "detect/rule.h"

#define MAP_NONE UINT32_MAX

/* What is known of the descriptors of a process. */
typedef enum MapWalk {
        MAP_NOT_WALKED, /* nobody asked */
        MAP_WALKED,
        MAP_DENIED,
        MAP_GONE, /* went away meanwhile */
} MapWalk;

typedef struct MapProcess {
        Process process;
        MapWalk walk;
        bool wanted; /* the operator asked for it */
} MapProcess;

typedef struct MapHolder {
        uint32_t inode;
        uint32_t process; /* index */
        int fd;
} MapHolder;

#define MAP_PROTOCOL_MAX 32

typedef struct MapSocket {
        Socket socket;
        Direction direction;
        uint32_t peer; /* index of the socket at the other end; MAP_NONE: unknown, or of another host */
        uint32_t queue; /* index of the listener in whose queue the other end waits to be accepted; MAP_NONE: it does not, or that is not known */
        bool unlisted; /* in no table: only a descriptor tells that it exists */
        uint8_t stall;    /* StallKind; map_judge() of stuck.h */
        uint64_t stalled; /* for so long, at least; usec */
        char protocol[MAP_PROTOCOL_MAX]; /* of an unlisted one, as the kernel names it ("NETLINK"); empty: unknown */
} MapSocket;

typedef struct MapTuple MapTuple;

/* A unix client, and the listener in whose queue it waits. */
typedef struct MapWaiting {
        uint32_t client, listener; /* inodes */
} MapWaiting;

#define MAP_PLACES 8
/* The namespaces in which the other end of an inet socket may be: ids, and their number. */
typedef size_t (*map_places_t)(void *userdata, const Socket *s, uint64_t ret[MAP_PLACES]);

typedef struct Map {
        MapProcess *processes; /* by pid */
        size_t process_count, processes_allocated;
        MapHolder *holders; /* by inode, process, fd */
        size_t holder_count, holders_allocated;
        MapSocket *sockets; /* by inode; those with inode 0 first */
        size_t socket_count, sockets_allocated;
        MapTuple *tuples; /* of inet sockets, by namespace, transport and addresses */
        size_t tuple_count;
        uint32_t *clients; /* unix sockets that name a peer, by that peer's inode */
        size_t client_count;
        Netns *namespaces;
        size_t netns_count;
        MapWaiting *waiting; /* by client */
        size_t waiting_count;
        map_places_t places; /* NULL: its own one */
        void *userdata;
} Map;

void map_done(Map *m);

/* Each returns 0 or -ENOMEM. Processes must come in ascending order of pid; the contents of p are taken over, also on failure. */
int map_add_process(Map *m, Process *p);
int map_add_holder(Map *m, uint32_t process, int fd, uint32_t inode);
/* Sockets that are gone though listed (TIMER_TIME_WAIT, TIME_WAIT), and subflows, are left out. */
int map_add_socket(Map *m, const Socket *s);
int map_add_unlisted(Map *m, uint32_t inode, const char *protocol);
int map_add_netns(Map *m, const Netns *n);
int map_add_waiting(Map *m, uint32_t client, uint32_t listener);

/* Sort, drop what was listed twice (one inode, one cookie), find directions and peers. -ENOMEM. */
int map_join(Map *m);

/* Index of the socket with this inode, or MAP_NONE. */
uint32_t map_find(const Map *m, uint32_t inode);
/* Holders of an inode: the number, and the first of them. None for inode 0. */
size_t map_holders(const Map *m, uint32_t inode, const MapHolder **ret);
/* Unix sockets whose peer is this inode (clients of a datagram server): the number, and the first index of sockets. */
size_t map_clients(const Map *m, uint32_t inode, const uint32_t **ret);
/* Inode of the socket at the other end, or of the listener that has yet to accept it; 0: unknown, of another host, or not held. */
uint32_t map_peer_inode(const Map *m, uint32_t socket);
/* What is known of the other end. UNKNOWN: nothing, or it is of another host. */
PeerState map_peer_state(const Map *m, uint32_t socket);
/* Who best stands for a socket with several holders: not the process `except` (index; MAP_NONE: none), which has both ends of what it
 * inherited; not PID 1, which hands sockets to services; else the oldest. NULL: there is none. */
const MapHolder *map_primary(const Map *m, uint32_t inode, uint32_t except);
/* NULL: unknown. */
const Netns *map_netns(const Map *m, uint64_t id);
