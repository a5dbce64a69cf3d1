/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "collect/rtnet.h"
#include "collect/socket.h"

typedef struct Message {
        union {
                struct nlmsghdr header;
                char bytes[512];
        };
} Message;

static void begin(Message *m, uint16_t type, const void *data, size_t size) {
        memset(m, 0, sizeof(*m));
        m->header.nlmsg_type = type;
        m->header.nlmsg_len = (uint32_t) (sizeof(m->header) + size);
        memcpy(m->bytes + sizeof(m->header), data, size);
}

static void put(Message *m, uint16_t type, const void *data, size_t size) {
        struct nlattr a = { .nla_type = type, .nla_len = (uint16_t) (sizeof(a) + size) };

        memcpy(m->bytes + m->header.nlmsg_len, &a, sizeof(a));
        memcpy(m->bytes + m->header.nlmsg_len + sizeof(a), data, size);
        m->header.nlmsg_len += (uint32_t) (sizeof(a) + ((size + 3) & ~(size_t) 3));
}

/* Of a point-to-point link the own address counts, in whatever order. */
static void test_address(void **state) {
        static const uint8_t own[4] = { 10, 0, 0, 1 }, other[4] = { 10, 0, 0, 2 };
        const struct ifaddrmsg d = { .ifa_family = AF_INET, .ifa_index = 3 };
        NetAddress a = { .interface = 77 };
        Message m;

        begin(&m, RTM_NEWADDR, &d, sizeof(d));
        assert_int_equal(rtnet_parse_address(&m.header, &a), 0);
        put(&m, IFA_ADDRESS, other, 4);
        assert_int_equal(rtnet_parse_address(&m.header, &a), 1);
        assert_memory_equal(a.ip, other, 4);
        put(&m, IFA_LOCAL, own, 4);
        put(&m, IFA_ADDRESS, other, 4);
        assert_int_equal(rtnet_parse_address(&m.header, &a), 1);
        assert_memory_equal(a.ip, own, 4);
        assert_true(a.family == FAMILY_IPV4 && a.interface == 3);
        for (uint32_t n = 0; n < sizeof(d); n++) {
                begin(&m, RTM_NEWADDR, &d, n);
                assert_int_equal(rtnet_parse_address(&m.header, &a), -EINVAL);
        }
        begin(&m, RTM_NEWLINK, &d, sizeof(d));
        assert_int_equal(rtnet_parse_address(&m.header, &a), 0);
        begin(&m, RTM_NEWADDR, &d, sizeof(d));
        put(&m, IFA_LOCAL, own, 3); /* no address */
        assert_int_equal(rtnet_parse_address(&m.header, &a), 0);
}

static void test_route(void **state) {
        static const uint8_t gateway[4] = { 10, 0, 0, 1 };
        static const char via[2 + 16] = { AF_INET6 & 0xff, 0, 1, [17] = 1 };
        const uint32_t interface = 4;
        struct rtmsg d = { .rtm_family = AF_INET, .rtm_type = RTN_UNICAST };
        NetRoute r;
        Message m;

        begin(&m, RTM_NEWROUTE, &d, sizeof(d));
        put(&m, RTA_OIF, &interface, 4);
        assert_int_equal(rtnet_parse_route(&m.header, &r), 1);
        assert_true(r.unicast && r.interface == 4 && !r.has_gateway);
        put(&m, RTA_GATEWAY, gateway, 4);
        assert_int_equal(rtnet_parse_route(&m.header, &r), 1);
        assert_true(r.has_gateway && r.gateway.family == FAMILY_IPV4);
        assert_memory_equal(r.gateway.ip, gateway, 4);
        begin(&m, RTM_NEWROUTE, &d, sizeof(d));
        put(&m, RTA_VIA, via, sizeof(via));
        assert_int_equal(rtnet_parse_route(&m.header, &r), 1);
        assert_true(r.has_gateway && r.gateway.family == FAMILY_IPV6 && r.gateway.ip[0] == 1 && r.gateway.ip[15] == 1);
        d.rtm_type = RTN_LOCAL;
        begin(&m, RTM_NEWROUTE, &d, sizeof(d));
        put(&m, RTA_VIA, via, 1); /* damaged: some gateway, whichever */
        assert_int_equal(rtnet_parse_route(&m.header, &r), 1);
        assert_true(!r.unicast && r.has_gateway && r.gateway.family == FAMILY_UNKNOWN);
        for (uint32_t n = 0; n < sizeof(d); n++) {
                begin(&m, RTM_NEWROUTE, &d, n);
                assert_int_equal(rtnet_parse_route(&m.header, &r), -EINVAL);
        }
}

static int find_loopback(void *userdata, const NetAddress *a) {
        *(bool *) userdata |= a->family == FAMILY_IPV4 && a->ip[0] == 127 && a->interface == RTNET_LOOPBACK;
        return 0;
}

static int stop(void *userdata, const NetAddress *a) {
        (void) userdata;
        (void) a;
        return -ECANCELED;
}

static void test_asking(void **state) {
        _cleanup_sockdiag_ Sockdiag d = { .fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE) };
        const NetAddress here = { .family = FAMILY_IPV4, .ip = { 127, 0, 0, 1 } };
        bool found = false;
        NetRoute r;

        assert_true(d.fd >= 0);
        assert_int_equal(rtnet_addresses(&d, find_loopback, &found), 0);
        assert_true(found);
        assert_int_equal(rtnet_route(&d, &here, &r), 0);
        assert_true(!r.unicast && r.interface == RTNET_LOOPBACK);
        assert_int_equal(rtnet_addresses(&d, stop, NULL), -ECANCELED);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_address),
                cmocka_unit_test(test_route),
                cmocka_unit_test(test_asking),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
