/* SPDX-License-Identifier: MIT */

#include "collect/rtnet.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/macro.h"
#include "collect/socket.h"

static Family family_of(unsigned family) {
        return family == AF_INET ? FAMILY_IPV4 : family == AF_INET6 ? FAMILY_IPV6 : FAMILY_UNKNOWN;
}

static size_t ip_size(unsigned family) {
        return family == FAMILY_IPV4 ? 4 : 16;
}

/* Attributes behind a header; the end is ours, as in sockdiag-parse.c. */
static const struct nlattr *attribute_first(const struct nlmsghdr *m, size_t header) {
        return mnl_nlmsg_get_payload_offset(m, header);
}

static bool attribute_more(const struct nlmsghdr *m, const struct nlattr *a) {
        return mnl_attr_ok(a, (int) ((const char *) m + m->nlmsg_len - (const char *) a));
}

static bool attribute_ip(const struct nlattr *a, unsigned family, uint8_t ret[16]) {
        if (mnl_attr_get_payload_len(a) != ip_size(family))
                return false;
        memset(ret, 0, 16);
        memcpy(ret, mnl_attr_get_payload(a), ip_size(family));
        return true;
}

int rtnet_parse_address(const struct nlmsghdr *m, NetAddress *ret) {
        const struct ifaddrmsg *header = mnl_nlmsg_get_payload(m);
        NetAddress found = {};
        bool has_local = false, has_address = false;

        if (m->nlmsg_type != RTM_NEWADDR)
                return 0;
        if (mnl_nlmsg_get_payload_len(m) < sizeof(*header))
                return -EINVAL;
        found.family = (uint8_t) family_of(header->ifa_family);
        found.interface = header->ifa_index;
        if (found.family == FAMILY_UNKNOWN)
                return 0;
        for (const struct nlattr *a = attribute_first(m, sizeof(*header)); attribute_more(m, a); a = mnl_attr_next(a)) {
                unsigned type = mnl_attr_get_type(a);

                /* Of a point-to-point link ADDRESS is the other side's. */
                if (type == IFA_LOCAL)
                        has_local = attribute_ip(a, found.family, found.ip);
                else if (type == IFA_ADDRESS && !has_local)
                        has_address = attribute_ip(a, found.family, found.ip);
        }
        if (!has_local && !has_address)
                return 0;
        *ret = found;
        return 1;
}

/* RTA_VIA: a gateway of another family. */
static void parse_via(const struct nlattr *a, NetRoute *route) {
        const struct rtvia *via = mnl_attr_get_payload(a);
        size_t size = mnl_attr_get_payload_len(a);

        route->has_gateway = true;
        if (size < sizeof(via->rtvia_family))
                return;
        route->gateway.family = (uint8_t) family_of(via->rtvia_family);
        if (route->gateway.family != FAMILY_UNKNOWN && size == sizeof(via->rtvia_family) + ip_size(route->gateway.family))
                memcpy(route->gateway.ip, via->rtvia_addr, ip_size(route->gateway.family));
}

int rtnet_parse_route(const struct nlmsghdr *m, NetRoute *ret) {
        const struct rtmsg *header = mnl_nlmsg_get_payload(m);
        NetRoute found = {};
        unsigned family;

        if (m->nlmsg_type != RTM_NEWROUTE)
                return 0;
        if (mnl_nlmsg_get_payload_len(m) < sizeof(*header))
                return -EINVAL;
        family = family_of(header->rtm_family);
        if (family == FAMILY_UNKNOWN)
                return 0;
        found.unicast = header->rtm_type == RTN_UNICAST;
        for (const struct nlattr *a = attribute_first(m, sizeof(*header)); attribute_more(m, a); a = mnl_attr_next(a)) {
                unsigned type = mnl_attr_get_type(a);

                if (type == RTA_OIF && mnl_attr_get_payload_len(a) == sizeof(uint32_t))
                        memcpy(&found.interface, mnl_attr_get_payload(a), sizeof(uint32_t));
                else if (type == RTA_GATEWAY) {
                        found.has_gateway = true;
                        found.gateway.family = (uint8_t) family;
                        (void) attribute_ip(a, family, found.gateway.ip);
                } else if (type == RTA_VIA)
                        parse_via(a, &found);
        }
        *ret = found;
        return 1;
}

/* --- asking ----------------------------------------------------------------------------------------- */

typedef struct Addresses {
        rtnet_address_t callback;
        void *userdata;
} Addresses;

static int take_address(void *userdata, const struct nlmsghdr *m) {
        const Addresses *t = userdata;
        NetAddress a;
        int r = rtnet_parse_address(m, &a);

        return r > 0 ? MIN(t->callback(t->userdata, &a), 0) : r;
}

int rtnet_addresses(Sockdiag *d, rtnet_address_t callback, void *userdata) {
        struct {
                struct nlmsghdr header;
                struct ifaddrmsg message;
        } request = { .message = { .ifa_family = AF_UNSPEC } };
        Addresses t = { callback, userdata };
        int r = sockdiag_send(d, &request.header, RTM_GETADDR, NLM_F_DUMP, sizeof(request.message));

        return r < 0 ? r : sockdiag_answer(d, take_address, &t);
}

static int take_route(void *userdata, const struct nlmsghdr *m) {
        return MIN(rtnet_parse_route(m, userdata), 0);
}

int rtnet_route(Sockdiag *d, const NetAddress *to, NetRoute *ret) {
        struct {
                struct nlmsghdr header;
                struct rtmsg message;
                struct nlattr attribute;
                uint8_t ip[16];
        } request = {
                .message = {
                        .rtm_family = to->family == FAMILY_IPV4 ? AF_INET : AF_INET6,
                        .rtm_dst_len = (uint8_t) (8 * ip_size(to->family)),
                },
                .attribute = { .nla_type = RTA_DST, .nla_len = (uint16_t) (sizeof(struct nlattr) + ip_size(to->family)) },
        };
        int r;

        memcpy(request.ip, to->ip, ip_size(to->family));
        *ret = (NetRoute){};
        r = sockdiag_send(d, &request.header, RTM_GETROUTE, 0,
                          sizeof(request.message) + sizeof(request.attribute) + ip_size(to->family));
        return r < 0 ? r : sockdiag_answer(d, take_route, ret);
}
