/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>

#include "base/clock.h"

#define SEC ((int64_t) USEC_PER_SEC)

static const ClockReading then = { .boottime = 100 * USEC_PER_SEC, .offset = 1700000000 * SEC, .asleep = 5 * USEC_PER_SEC, .blur = 2 };

static ClockReading later(int64_t step, uint64_t asleep, uint64_t blur) {
        return (ClockReading){ then.boottime + USEC_PER_SEC, then.offset + step, then.asleep + asleep, blur };
}

static void assert_change(ClockReading now, uint64_t asleep, int64_t step) {
        ClockChange change = clock_compare(&then, &now);

        assert_int_equal(change.asleep, asleep);
        assert_int_equal(change.step, step);
}

static void test_nothing(void **state) {
        assert_change(later(0, 0, 2), 0, 0);
        assert_change(later(900000, 0, 2), 0, 0);
        assert_change(later(-SEC, 0, 2), 0, 0); /* a leap second */
        assert_change(later(0, 9999, 2), 0, 0);
        /* Interrupted while reading: what looks like a change may be none. */
        assert_change(later(2 * SEC, 2 * USEC_PER_SEC, 2 * USEC_PER_SEC), 0, 0);
}

static void test_step(void **state) {
        assert_change(later(SEC + 5, 0, 2), 0, SEC + 5);
        assert_change(later(-3600 * SEC, 0, 2), 0, -3600 * SEC);
        assert_change(later(-then.offset - SEC, 0, 2), 0, -then.offset - SEC);
}

/* The wall clock goes on while the machine sleeps, the time since boot, too: no step. */
static void test_suspend(void **state) {
        assert_change(later(0, 3 * USEC_PER_SEC, 2), 3 * USEC_PER_SEC, 0);
        assert_change(later(7200 * SEC, 3 * USEC_PER_SEC, 2), 3 * USEC_PER_SEC, 7200 * SEC);
        assert_change(later(0, -USEC_PER_SEC, 2), 0, 0);
}

static void test_follow(void **state) {
        ClockReading now = later(900, 0, 10);

        assert_int_equal(clock_follow(then.offset, &now), then.offset);
        now.offset = then.offset - 1011;
        assert_int_equal(clock_follow(then.offset, &now), then.offset - 1011);
        now.blur = 100;
        assert_int_equal(clock_follow(then.offset, &now), then.offset);
}

static void test_the_real_ones(void **state) {
        ClockReading a, b;
        bool synchronised;
        uint64_t error;
        int r;

        clock_read(&a);
        clock_read(&b);
        assert_true(b.boottime >= a.boottime && a.offset > 0 && a.blur < USEC_PER_SEC);
        assert_true(clock_compare(&a, &b).step == 0 && clock_compare(&a, &b).asleep == 0);
        assert_true(llabs(clock_offset() - a.offset) < SEC);
        r = clock_sync(&synchronised, &error);
        assert_true(r == 0 || r == -EPERM);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing),
                cmocka_unit_test(test_step),
                cmocka_unit_test(test_suspend),
                cmocka_unit_test(test_follow),
                cmocka_unit_test(test_the_real_ones),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
