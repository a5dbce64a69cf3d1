/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "collect/process.h"

static void test_tty(void **state) {
        static const struct {
                uint32_t tty;
                const char *name;
        } cases[] = {
                { 34816, "pts/0" }, { 34819, "pts/3" }, { 35071, "pts/255" }, { 35072, "pts/256" }, { 1025, "tty1" },
                { 1088, "ttyS0" },  { 1280, "5:0" },
        };
        char buffer[PROCESS_TTY_MAX];
        Process p = {};

        assert_null(process_tty(&p, buffer));
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                p.tty = cases[i].tty;
                assert_string_equal(process_tty(&p, buffer), cases[i].name);
        }
}

static void test_exe_state(void **state) {
        assert_null(exe_state_name(EXE_PRESENT));
        assert_string_equal(exe_state_name(EXE_MEMFD), "memfd");
        assert_null(exe_state_name(_EXE_MAX));
}

static void test_same(void **state) {
        Process a = { .pid = 7, .start_ticks = 100 }, b = { .pid = 7, .start_ticks = 101 }, c = { .pid = 8, .start_ticks = 100 };

        assert_true(process_same(&a, &a));
        assert_false(process_same(&a, &b));
        assert_false(process_same(&a, &c));
}

static void test_same_group(void **state) {
        char group[] = "/a", other[] = "/b", container[] = "c";
        Process a = { .cgroup = group }, b = { .cgroup = other }, contained = { .cgroup = group, .container = container }, none = {};

        assert_true(process_same_group(&a, &a) && process_same_group(&none, &none));
        assert_false(process_same_group(&a, &b));
        assert_false(process_same_group(&a, &none));
        assert_false(process_same_group(&none, &a));
        assert_false(process_same_group(&a, &contained));
}

/* The same number is an answer only when it is older than a tick. */
static void test_rests(void **state) {
        const Process walked = { .ran = 7, .ran_since = 1000000 }, unknown = { .ran_since = 1000000 };

        assert_true(process_rests(&walked, 7, 3000000));
        assert_false(process_rests(&walked, 7, 2999999));
        assert_false(process_rests(&walked, 8, 3000000));
        assert_false(process_rests(&walked, 0, 3000000));
        assert_false(process_rests(&unknown, 0, 3000000));
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
                cmocka_unit_test(test_tty), cmocka_unit_test(test_exe_state), cmocka_unit_test(test_same),
                cmocka_unit_test(test_same_group), cmocka_unit_test(test_rests), cmocka_unit_test(test_done),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
