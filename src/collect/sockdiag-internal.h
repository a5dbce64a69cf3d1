/* SPDX-License-Identifier: MIT */
#pragma once

/* What the files of sock_diag share: a request of each kind, and an exchange that gives rows. */

#include <linux/inet_diag.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <linux/vm_sockets_diag.h>

#include "collect/sockdiag.h"

typedef struct SockdiagRequest {
        struct nlmsghdr header;
        union {
                struct inet_diag_req tcp;
                struct inet_diag_req_v2 inet;
                struct unix_diag_req local;
                struct packet_diag_req packet;
                struct netlink_diag_req netlink;
                struct vsock_diag_req vsock;
                struct {
                        struct inet_diag_req_v2 inet;
                        struct nlattr attribute;
                        uint32_t protocol;
                } mptcp;
        };
} SockdiagRequest;

/* What one kind of reply is. */
typedef struct SockdiagFormat {
        uint16_t type;
        Transport transport; /* of inet; UNKNOWN: the parser is that of another family */
        int (*parse)(const struct nlmsghdr *message, Socket *ret);
} SockdiagFormat;

/* Who gets the replies, and how the exchange went. */
typedef struct SockdiagExchange {
        SockdiagFormat format;
        uint64_t netns;
        const Taker *taker;
        int answer; /* of the taker */
        bool mptcp; /* connections are told, too */
        uint32_t own; /* inode of the socket that asks, which is not told; 0: it is in another table */
        size_t subflows, rows;
} SockdiagExchange;

/* Receives a dump that was asked for. 0 or negative errno; e->answer is negative when the taker ended it. */
int sockdiag_exchange(SockdiagExchange *e, Sockdiag *d);
/* One receive of it. 1: it is at its end; 0: go on; negative errno. */
int sockdiag_exchange_part(SockdiagExchange *e, const void *data, size_t size, uint32_t sequence);
