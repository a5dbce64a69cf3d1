/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <arpa/inet.h>
#include <string.h>

#include "detect/community-id.h"

static void address(const char *text, uint16_t port, Endpoint *ret, Family *ret_family) {
        *ret = (Endpoint){ .port = port };
        *ret_family = strchr(text, ':') ? FAMILY_IPV6 : FAMILY_IPV4;
        assert_int_equal(inet_pton(*ret_family == FAMILY_IPV6 ? AF_INET6 : AF_INET, text, ret->ip), 1);
}

static Socket flow(Transport transport, const char *from, uint16_t from_port, const char *to, uint16_t to_port) {
        Family family;
        Socket s;

        socket_init(&s);
        address(from, from_port, &s.local, &family);
        address(to, to_port, &s.peer, &family);
        s.family = (uint8_t) family;
        s.transport = (uint8_t) transport;
        s.state = STATE_ESTABLISHED;
        return s;
}

/* The published vectors of github.com/corelight/community-id-spec, seed 0: the tables of baseline/README.md, and the flows of
 * baseline/baseline_deflt.json. Of ICMP and RSVP there are ids, too, of which sockets do not know enough. */
static void test_published(void **state) {
        static const struct {
                Transport transport;
                const char *from;
                uint16_t from_port;
                const char *to;
                uint16_t to_port;
                const char *id;
        } vectors[] = {
                { TRANSPORT_TCP, "1.2.3.4", 1122, "5.6.7.8", 3344, "1:wCb3OG7yAFWelaUydu0D+125CLM=" },
                { TRANSPORT_TCP, "5.6.7.8", 3344, "1.2.3.4", 1122, "1:wCb3OG7yAFWelaUydu0D+125CLM=" },
                { TRANSPORT_UDP, "1.2.3.4", 1122, "5.6.7.8", 3344, "1:0Mu9InQx6z4ZiCZM/7HXi2WMhOg=" },
                { TRANSPORT_UDP, "5.6.7.8", 3344, "1.2.3.4", 1122, "1:0Mu9InQx6z4ZiCZM/7HXi2WMhOg=" },
                { TRANSPORT_SCTP, "1.2.3.4", 1122, "5.6.7.8", 3344, "1:EKt4MsxuyaE6mL+hmrEkQ9csDD8=" },
                { TRANSPORT_SCTP, "5.6.7.8", 3344, "1.2.3.4", 1122, "1:EKt4MsxuyaE6mL+hmrEkQ9csDD8=" },
                { TRANSPORT_TCP, "2001:470:e5bf:dead:4957:2174:e82c:4887", 63943, "2607:f8b0:400c:c03::1a", 25,
                  "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=" },
                { TRANSPORT_TCP, "2607:f8b0:400c:c03::1a", 25, "2001:470:e5bf:dead:4957:2174:e82c:4887", 63943,
                  "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=" },
                { TRANSPORT_SCTP, "192.168.170.8", 7, "192.168.170.56", 7, "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs=" },
                { TRANSPORT_SCTP, "192.168.170.56", 7, "192.168.170.8", 7, "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs=" },
                { TRANSPORT_TCP, "128.232.110.120", 34855, "66.35.250.204", 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=" },
                { TRANSPORT_TCP, "66.35.250.204", 80, "128.232.110.120", 34855, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=" },
                { TRANSPORT_UDP, "192.168.1.52", 54585, "8.8.8.8", 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ=" },
                { TRANSPORT_UDP, "8.8.8.8", 53, "192.168.1.52", 54585, "1:d/FP5EW3wiY1vCndhwleRRKHowQ=" },
        };

        for (size_t i = 0; i < ELEMENTSOF(vectors); i++) {
                Socket s = flow(vectors[i].transport, vectors[i].from, vectors[i].from_port, vectors[i].to, vectors[i].to_port);
                char id[COMMUNITY_ID_MAX];

                assert_true(community_id(&s, id));
                assert_string_equal(id, vectors[i].id);
        }
}

/* What goes by one name on the wire. */
static void test_on_the_wire(void **state) {
        Socket tcp = flow(TRANSPORT_TCP, "1.2.3.4", 1122, "5.6.7.8", 3344);
        Socket mptcp = flow(TRANSPORT_MPTCP, "1.2.3.4", 1122, "5.6.7.8", 3344);
        Socket mapped = flow(TRANSPORT_TCP, "::ffff:1.2.3.4", 1122, "::ffff:5.6.7.8", 3344);
        Socket self = flow(TRANSPORT_TCP, "127.0.0.1", 9, "127.0.0.1", 5), other = flow(TRANSPORT_TCP, "127.0.0.1", 5, "127.0.0.1", 9);
        char a[COMMUNITY_ID_MAX], b[COMMUNITY_ID_MAX];

        assert_true(community_id(&tcp, a) && community_id(&mptcp, b));
        assert_string_equal(a, b);
        assert_true(community_id(&mapped, b));
        assert_string_equal(a, b);
        /* Equal addresses: the ports decide. */
        assert_true(community_id(&self, a) && community_id(&other, b));
        assert_string_equal(a, b);
}

static void test_none(void **state) {
        Socket s = flow(TRANSPORT_TCP, "1.2.3.4", 1122, "5.6.7.8", 3344), copy;
        char id[COMMUNITY_ID_MAX];

        copy = s;
        copy.state = STATE_LISTEN;
        assert_false(community_id(&copy, id));
        copy = s;
        copy.peer.port = 0;
        assert_false(community_id(&copy, id));
        for (Transport t = TRANSPORT_UNKNOWN; t < _TRANSPORT_MAX; t++) {
                copy = s;
                copy.transport = (uint8_t) t;
                assert_true(community_id(&copy, id) == (t == TRANSPORT_TCP || t == TRANSPORT_MPTCP || t == TRANSPORT_UDP || t == TRANSPORT_SCTP));
        }
        copy = s;
        copy.family = FAMILY_UNIX;
        assert_false(community_id(&copy, id));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_published), cmocka_unit_test(test_on_the_wire), cmocka_unit_test(test_none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
