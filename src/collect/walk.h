/* SPDX-License-Identifier: MIT */
#pragma once

/* Walk: the sockets that a process holds, as the iterator in the kernel gives them (bpf/walk.bpf.h): one row for each descriptor, whatever its network
 * namespace, with the figures that sock_diag gives. What nobody holds is not in it: sockets that wait to be accepted, orphans, those in a message. Nor is vsock. */

#include <stddef.h>
#include <stdint.h>

#include "collect/collect.h"
#include "collect/hooks.h"

/* The tables of which it has all sockets that somebody holds. */
#define WALK_TABLES (TABLES_ALL & ~TABLE_BIT(TABLE_VSOCK))

/* Pure: the record at the beginning of data[0..size). Returns its size in bytes and sets *ret; -EAGAIN: only a part of it is there; -EBADMSG: that is none.
 * ret->socket.family is FAMILY_UNKNOWN where it is of no table. tick: usec of the kernel's timer. */
int walk_parse(const void *data, size_t size, uint64_t tick, Held *ret);

/* What a walk needs. All borrowed. */
typedef struct WalkFrom {
        const Hooks *hooks;
        int proc_fd;
        const Netns *netns; /* those in which names of interfaces can be found; in others there are none */
        size_t netns_count;
} WalkFrom;

/* All descriptors of process `pid`. marks: with Socket.opened of TCP sockets; from now on the hooks record of each of them when it ends. between: after each read; NULL: not wanted. Returns 0, what `held` returned that is negative, -EOPNOTSUPP, -EBADMSG, or
 * negative errno. That a process is gone is no error: it has no descriptors. */
int walk_sockets(const WalkFrom *from, uint32_t pid, bool marks, held_t held, void (*between)(void *userdata), void *userdata);
