/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "inspect/target.h"

static void test_kinds(void **state) {
        static const struct {
                const char *text;
                TargetKind kind;
        } cases[] = {
                { "901", TARGET_PID },
                { "fluentd", TARGET_NAME },
                { "tmux: server", TARGET_NAME },
                { "(sd-pam)", TARGET_NAME },
                { "dead-beef", TARGET_NAME },
                { "kworker/0:1", TARGET_NAME },
                { "cafe", TARGET_NAME },
                { "cafe.d", TARGET_NAME },
                { "x.service", TARGET_UNIT },
                { "session-1.scope", TARGET_UNIT },
                { "user.slice", TARGET_UNIT },
                { "user:root", TARGET_USER },
                { "container:0123456789ab", TARGET_CONTAINER },
                { "inode:77", TARGET_INODE },
                { "/run/x.sock", TARGET_PATH },
                { "@name", TARGET_PATH },
                { ":9200", TARGET_ADDRESS },
                { ":8000-8999", TARGET_ADDRESS },
                { "198.51.100.7", TARGET_ADDRESS },
                { "198.51.100.0/24", TARGET_ADDRESS },
                { "198.51.100.7:9200", TARGET_ADDRESS },
                { "::1", TARGET_ADDRESS },
                { "2001:db8::/32", TARGET_ADDRESS },
                { "[::1]:443", TARGET_ADDRESS },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *why = NULL;
                Target t;

                assert_int_equal(target_parse(cases[i].text, &t, &why), 0);
                assert_int_equal(t.kind, cases[i].kind);
                assert_int_equal(target_wants_sockets(&t), cases[i].kind >= TARGET_INODE);
                target_done(&t);
        }
}

static void test_refused(void **state) {
        static const char *const cases[] = {
                "", "0", "00", "4294967295", "99999999999", "inode:", "inode:0", "inode:x", "user:", "container:",
                "10.0.0.0/33", "10.0.0.1/8", "1.2.3.4.5", "300.1.1.1", ":0", ":99999", "[::1", "[x]:1", "@",
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *why = NULL;
                Target t;

                assert_int_equal(target_parse(cases[i], &t, &why), -EINVAL);
                assert_non_null(why);
        }
}

static TargetMatch match(const char *text, const Process *p) {
        const char *why;
        TargetMatch m;
        Target t;

        assert_int_equal(target_parse(text, &t, &why), 0);
        m = target_has_process(&t, p);
        target_done(&t);
        return m;
}

static void test_process(void **state) {
        char comm[] = "worker", exe[] = "/opt/bin/fluentd", unit[] = "docker-0123456789abcdef.scope";
        char cgroup[] = "/system.slice/docker-0123456789abcdef.scope";
        Process p;

        process_init(&p);
        p.pid = 901;
        p.comm = comm;
        p.exe = exe;
        p.cgroup = cgroup;
        p.unit = unit;
        p.uid = 1000;

        assert_int_equal(match("901", &p), TARGET_YES);
        assert_int_equal(match("90", &p), TARGET_NO);
        assert_int_equal(match("worker", &p), TARGET_YES);
        assert_int_equal(match("fluentd", &p), TARGET_YES);
        assert_int_equal(match("fluent", &p), TARGET_NO);
        assert_int_equal(match("docker-0123456789abcdef.scope", &p), TARGET_YES);
        assert_int_equal(match("system.slice", &p), TARGET_YES);
        assert_int_equal(match("stem.slice", &p), TARGET_NO);
        assert_int_equal(match("user:1000", &p), TARGET_YES);
        assert_int_equal(match("user:0", &p), TARGET_NO);
        assert_int_equal(match("user:nobody", &p), TARGET_NO); /* not resolved */
        assert_int_equal(match("container:0123456789ab", &p), TARGET_YES);
        assert_int_equal(match("container:0123456789AB", &p), TARGET_YES);
        assert_int_equal(match("container:123456789abc", &p), TARGET_NO); /* not from the beginning of the id */
        assert_int_equal(match(":443", &p), TARGET_NO);

        p.container = (char[]){ "web-1" };
        p.pod = (char[]){ "045b1e35-7f13-11e7-ac42-0050568ffca0" };
        assert_int_equal(match("container:web-1", &p), TARGET_YES);
        assert_int_equal(match("container:web", &p), TARGET_NO);
        assert_int_equal(match("container:045B1E35-7f13-11e7-ac42-0050568ffca0", &p), TARGET_YES);
        assert_int_equal(match("container:0123456789ab", &p), TARGET_YES); /* one within it */

        p.exe = NULL;
        assert_int_equal(match("fluentd", &p), TARGET_MAYBE);
        assert_int_equal(match("worker", &p), TARGET_YES);
}

static bool socket_match(const char *text, const Socket *s, const Socket *peer) {
        const char *why;
        Target t;
        bool m;

        assert_int_equal(target_parse(text, &t, &why), 0);
        m = target_has_socket(&t, s, peer);
        target_done(&t);
        return m;
}

static void test_inet(void **state) {
        Socket s;

        socket_init(&s);
        s.family = FAMILY_IPV4;
        s.transport = TRANSPORT_TCP;
        s.inode = 77;
        inet_pton(AF_INET, "10.0.0.2", s.local.ip);
        s.local.port = 40022;

        assert_true(socket_match("inode:77", &s, NULL));
        assert_false(socket_match("inode:7", &s, NULL));
        assert_true(socket_match(":40022", &s, NULL));
        assert_true(socket_match("10.0.0.0/8", &s, NULL));
        assert_false(socket_match("0.0.0.0", &s, NULL)); /* no peer is not a peer */
        assert_false(socket_match("/run/x.sock", &s, NULL));

        inet_pton(AF_INET, "198.51.100.7", s.peer.ip);
        s.peer.port = 9200;
        assert_true(socket_match("198.51.100.7:9200", &s, NULL));
        assert_true(socket_match("198.51.100.0/24", &s, NULL));
        assert_false(socket_match("198.51.100.7:40022", &s, NULL)); /* address of one end, port of the other */
}

static void test_unix(void **state) {
        Socket server, client;

        socket_init(&server);
        socket_init(&client);
        server.family = client.family = FAMILY_UNIX;
        memcpy(server.path, "/run/x.sock", 11);
        server.path_size = 11;

        assert_true(socket_match("/run/x.sock", &server, NULL));
        assert_true(socket_match("/run/x.sock", &client, &server));
        assert_true(socket_match("/run/*.sock", &client, &server));
        assert_false(socket_match("/run/x.sock", &client, NULL));
        assert_false(socket_match("/run/x", &client, &server));

        memcpy(server.path, "\0name", 5);
        server.path_size = 5;
        assert_true(socket_match("@name", &client, &server));
        assert_false(socket_match("@nam", &client, &server));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_kinds),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_process),
                cmocka_unit_test(test_inet),
                cmocka_unit_test(test_unix),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
