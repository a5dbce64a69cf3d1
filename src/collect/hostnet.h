/* SPDX-License-Identifier: MIT */
#pragma once

/* HostNet: the network namespaces of this host and their addresses, to tell where the other end of a connection may be looked for.
 *
 * Addresses prove nothing by themselves. Any user can make a network namespace of his own, give it any address, and open a socket with any
 * pair of them; and with IP_FREEBIND a socket of our own namespace may bear an address that is not here. So the other end is
 *
 *  - in the same namespace, if its address is the loopback's, that of this end, or is configured there; then nowhere else;
 *  - in another namespace, only if neither address is a loopback or link-local one, both namespaces belong to the initial user namespace
 *    (root of the host made them), the address is configured there, on something else than the loopback device, and each namespace sends
 *    packets for the other's address out, to a neighbour or by way of an address that is of this host itself;
 *  - and only if exactly one socket fits, which the caller has to see. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/collect.h"
#include "collect/rtnet.h"

typedef struct HostPlace {
        Netns netns;
        bool trusted; /* belongs to the initial user namespace */
        bool known;   /* its addresses are */
} HostPlace;

typedef struct HostAddress {
        NetAddress address;
        uint32_t place; /* index */
} HostAddress;

typedef struct HostNet {
        HostPlace *places;
        size_t place_count;
        HostAddress *addresses; /* sorted by address, when asked */
        size_t address_count;
        bool sorted;
} HostNet;

void hostnet_done(HostNet *h);
/* A namespace: read its addresses. One that cannot be entered stands there without. -ENOMEM. */
int hostnet_add(HostNet *h, Collector *c, const Netns *netns);
/* Is the socket that f looks for one of this very namespace, if it is of this host at all? */
bool hostnet_is_local(HostNet *h, uint64_t netns, const Find *f);

#define HOSTNET_CANDIDATES 8
/* The other namespaces in which it may be: their number, and indices of places. Too many to tell: none. */
size_t hostnet_across(HostNet *h, Collector *c, uint64_t netns, const Find *f, uint32_t ret[HOSTNET_CANDIDATES]);

/* Pure: an address that means another machine, or this one, wherever it is looked at from. */
bool hostnet_is_global(unsigned family, const uint8_t ip[16]);
