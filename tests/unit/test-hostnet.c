/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "collect/hostnet.h"

static bool is_global(const char *ip) {
        bool six = strchr(ip, ':');
        uint8_t bytes[16] = {};

        assert_int_equal(inet_pton(six ? AF_INET6 : AF_INET, ip, bytes), 1);
        return hostnet_is_global(six ? FAMILY_IPV6 : FAMILY_IPV4, bytes);
}

static void test_global(void **state) {
        static const char *const yes[] = { "10.0.0.1", "192.168.1.1", "8.8.8.8", "2001:db8::1", "fd00::1", "169.253.1.1", "::2" };
        static const char *const no[] = { "127.0.0.1", "127.9.9.9", "169.254.1.1", "0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255",
                                          "::", "::1", "fe80::1", "febf::1", "ff02::1" };

        for (size_t i = 0; i < ELEMENTSOF(yes); i++)
                assert_true(is_global(yes[i]));
        for (size_t i = 0; i < ELEMENTSOF(no); i++)
                assert_false(is_global(no[i]));
}

/* The rest needs namespaces: tests/live/test_peers.py. */
static void test_own(void **state) {
        _cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(collector_freep) Collector *c = NULL;
        Find f = { .family = FAMILY_IPV4, .local.ip = { 127, 0, 0, 1 }, .peer.ip = { 127, 0, 0, 1 } };
        uint32_t places[HOSTNET_CANDIDATES];
        HostNet h = {};
        Netns own;

        assert_int_equal(collector_new(&c, COLLECTOR_AUTO, proc_fd), 0);
        assert_int_equal(collector_netns(c, 0, &own), 0);
        assert_int_equal(hostnet_add(&h, c, &own), 0);
        assert_true(h.place_count == 1 && h.places[0].known && h.address_count > 0);
        assert_true(hostnet_is_local(&h, own.id, &f));
        assert_int_equal(hostnet_across(&h, c, own.id, &f, places), 0);
        memcpy(f.local.ip, (const uint8_t[]){ 203, 0, 113, 99 }, 4);
        assert_false(hostnet_is_local(&h, own.id, &f));
        assert_int_equal(hostnet_across(&h, c, own.id, &f, places), 0);
        assert_int_equal(hostnet_across(&h, c, own.id + 1, &f, places), 0); /* nobody knows it */
        hostnet_done(&h);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_global),
                cmocka_unit_test(test_own),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
