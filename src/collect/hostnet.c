/* SPDX-License-Identifier: MIT */

#include "collect/hostnet.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"

void hostnet_done(HostNet *h) {
        free(h->places);
        free(h->addresses);
        *h = (HostNet){};
}

static bool is_loopback(unsigned family, const uint8_t ip[16]) {
        static const uint8_t one[16] = { [15] = 1 };

        return family == FAMILY_IPV4 ? ip[0] == 127 : memcmp(ip, one, sizeof(one)) == 0;
}

bool hostnet_is_global(unsigned family, const uint8_t ip[16]) {
        static const uint8_t zero[16];

        if (is_loopback(family, ip) || memcmp(ip, zero, sizeof(zero)) == 0)
                return false;
        if (family == FAMILY_IPV4)
                return ip[0] != 0 && ip[0] < 224 && !(ip[0] == 169 && ip[1] == 254);
        return ip[0] != 0xff && !(ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80);
}

/* --- filling ---------------------------------------------------------------------------------------- */

typedef struct Adding {
        HostNet *net;
        uint32_t place;
} Adding;

static int add_address(void *userdata, const NetAddress *a) {
        const Adding *adding = userdata;
        HostNet *h = adding->net;
        HostAddress *addresses = array_grow(h->addresses, h->address_count, sizeof(HostAddress));

        if (!addresses)
                return -ENOMEM;
        h->addresses = addresses;
        h->addresses[h->address_count++] = (HostAddress){ .address = *a, .place = adding->place };
        h->sorted = false;
        return 0;
}

int hostnet_add(HostNet *h, Collector *c, const Netns *netns) {
        Adding adding = { .net = h, .place = (uint32_t) h->place_count };
        HostPlace *places = array_grow(h->places, h->place_count, sizeof(HostPlace));
        _cleanup_sockdiag_ Sockdiag d = SOCKDIAG_NULL;
        HostPlace *place;
        int r;

        if (!places)
                return -ENOMEM;
        h->places = places;
        place = &h->places[h->place_count++];
        *place = (HostPlace){ .netns = *netns, .trusted = collector_netns_is_trusted(c, netns) > 0 };
        d.fd = collector_netlink(c, netns, NETLINK_ROUTE);
        if (d.fd < 0)
                return 0;
        r = rtnet_addresses(&d, add_address, &adding);
        place->known = r >= 0;
        return r == -ENOMEM ? r : 0;
}

/* --- questions -------------------------------------------------------------------------------------- */

/* By address alone: 0 if it is the same in several places. */
static int compare_address(const NetAddress *a, const NetAddress *b) {
        int d = CMP(a->family, b->family);

        return d ?: memcmp(a->ip, b->ip, sizeof(a->ip));
}

static int compare(const void *a, const void *b) {
        const HostAddress *x = a, *y = b;
        int d = compare_address(&x->address, &y->address);

        return d ?: CMP(x->place, y->place);
}

/* The first of those with this address, or the end. */
static size_t find_first(HostNet *h, const NetAddress *a) {
        size_t first = 0, n = h->address_count;

        if (!h->sorted && n > 0)
                qsort(h->addresses, n, sizeof(HostAddress), compare);
        h->sorted = true;
        while (n > 0) {
                size_t half = n / 2;

                if (compare_address(&h->addresses[first + half].address, a) < 0) {
                        first += half + 1;
                        n -= half + 1;
                } else
                        n = half;
        }
        return first;
}

static bool is_here(const HostNet *h, size_t i, const NetAddress *a) {
        return i < h->address_count && compare_address(&h->addresses[i].address, a) == 0;
}

static NetAddress address_of(const Find *f, const Endpoint *e) {
        NetAddress a = { .family = f->family };

        memcpy(a.ip, e->ip, sizeof(a.ip));
        return a;
}

static bool has_address(HostNet *h, uint64_t netns, const NetAddress *a) {
        for (size_t i = find_first(h, a); is_here(h, i, a); i++)
                if (h->places[h->addresses[i].place].netns.id == netns)
                        return true;
        return false;
}

bool hostnet_is_local(HostNet *h, uint64_t netns, const Find *f) {
        NetAddress a = address_of(f, &f->local);

        return is_loopback(f->family, f->local.ip) || memcmp(f->local.ip, f->peer.ip, sizeof(f->local.ip)) == 0 || has_address(h, netns, &a);
}

/* Of this host, in a namespace that root has made. */
static bool is_own_gateway(HostNet *h, const NetRoute *route) {
        for (size_t i = find_first(h, &route->gateway); is_here(h, i, &route->gateway); i++)
                if (h->places[h->addresses[i].place].trusted)
                        return true;
        return false;
}

static bool is_routed(HostNet *h, Collector *c, const HostPlace *from, const NetAddress *to) {
        _cleanup_sockdiag_ Sockdiag d = SOCKDIAG_NULL;
        NetRoute route;

        d.fd = collector_netlink(c, &from->netns, NETLINK_ROUTE);
        if (d.fd < 0 || rtnet_route(&d, to, &route) < 0)
                return false;
        return route.unicast && route.interface != RTNET_LOOPBACK && (!route.has_gateway || is_own_gateway(h, &route));
}

static const HostPlace *place_of(const HostNet *h, uint64_t netns) {
        for (size_t i = 0; i < h->place_count; i++)
                if (h->places[i].netns.id == netns)
                        return &h->places[i];
        return NULL;
}

size_t hostnet_across(HostNet *h, Collector *c, uint64_t netns, const Find *f, uint32_t ret[HOSTNET_CANDIDATES]) {
        NetAddress there = address_of(f, &f->local), here = address_of(f, &f->peer);
        const HostPlace *from = place_of(h, netns);
        size_t count = 0;

        if (!from || !from->trusted || !hostnet_is_global(there.family, there.ip) || !hostnet_is_global(here.family, here.ip))
                return 0;
        for (size_t i = find_first(h, &there); is_here(h, i, &there); i++) {
                const HostAddress *a = &h->addresses[i];
                const HostPlace *place = &h->places[a->place];

                if (!place->trusted || place == from || a->address.interface == RTNET_LOOPBACK ||
                    (count > 0 && ret[count - 1] == a->place))
                        continue;
                if (!has_address(h, netns, &here) || !is_routed(h, c, from, &there) || !is_routed(h, c, place, &here))
                        continue;
                if (count == HOSTNET_CANDIDATES)
                        return 0;
                ret[count++] = a->place;
        }
        return count;
}
