/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "detect/addressset.h"

static const char expected_element[] =
        "expected an address, a network, :PORT, a unix path, or loopback, private, link-local, multicast or any";
static const char expected_port[] = "expected a port from 1 to 65535 or a range such as 8000-8999";

/* Elements separated by blanks. */
static AddressSet *set_of(const char *elements) {
        _cleanup_free_ char *copy = strdup(elements);
        AddressSet *set;
        char *next = NULL;

        assert_int_equal(addressset_new(&set), 0);
        for (char *e = strtok_r(copy, " ", &next); e; e = strtok_r(NULL, " ", &next)) {
                const char *why = NULL;

                if (addressset_add(set, e, &why) != 0)
                        fail_msg("%s: %s", e, why);
        }
        return set;
}

static Family endpoint_of(const char *ip, uint16_t port, Endpoint *ret) {
        *ret = (Endpoint){ .port = port };
        if (inet_pton(AF_INET, ip, ret->ip) == 1)
                return FAMILY_IPV4;
        assert_int_equal(inet_pton(AF_INET6, ip, ret->ip), 1);
        return FAMILY_IPV6;
}

static void test_addresses(void **state) {
        static const struct {
                const char *elements, *ip;
                uint16_t port;
                bool has;
        } cases[] = {
                { "10.0.0.1", "10.0.0.1", 443, true },
                { "10.0.0.1", "10.0.0.1", 0, true },
                { "10.0.0.1", "10.0.0.2", 443, false },
                { "10.0.0.1", "a00:1::", 443, false }, /* the same bytes in the other family */
                { "10.0.0.0/8", "10.255.255.255", 1, true },
                { "10.0.0.0/8", "11.0.0.0", 1, false },
                { "10.0.0.0/8", "9.255.255.255", 1, false },
                { "10.128.0.0/9", "10.127.255.255", 1, false },
                { "10.128.0.0/9", "10.128.0.0", 1, true },
                { "192.0.2.4/30", "192.0.2.7", 1, true },
                { "192.0.2.4/30", "192.0.2.8", 1, false },
                { "192.0.2.4/32", "192.0.2.5", 1, false },
                { "0.0.0.0/0", "255.255.255.255", 1, true },
                { "0.0.0.0/0", "::1", 1, false },
                { "::/0", "2001:db8::1", 1, true },
                { "::/0", "192.0.2.1", 1, false },
                { "2001:db8::/32", "2001:db8:ffff::1", 1, true },
                { "2001:db8::/32", "2001:db9::1", 1, false },
                { "2001:db8::1", "2001:db8::1", 1, true },
                { "::1", "::1", 80, true },
                { ":443", "192.0.2.1", 443, true },
                { ":443", "2001:db8::1", 443, true },
                { ":443", "192.0.2.1", 444, false },
                { ":443", "192.0.2.1", 0, false },
                { ":8000-8999", "192.0.2.1", 8000, true },
                { ":8000-8999", "192.0.2.1", 8999, true },
                { ":8000-8999", "192.0.2.1", 7999, false },
                { ":8000-8999", "192.0.2.1", 9000, false },
                { ":1-65535", "192.0.2.1", 65535, true },
                { "10.0.0.1:443", "10.0.0.1", 443, true },
                { "10.0.0.1:443", "10.0.0.1", 80, false },
                { "10.0.0.0/8:443", "10.1.2.3", 443, true },
                { "10.0.0.0/8:443", "11.1.2.3", 443, false },
                { "[2001:db8::1]:443", "2001:db8::1", 443, true },
                { "[2001:db8::1]:443", "2001:db8::1", 444, false },
                { "[2001:db8::1]", "2001:db8::1", 444, true },
                { "[2001:db8::]/32:440-450", "2001:db8::9", 443, true },
                { "[2001:db8::]/32:440-450", "2001:db8::9", 451, false },
                { "loopback", "127.0.0.1", 1, true },
                { "loopback", "127.255.255.254", 1, true },
                { "loopback", "::1", 1, true },
                { "loopback", "::2", 1, false },
                { "loopback", "128.0.0.1", 1, false },
                { "loopback:443", "127.0.0.1", 443, true },
                { "loopback:443", "::1", 80, false },
                { "private", "10.1.1.1", 1, true },
                { "private", "172.31.255.255", 1, true },
                { "private", "172.32.0.0", 1, false },
                { "private", "192.168.0.1", 1, true },
                { "private", "fd00::1", 1, true },
                { "private", "fe80::1", 1, false },
                { "link-local", "169.254.1.1", 1, true },
                { "link-local", "fe80::1", 1, true },
                { "link-local", "febf::1", 1, true },
                { "link-local", "fec0::1", 1, false },
                { "multicast", "239.255.255.255", 1, true },
                { "multicast", "240.0.0.0", 1, false },
                { "multicast", "ff02::1", 1, true },
                { "any", "0.0.0.0", 80, true },
                { "any", "::", 80, true },
                { "any", "0.0.0.1", 80, false },
                /* IPv4-mapped, on either side */
                { "10.0.0.0/8", "::ffff:10.0.0.1", 1, true },
                { "loopback", "::ffff:127.0.0.1", 1, true },
                { "::/0", "::ffff:10.0.0.1", 1, false },
                { "::ffff:10.0.0.1", "10.0.0.1", 1, true },
                { "::ffff:10.0.0.0/104", "10.9.9.9", 1, true },
                { "::ffff:10.0.0.0/104", "11.9.9.9", 1, false },
                { "[::ffff:10.0.0.1]:80", "10.0.0.1", 81, false },
                /* exclusion */
                { "!loopback", "192.0.2.1", 1, true },
                { "!loopback", "127.0.0.1", 1, false },
                { "!loopback !private", "10.0.0.1", 1, false },
                { "10.0.0.0/8 !10.1.0.0/16", "10.0.0.1", 1, true },
                { "10.0.0.0/8 !10.1.0.0/16", "10.1.0.1", 1, false },
                { "!10.1.0.0/16 10.0.0.0/8", "10.1.0.1", 1, false }, /* the order says nothing */
                { "10.0.0.0/8 !10.1.0.0/16", "11.0.0.1", 1, false },
                { "!:443", "192.0.2.1", 443, false },
                { "!:443", "192.0.2.1", 80, true },
                { "10.0.0.1 10.0.0.2", "10.0.0.2", 1, true },
                { "", "10.0.0.2", 1, true },
                { "/run/x.sock", "10.0.0.2", 1, false },
                { "!/run/x.sock", "10.0.0.2", 1, true },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(addressset_freep) AddressSet *set = set_of(cases[i].elements);
                Endpoint e;
                Family family = endpoint_of(cases[i].ip, cases[i].port, &e);

                if (addressset_has_ip(set, family, &e) != cases[i].has)
                        fail_msg("'%s' and %s port %u: not %d", cases[i].elements, cases[i].ip, cases[i].port, cases[i].has);
        }
}

static void test_refused(void **state) {
        static const struct {
                const char *element, *why;
        } cases[] = {
                { "", expected_element },
                { "!", expected_element },
                { "!!loopback", expected_element },
                { "@", expected_element },
                { "*", expected_element },
                { "10", expected_element },
                { "10/8", expected_element },
                { "10.0.0", expected_element },
                { "010.0.0.1", expected_element },
                { "10.0.0.01", expected_element },
                { "10.0.0.256", expected_element },
                { "10.0.0.1.", expected_element },
                { " 10.0.0.1", expected_element },
                { "10.0.0.1 ", expected_element },
                { "Loopback", expected_element },
                { "localhost", expected_element },
                { "localhost:80", expected_element },
                { "fe80::1%eth0", expected_element },
                { "2001:db8:::1", expected_element },
                { "[10.0.0.1]:80", expected_element },
                { "[::1", expected_element },
                { "[::1]80", expected_element },
                { "[]:80", expected_element },
                { "[loopback]:80", expected_element },
                { "run/x.sock", expected_element },
                { "10.0.0.0/33", "expected a prefix length from 0 to 32" },
                { "10.0.0.0/", "expected a prefix length from 0 to 32" },
                { "10.0.0.0/08", "expected a prefix length from 0 to 32" },
                { "10.0.0.0/-1", "expected a prefix length from 0 to 32" },
                { "10.0.0.0/8/8", "expected a prefix length from 0 to 32" },
                { "2001:db8::/129", "expected a prefix length from 0 to 128" },
                { "10.0.0.1/8", "expected a network without bits beyond its prefix" },
                { "2001:db8::1/32", "expected a network without bits beyond its prefix" },
                { ":", expected_port },
                { ":0", expected_port },
                { ":70000", expected_port },
                { ":080", expected_port },
                { ":+80", expected_port },
                { ":http", expected_port },
                { ":80-", expected_port },
                { ":-80", expected_port },
                { ":80-70000", expected_port },
                { ":1-2-3", expected_port },
                { "10.0.0.1:", expected_port },
                { "10.0.0.1:0", expected_port },
                { "[::1]:", expected_port },
                { "[::1]:99999999999999999999", expected_port },
                { ":8999-8000", "expected a range of ports with the smaller one first" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(addressset_freep) AddressSet *set = set_of("");
                Endpoint e = {};
                const char *why = NULL;

                if (addressset_add(set, cases[i].element, &why) != -EINVAL)
                        fail_msg("'%s' was taken", cases[i].element);
                if (strcmp(why, cases[i].why) != 0)
                        fail_msg("'%s': %s", cases[i].element, why);
                /* Nothing of it stays. */
                assert_true(addressset_has_ip(set, FAMILY_IPV4, &e));
        }
}

static void test_long(void **state) {
        _cleanup_(addressset_freep) AddressSet *set = set_of("");
        char element[4096];
        const char *why = NULL;

        memset(element, '1', sizeof(element) - 1);
        element[sizeof(element) - 1] = 0;
        assert_int_equal(addressset_add(set, element, &why), -EINVAL);
        element[0] = '[';
        assert_int_equal(addressset_add(set, element, &why), -EINVAL);
        element[2000] = ':';
        element[3000] = ']';
        assert_int_equal(addressset_add(set, element, &why), -EINVAL);
        element[0] = ':';
        element[2000] = element[3000] = '1';
        assert_int_equal(addressset_add(set, element, &why), -EINVAL);
}

static void test_paths(void **state) {
        static const struct {
                const char *elements;
                Bytes path;
                bool has;
        } cases[] = {
                { "/run/x.sock", { "/run/x.sock", 11 }, true },
                { "/run/x.sock", { "/run/x.sockets", 14 }, false },
                { "/run/x-?.sock", { "/run/x-1.sock", 13 }, true },
                { "/run/x-?.sock", { "/run/x-12.sock", 14 }, false },
                { "/run/*", { "/run/a/b", 8 }, true }, /* a star stands for slashes, too */
                { "/run/[ab]", { "/run/b", 6 }, true },
                { "@pg", { "@pg", 3 }, true },
                { "@pg*", { "@pg\0\0x", 6 }, true },
                { "@pg", { "@pg\0x", 5 }, false }, /* a NUL ends no name */
                { "@*", { "/run/x", 6 }, false },
                { "!/run/*", { "/run/x", 6 }, false },
                { "!/run/*", { "/tmp/x", 6 }, true },
                { "!/run/*", { NULL, 0 }, true },
                { "/*", { NULL, 0 }, false }, /* unnamed */
                { "", { NULL, 0 }, true },
                { "loopback", { "/run/x", 6 }, false },
                { "!loopback", { "/run/x", 6 }, true },
                { ":1-65535", { "/run/x", 6 }, false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(addressset_freep) AddressSet *set = set_of(cases[i].elements);

                if (addressset_has_path(set, cases[i].path) != cases[i].has)
                        fail_msg("'%s' and path %zu: not %d", cases[i].elements, i, cases[i].has);
        }
}

static void test_longest_path(void **state) {
        _cleanup_(addressset_freep) AddressSet *set = set_of("@*end");
        Socket s = { .family = FAMILY_UNIX, .path_size = SOCKET_PATH_MAX };

        memset(s.path, 'x', sizeof(s.path));
        s.path[0] = 0;
        memcpy(s.path + sizeof(s.path) - 3, "end", 3);
        assert_true(addressset_has_local(set, &s));
}

static void test_sockets(void **state) {
        _cleanup_(addressset_freep) AddressSet *web = set_of(":443"), *named = set_of("/run/x"), *far = set_of("!loopback");
        Socket s = { .family = FAMILY_IPV4, .local.port = 443, .peer = { .ip = { 127, 0, 0, 1 }, .port = 5 } };

        assert_true(addressset_has_local(web, &s));
        assert_false(addressset_has_peer(web, &s));
        assert_false(addressset_has_peer(far, &s));
        assert_true(addressset_has_local(NULL, &s));
        assert_true(addressset_has_peer(NULL, &s));

        s = (Socket){ .family = FAMILY_UNIX, .path_size = 6, .path = "/run/x" };
        assert_true(addressset_has_local(named, &s));
        assert_false(addressset_has_peer(named, &s)); /* its peer has no known name */
        assert_false(addressset_has_local(web, &s));
        assert_true(addressset_has_peer(far, &s));

        s = (Socket){ .family = FAMILY_PACKET };
        assert_false(addressset_has_local(web, &s));
        assert_true(addressset_has_local(far, &s));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_addresses), cmocka_unit_test(test_refused),      cmocka_unit_test(test_long),
                cmocka_unit_test(test_paths),     cmocka_unit_test(test_longest_path), cmocka_unit_test(test_sockets),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
