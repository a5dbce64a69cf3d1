/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "collect/look.h"
#include "collect/socket.h"

static void test_init(void **state) {
        Socket s;

        socket_init(&s);
        assert_true(s.cookie == 0 && s.inode == 0 && s.netns == 0 && s.path_size == 0);
        assert_true(s.uid == UINT32_MAX);
        assert_true(s.bytes_sent == SOCKET_UNKNOWN && s.bytes_received == SOCKET_UNKNOWN);
        assert_true(s.total_retransmits == SOCKET_UNKNOWN && s.rtt_usec == SOCKET_UNKNOWN);
        assert_true(s.idle_usec == SOCKET_UNKNOWN && s.cgroup == SOCKET_UNKNOWN);
}

static void test_names(void **state) {
        for (unsigned i = 1; i < _FAMILY_MAX; i++)
                assert_int_equal(family_from_name(family_name(i)), i);
        for (unsigned i = 1; i < _TRANSPORT_MAX; i++)
                assert_int_equal(transport_from_name(transport_name(i)), i);
        for (unsigned i = 1; i < _STATE_MAX; i++)
                assert_int_equal(state_from_name(state_name(i)), i);

        assert_null(family_name(FAMILY_UNKNOWN));
        assert_null(family_name(_FAMILY_MAX));
        assert_null(transport_name(_TRANSPORT_MAX));
        assert_null(state_name(UINT32_MAX));
        assert_string_equal(state_name(STATE_CLOSE), "unconnected");
        assert_string_equal(state_name(STATE_LISTEN), "listening");
        assert_string_equal(state_name(STATE_FIN_WAIT_2), "fin-wait-2");
        assert_string_equal(transport_name(TRANSPORT_SCTP), "sctp");
        assert_string_equal(family_name(FAMILY_VSOCK), "vsock");

        assert_int_equal(state_from_name("closed"), STATE_CLOSE);
        assert_int_equal(state_from_name("unconn"), STATE_CLOSE);
        assert_int_equal(state_from_name("listen"), STATE_LISTEN);
        assert_int_equal(state_from_name("Established"), STATE_UNKNOWN);
        assert_int_equal(state_from_name(""), STATE_UNKNOWN);
        assert_int_equal(family_from_name("inet"), FAMILY_UNKNOWN);
        assert_int_equal(transport_from_name("tc"), TRANSPORT_UNKNOWN);
}

static void test_listener(void **state) {
        static const struct {
                Socket socket;
                bool listener;
        } cases[] = {
                { { .family = FAMILY_IPV4, .transport = TRANSPORT_TCP, .state = STATE_LISTEN }, true },
                { { .family = FAMILY_IPV4, .transport = TRANSPORT_TCP, .state = STATE_ESTABLISHED }, false },
                { { .family = FAMILY_IPV4, .transport = TRANSPORT_TCP, .state = STATE_CLOSE, .local.port = 80 }, false },
                { { .family = FAMILY_UNIX, .transport = TRANSPORT_STREAM, .state = STATE_LISTEN }, true },
                { { .family = FAMILY_UNIX, .transport = TRANSPORT_DGRAM, .state = STATE_CLOSE }, false },
                { { .family = FAMILY_IPV6, .transport = TRANSPORT_UDP, .state = STATE_CLOSE, .local.port = 53 }, true },
                { { .family = FAMILY_IPV6, .transport = TRANSPORT_UDP, .state = STATE_CLOSE }, false },
                { { .family = FAMILY_IPV4, .transport = TRANSPORT_UDP, .state = STATE_ESTABLISHED, .local.port = 53 }, false },
                { { .family = FAMILY_IPV4, .transport = TRANSPORT_RAW, .state = STATE_CLOSE, .local.port = 1 }, false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(socket_is_listener(&cases[i].socket), cases[i].listener);
        assert_true(socket_has_addresses(&cases[0].socket));
        assert_true(socket_has_addresses(&cases[5].socket));
        assert_false(socket_has_addresses(&cases[3].socket));
}

static void test_endpoint_text(void **state) {
        static const struct {
                Family family;
                Endpoint endpoint;
                const char *text, *ip;
        } cases[] = {
                { FAMILY_IPV4, { { 10, 0, 0, 2 }, 443 }, "10.0.0.2:443", "10.0.0.2" },
                { FAMILY_IPV4, { {}, 443 }, "*:443", "0.0.0.0" },
                { FAMILY_IPV4, { {}, 0 }, "*:*", "0.0.0.0" },
                { FAMILY_IPV4, { { 255, 255, 255, 255 }, 65535 }, "255.255.255.255:65535", "255.255.255.255" },
                { FAMILY_IPV6, { { [15] = 1 }, 443 }, "[::1]:443", "::1" },
                { FAMILY_IPV6, { {}, 22 }, "*:22", "::" },
                { FAMILY_IPV6, { { 0x20, 1, 0xd, 0xb8, [15] = 9 }, 0 }, "[2001:db8::9]:*", "2001:db8::9" },
                { FAMILY_IPV6, { { [10] = 0xff, 0xff, 127, 0, 0, 1 }, 1 }, "[::ffff:127.0.0.1]:1", "::ffff:127.0.0.1" },
                { FAMILY_IPV6,
                  { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 65535 },
                  "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
                  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
        };
        char buffer[ENDPOINT_TEXT_MAX];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_string_equal(endpoint_text(cases[i].family, &cases[i].endpoint, buffer), cases[i].text);
                assert_string_equal(endpoint_ip(cases[i].family, &cases[i].endpoint, buffer), cases[i].ip);
        }
}

static void test_endpoint_order(void **state) {
        Endpoint a = { { 10, 0, 0, 2 }, 443 }, b = { { 10, 0, 0, 2 }, 444 }, c = { { 200, 0, 0, 1 }, 1 };

        assert_int_equal(endpoint_compare(&a, &a), 0);
        assert_int_equal(endpoint_compare(&a, &b), -1);
        assert_int_equal(endpoint_compare(&b, &a), 1);
        assert_int_equal(endpoint_compare(&b, &c), -1); /* bytes are compared unsigned */
        assert_false(endpoint_is_any(&a));
}

static void test_endpoint_normalise(void **state) {
        Endpoint mapped = { { [10] = 0xff, 0xff, 192, 0, 2, 7 }, 99 }, v4 = { { 192, 0, 2, 7 }, 99 };
        Endpoint near = { { [9] = 1, 0xff, 0xff, 192, 0, 2, 7 }, 99 }, copy = near;

        assert_int_equal(endpoint_normalise(FAMILY_IPV6, &mapped), FAMILY_IPV4);
        assert_int_equal(endpoint_compare(&mapped, &v4), 0);
        assert_int_equal(endpoint_normalise(FAMILY_IPV6, &near), FAMILY_IPV6);
        assert_int_equal(endpoint_compare(&near, &copy), 0);
        assert_int_equal(endpoint_normalise(FAMILY_IPV4, &v4), FAMILY_IPV4);
}

static void test_path(void **state) {
        Socket s = { .family = FAMILY_UNIX, .path_size = 6, .path = { 0, 'a', '@', 0, '\n', 'b' } };
        char buffer[SOCKET_NAME_MAX];
        Bytes b;

        b = socket_path(&s, buffer);
        assert_int_equal(b.size, 6);
        assert_memory_equal(b.data, "@a@\0\nb", 6);

        s = (Socket){ .family = FAMILY_UNIX, .path_size = 4, .path = "/a/b" };
        b = socket_path(&s, buffer);
        assert_int_equal(b.size, 4);
        assert_memory_equal(b.data, "/a/b", 4);

        /* A file, not the abstract name pg. */
        s = (Socket){ .family = FAMILY_UNIX, .path_size = 3, .path = "@pg" };
        b = socket_path(&s, buffer);
        assert_int_equal(b.size, 5);
        assert_memory_equal(b.data, "./@pg", 5);
        memset(s.path, '@', sizeof(s.path));
        s.path_size = SOCKET_PATH_MAX;
        assert_int_equal(socket_path(&s, buffer).size, 110);

        memset(s.path, 'x', sizeof(s.path));
        s.path_size = SOCKET_PATH_MAX;
        assert_int_equal(socket_path(&s, buffer).size, 108);
        s.path_size = 255;
        assert_int_equal(socket_path(&s, buffer).size, 108);
        s.path_size = 0;
        assert_null(socket_path(&s, buffer).data);
}

static void test_protocol(void **state) {
        static const struct {
                Family family;
                Transport transport;
                uint16_t number;
                const char *name;
        } cases[] = {
                { FAMILY_PACKET, TRANSPORT_RAW, 3, "all" },         { FAMILY_PACKET, TRANSPORT_DGRAM, 0x0806, "arp" },
                { FAMILY_PACKET, TRANSPORT_RAW, 0xbeef, "0xbeef" }, { FAMILY_PACKET, TRANSPORT_RAW, 5, "5" },
                { FAMILY_NETLINK, TRANSPORT_UNKNOWN, 0, "rtnl" },   { FAMILY_NETLINK, TRANSPORT_UNKNOWN, 31, "31" },
                { FAMILY_IPV4, TRANSPORT_RAW, 1, "icmp" },          { FAMILY_IPV6, TRANSPORT_RAW, 58, "icmp6" },
                { FAMILY_IPV4, TRANSPORT_RAW, 253, "253" },         { FAMILY_IPV4, TRANSPORT_TCP, 80, NULL },
                { FAMILY_UNIX, TRANSPORT_STREAM, 0, NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Socket s = { .family = (uint8_t) cases[i].family, .transport = (uint8_t) cases[i].transport, .local.port = cases[i].number };
                char buffer[SOCKET_PROTOCOL_MAX];
                const char *name = socket_protocol(&s, buffer);

                assert_true(socket_is_raw(s.family, s.transport) == (cases[i].name != NULL));
                if (cases[i].name)
                        assert_string_equal(name, cases[i].name);
                else
                        assert_null(name);
        }
}

static void test_words(void **state) {
        Endpoint e = {};

        endpoint_set_word(&e, 0, 0x01020304);
        endpoint_set_word(&e, 3, UINT32_MAX);
        assert_memory_equal(e.ip, ((uint8_t[]){ 1, 2, 3, 4 }), 4);
        assert_true(endpoint_word(&e, 0) == 0x01020304 && endpoint_word(&e, 1) == 0 && endpoint_word(&e, 3) == UINT32_MAX);
}

static void test_table_of(void **state) {
        assert_int_equal(table_of(FAMILY_IPV6, TRANSPORT_MPTCP), TABLE_TCP);
        assert_int_equal(table_of(FAMILY_IPV4, TRANSPORT_UDPLITE), TABLE_UDPLITE);
        assert_int_equal(table_of(FAMILY_IPV4, TRANSPORT_ICMP), TABLE_RAW);
        assert_int_equal(table_of(FAMILY_UNIX, TRANSPORT_UNKNOWN), TABLE_UNIX);
        assert_int_equal(table_of(FAMILY_PACKET, TRANSPORT_RAW), TABLE_PACKET);
        assert_int_equal(table_of(FAMILY_NETLINK, TRANSPORT_UNKNOWN), TABLE_NETLINK);
        assert_int_equal(table_of(FAMILY_VSOCK, TRANSPORT_SEQPACKET), TABLE_VSOCK);
        /* what cannot be is nowhere: a rule about TCP asks for no unix sockets */
        assert_int_equal(table_of(FAMILY_UNIX, TRANSPORT_TCP), _TABLE_MAX);
        assert_int_equal(table_of(FAMILY_PACKET, TRANSPORT_TCP), _TABLE_MAX);
        assert_int_equal(table_of(FAMILY_IPV4, TRANSPORT_UNKNOWN), _TABLE_MAX);
        assert_int_equal(table_of(FAMILY_NETLINK, TRANSPORT_RAW), _TABLE_MAX);
        assert_int_equal(table_of(99, 99), _TABLE_MAX);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_init),           cmocka_unit_test(test_names),
                cmocka_unit_test(test_listener),       cmocka_unit_test(test_endpoint_text),
                cmocka_unit_test(test_endpoint_order), cmocka_unit_test(test_endpoint_normalise),
                cmocka_unit_test(test_path),           cmocka_unit_test(test_protocol),
                cmocka_unit_test(test_words),          cmocka_unit_test(test_table_of),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
