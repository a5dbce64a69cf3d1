/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>

#include "base/parse.h"

static void test_u64(void **state) {
        static const char *const bad[] = { "", " 1", "1 ", "+1", "-1", "0x1", "010", "00", "1a", "99999999999999999999a" };
        uint64_t v = 7;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(parse_u64(bad[i], 0, UINT64_MAX, &v), -EINVAL);
        assert_int_equal(parse_u64("18446744073709551616", 0, UINT64_MAX, &v), -ERANGE);
        assert_int_equal(parse_u64("5", 6, 9, &v), -ERANGE);
        assert_int_equal(parse_u64("10", 6, 9, &v), -ERANGE);
        assert_int_equal(v, 7);
        assert_int_equal(parse_u64("18446744073709551615", 0, UINT64_MAX, &v), 0);
        assert_true(v == UINT64_MAX);
        assert_int_equal(parse_u64("0", 0, 1, &v), 0);
        assert_int_equal(v, 0);
}

static void test_u32(void **state) {
        uint32_t v = 7;

        assert_int_equal(parse_u32("4294967296", 0, UINT32_MAX, &v), -ERANGE);
        assert_int_equal(parse_u32("4294967295", 0, UINT32_MAX, &v), 0);
        assert_true(v == UINT32_MAX);
}

static void test_hex64(void **state) {
        uint64_t v = 7;

        assert_int_equal(parse_hex64("", &v), -EINVAL);
        assert_int_equal(parse_hex64("0x1", &v), -EINVAL);
        assert_int_equal(parse_hex64("10000000000000000", &v), -ERANGE);
        assert_int_equal(v, 7);
        assert_int_equal(parse_hex64("DeadBeef", &v), 0);
        assert_true(v == 0xdeadbeef);
        assert_int_equal(parse_hex64("ffffffffffffffff", &v), 0);
        assert_true(v == UINT64_MAX);
}

static void test_duration(void **state) {
        static const char *const bad[] = { "", "1", "s", "1x", "1 s", "-1s", "01s", "1s2", "1.5s" };
        uint64_t v = 7;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(parse_duration(bad[i], &v), -EINVAL);
        assert_int_equal(parse_duration("999999999999999d", &v), -ERANGE);
        assert_int_equal(v, 7);
        assert_int_equal(parse_duration("0", &v), 0);
        assert_int_equal(v, 0);
        assert_int_equal(parse_duration("100ms", &v), 0);
        assert_int_equal(v, 100000);
        assert_int_equal(parse_duration("1h30m", &v), 0);
        assert_true(v == 5400 * USEC_PER_SEC);
        assert_int_equal(parse_duration("1d1us", &v), 0);
        assert_true(v == 86400 * USEC_PER_SEC + 1);
}

static void test_size(void **state) {
        static const char *const bad[] = { "", "K", "1k", "1KB", "1 K", "01K" };
        uint64_t v = 7;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(parse_size(bad[i], &v), -EINVAL);
        assert_int_equal(parse_size("99999999999T", &v), -ERANGE);
        assert_int_equal(v, 7);
        assert_int_equal(parse_size("512", &v), 0);
        assert_int_equal(v, 512);
        assert_int_equal(parse_size("16M", &v), 0);
        assert_int_equal(v, 16 << 20);
        assert_int_equal(parse_size("2T", &v), 0);
        assert_true(v == 2ULL << 40);
}

static void test_percent(void **state) {
        static const char *const bad[] = { "", "5", "%", "5 %", ".5%", "5.%", "5%%", "0.125%" };
        uint32_t v = 7;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(parse_percent(bad[i], &v), -EINVAL);
        assert_int_equal(parse_percent("0%", &v), -ERANGE);
        assert_int_equal(parse_percent("100.01%", &v), -ERANGE);
        assert_int_equal(parse_percent("184467440737095517%", &v), -ERANGE);
        assert_int_equal(v, 7);
        assert_int_equal(parse_percent("5%", &v), 0);
        assert_int_equal(v, 500);
        assert_int_equal(parse_percent("0.5%", &v), 0);
        assert_int_equal(v, 50);
        assert_int_equal(parse_percent("0.05%", &v), 0);
        assert_int_equal(v, 5);
        assert_int_equal(parse_percent("100%", &v), 0);
        assert_int_equal(v, 10000);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_u64),
                cmocka_unit_test(test_u32),
                cmocka_unit_test(test_hex64),
                cmocka_unit_test(test_duration),
                cmocka_unit_test(test_size),
                cmocka_unit_test(test_percent),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
