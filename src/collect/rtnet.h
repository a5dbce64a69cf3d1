/* SPDX-License-Identifier: MIT */
#pragma once

/* rtnetlink(7): which IP addresses a namespace has, and where it sends packets. */

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "collect/sockdiag.h"

#define RTNET_LOOPBACK 1 /* index of the loopback device: the first one of every namespace */

typedef struct NetAddress {
        uint8_t family; /* Family: IPV4 or IPV6 */
        uint8_t ip[16];
        uint32_t interface;
} NetAddress;

typedef struct NetRoute {
        bool unicast;     /* to somewhere else: not local, not a black hole, not a broadcast */
        uint32_t interface;
        bool has_gateway;
        NetAddress gateway; /* its interface is unused */
} NetRoute;

/* d: a NETLINK_ROUTE socket. A negative return of the callback ends it and is passed on. */
typedef int (*rtnet_address_t)(void *userdata, const NetAddress *a);
int rtnet_addresses(Sockdiag *d, rtnet_address_t callback, void *userdata);
/* The way to an address. 0; -ENETUNREACH and the like where there is none. */
int rtnet_route(Sockdiag *d, const NetAddress *to, NetRoute *ret);

/* Pure: one whole message. 1; 0: another kind of message, or without an address; -EINVAL: damaged. */
int rtnet_parse_address(const struct nlmsghdr *m, NetAddress *ret);
int rtnet_parse_route(const struct nlmsghdr *m, NetRoute *ret);
