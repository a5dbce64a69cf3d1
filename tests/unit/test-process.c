/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "collect/process.h"

static void check_units(const char *cgroup, const char *unit, const char *user_unit) {
        _cleanup_free_ char *u = NULL, *uu = NULL;

        assert_int_equal(cgroup_units(cgroup, &u, &uu), 0);
        if (unit)
                assert_string_equal(u, unit);
        else
                assert_null(u);
        if (user_unit)
                assert_string_equal(uu, user_unit);
        else
                assert_null(uu);
}

static void test_units(void **state) {
        check_units("/system.slice/nginx.service", "nginx.service", NULL);
        check_units("/system.slice/nginx.service/", "nginx.service", NULL);
        check_units("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", NULL);
        check_units("/system.slice/docker-0123.scope", "docker-0123.scope", NULL);
        check_units("/system.slice/run-user-0.mount", "run-user-0.mount", NULL);
        check_units("/system.slice/ssh.socket", "ssh.socket", NULL);
        check_units("/dev-sda2.swap", "dev-sda2.swap", NULL);
        check_units("/init.scope", "init.scope", NULL);
        check_units("/system.slice/foo\\x2dbar.service", "foo\\x2dbar.service", NULL);

        check_units("/user.slice/user-1000.slice/session-2.scope", "session-2.scope", NULL);
        check_units("/user.slice/user-1000.slice/user@1000.service/app.slice/vim.service", "user@1000.service", "vim.service");
        check_units("/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000.service", "init.scope");
        check_units("/user.slice/user-1000.slice/user@1000.service", "user@1000.service", NULL);
        check_units("/user.slice/user-1000.slice/user@1000.service/app.slice", "user@1000.service", NULL);
}

/* A unit owns the names below its own cgroup: they must not hide it. */
static void test_units_delegated(void **state) {
        check_units("/system.slice/evil.service/nginx.service", "evil.service", NULL);
        check_units("/system.slice/docker-1.scope/init.scope/system.slice/sshd.service", "docker-1.scope", NULL);
        check_units("/user.slice/user@1000.service/a.service/b.service", "user@1000.service", "a.service");
}

static void test_units_none(void **state) {
        check_units("", NULL, NULL);
        check_units("/", NULL, NULL);
        check_units("//", NULL, NULL);
        check_units("/kubepods/besteffort/pod1", NULL, NULL);
        check_units("/system.slice", NULL, NULL);
        check_units("/a/.service", NULL, NULL);
        check_units("/a/x.services", NULL, NULL);
        check_units("/a/service", NULL, NULL);
        check_units("/user@.service/x.service", "user@.service", "x.service");
}

static void test_same(void **state) {
        Process a = { .pid = 7, .start_ticks = 100 }, b = { .pid = 7, .start_ticks = 101 }, c = { .pid = 8, .start_ticks = 100 };

        assert_true(process_same(&a, &a));
        assert_false(process_same(&a, &b));
        assert_false(process_same(&a, &c));
}

static void test_done(void **state) {
        Process p;

        process_init(&p);
        assert_true(p.uid == PROCESS_UNKNOWN && p.login_uid == PROCESS_UNKNOWN && p.audit_session == PROCESS_UNKNOWN);
        p.comm = strdup("x");
        p.unit = strdup("y");
        process_done(&p);
        assert_null(p.comm);
        process_done(&p); /* twice is once */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_units), cmocka_unit_test(test_units_delegated), cmocka_unit_test(test_units_none),
                cmocka_unit_test(test_same),  cmocka_unit_test(test_done),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
