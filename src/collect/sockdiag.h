/* SPDX-License-Identifier: MIT */
#pragma once

/* sock_diag(7): inet_diag and unix_diag. The kernel's own table as binary messages: what ss(8) reads. */

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "collect/collect.h"

/* A NETLINK_SOCK_DIAG socket in one namespace. */
typedef struct Sockdiag {
        int fd; /* -1: closed */
        uint32_t sequence;
        bool mptcp;        /* this kernel lists MPTCP connections: then their TCP rows, which have the same inode, are told as subflows */
        bool mptcp_before; /* the last look at TCP here told MPTCP connections; kept by the caller. Asking costs as much as TCP does,
                            * so it is only done then, or where there are subflows */
} Sockdiag;

#define SOCKDIAG_NULL ((Sockdiag){ .fd = -1 })

/* In the namespace of process `pid` (0: our own); see netns_socket() for errors. */
int sockdiag_open(Sockdiag *d, int proc_fd, uint32_t pid);
void sockdiag_close(Sockdiag *d);
#define _cleanup_sockdiag_ _cleanup_(sockdiag_close)

/* 0 when dumps of TCP work here, else negative errno. Finds out d->mptcp. */
int sockdiag_probe(Sockdiag *d);

/* Rows of one table through taker->row, with taker->between after each receive; begin and end are the caller's. How it
 * went is in `ret`: DENIED with ENOENT when the kernel has no such handler (then no row was told). Returns 0 or what taker->row
 * returned. After anything but OK the socket may be closed, since the rest of a dump may still be in it. */
int sockdiag_look(Sockdiag *d, uint64_t netns, TableKind table, const Taker *taker, Coverage *ret);

/* As collector_confirm(). */
int sockdiag_confirm(Sockdiag *d, const Socket *socket);

/* Pure: the next whole message of a receive from *offset on, which is moved behind it; NULL at the end (*offset == size) or
 * where the rest is none. (mnl_nlmsg_ok() takes a length of 2 GiB for a negative number, and lets it pass.) */
const struct nlmsghdr *sockdiag_next(const void *data, size_t size, size_t *offset);

/* Pure: one whole reply into a record. Returns 1; 0: not to be told (TIME_WAIT, requests, nobody's, the kernel's own); -EINVAL: damaged.
 * A TCP row that is a subflow of an MPTCP connection comes as TRANSPORT_MPTCP. */
int sockdiag_parse_inet(const struct nlmsghdr *message, Transport transport, Socket *ret);
int sockdiag_parse_unix(const struct nlmsghdr *message, Socket *ret);
/* A message about a freed socket: 1, or -EINVAL. Inode and uid are 0, the state is CLOSE (that of a connected UDP socket is kept), and the peer
 * is gone where the socket was disconnected before (linger 0, a refused connect). */
int sockdiag_parse_destroy(const struct nlmsghdr *message, Socket *ret);


/* For the other files of collect/ that speak netlink: a request that begins with a header for this call to fill, and one
 * datagram of the kernel (its size, or negative errno). */
int sockdiag_send(Sockdiag *d, struct nlmsghdr *request, uint16_t type, uint16_t flags, size_t size);
ssize_t sockdiag_receive(const Sockdiag *d, void *buffer, size_t size);
/* Receives all parts of the answer, for each of its messages a call. 0: it is at its end, or what the callback returned that is not 0, or
 * negative errno, also the one that the kernel answered. */
typedef int (*sockdiag_message_t)(void *userdata, const struct nlmsghdr *m);
int sockdiag_answer(Sockdiag *d, sockdiag_message_t message, void *userdata);

/* As collector_find(): 0, or negative errno after which the socket may be closed. */
struct Find;
int sockdiag_find(Sockdiag *d, struct Find *finds, size_t count);

/* Pure: the inodes of those who wait in the queue of a unix listener, as its message tells; a negative return of the callback ends it.
 * -EINVAL: damaged. */
int sockdiag_parse_icons(const struct nlmsghdr *message, int (*client)(void *userdata, uint32_t inode), void *userdata);
int sockdiag_parse_packet(const struct nlmsghdr *message, Socket *ret);
int sockdiag_parse_netlink(const struct nlmsghdr *message, Socket *ret);
int sockdiag_parse_vsock(const struct nlmsghdr *message, Socket *ret);
