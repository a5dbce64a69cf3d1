/* SPDX-License-Identifier: MIT */

#include "detect/budget.h"

#include "base/macro.h"
#include "unit.h"

#define HOUR (3600 * USEC_PER_SEC)
#define DAY (24 * HOUR)

static void test_none(void **state) {
        Budget b = {};

        budget_spend(&b, UINT64_MAX / 2);
        assert_false(b.spent);
        (void) budget_fill(&b, HOUR);
        budget_spend(&b, UINT64_MAX / 4);
        assert_false(b.spent);
}

static void test_a_day(void **state) {
        Budget b = {};
        uint64_t written = 0, now = HOUR;

        budget_limit(&b, 24000000);
        assert_true(budget_fill(&b, now));
        /* As much as it lets: an hour's in advance, and a day's. */
        for (; now < HOUR + DAY; now += USEC_PER_SEC) {
                (void) budget_fill(&b, now);
                while (!b.spent && b.level > 0) {
                        budget_spend(&b, 1000);
                        written += 1000;
                }
        }
        assert_in_range(written, 24000000, 24000000 + 1000000 + 1000);
}

static void test_spent_until_a_quarter(void **state) {
        Budget b = {};

        budget_limit(&b, 24000000);
        assert_true(budget_fill(&b, HOUR));
        budget_spend(&b, 999999);
        assert_false(b.spent);
        budget_spend(&b, 1);
        assert_true(b.spent);
        assert_int_equal(b.written, 1000000);
        assert_int_equal(b.full, HOUR);
        /* What must be told is told: debt. */
        budget_spend(&b, 1000000);
        assert_false(budget_fill(&b, HOUR + HOUR));
        assert_true(b.spent);
        assert_false(budget_fill(&b, HOUR + HOUR + HOUR / 4 - 2 * USEC_PER_SEC));
        assert_true(b.spent);
        assert_false(budget_fill(&b, HOUR + HOUR + HOUR / 4 + 2 * USEC_PER_SEC));
        assert_false(b.spent);
        assert_int_equal(b.written, 2000000);
        assert_true(budget_fill(&b, HOUR + 2 * HOUR + 2 * USEC_PER_SEC));
        assert_int_equal(b.written, 0);
        assert_true(budget_fill(&b, 40 * DAY));
        budget_spend(&b, 1000000);
        assert_true(b.spent); /* a bucket holds an hour's however long nothing was written */
}

static void test_another_limit(void **state) {
        Budget b = {};

        budget_limit(&b, 24000);
        (void) budget_fill(&b, HOUR);
        budget_spend(&b, 1000000);
        assert_true(b.spent);
        budget_limit(&b, 24000);
        assert_true(b.spent); /* it is the same */
        budget_limit(&b, 48000);
        assert_false(b.spent);
        budget_spend(&b, 1999);
        assert_false(b.spent);
        budget_limit(&b, 0);
        budget_spend(&b, 1000000);
        assert_false(b.spent);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_none),
                cmocka_unit_test(test_a_day),
                cmocka_unit_test(test_spent_until_a_quarter),
                cmocka_unit_test(test_another_limit),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
