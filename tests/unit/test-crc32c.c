/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "base/crc32c.h"

static Crc32c table;

/* RFC 3720, appendix B.4, and the usual check value. */
static void test_known(void **state) {
        uint8_t data[32] = {};

        assert_int_equal(crc32c(&table, 0, data, 0), 0);
        assert_int_equal(crc32c(&table, 0, "123456789", 9), 0xe3069283);
        assert_int_equal(crc32c(&table, 0, data, 32), 0x8a9136aa);
        memset(data, 0xff, sizeof(data));
        assert_int_equal(crc32c(&table, 0, data, 32), 0x62a8ab43);
        for (uint8_t i = 0; i < 32; i++)
                data[i] = i;
        assert_int_equal(crc32c(&table, 0, data, 32), 0x46dd794e);
}

static void test_in_parts(void **state) {
        const char *text = "the quick brown fox jumps over the lazy dog";
        size_t size = strlen(text);
        uint32_t whole = crc32c(&table, 0, text, size);

        for (size_t i = 0; i <= size; i++)
                assert_int_equal(crc32c(&table, crc32c(&table, 0, text, i), text + i, size - i), whole);
}

/* Whatever this processor has, both give the same. */
static void test_by_table(void **state) {
        uint8_t data[300];

        for (size_t i = 0; i < sizeof(data); i++)
                data[i] = (uint8_t) (i * 167 + i / 7);
        for (size_t i = 0; i < sizeof(data) - 9; i++)
                assert_int_equal(crc32c(&table, (uint32_t) i, data + i % 9, sizeof(data) - 9 - i), crc32c_by_table(&table, (uint32_t) i, data + i % 9, sizeof(data) - 9 - i));
        assert_int_equal(crc32c_by_table(&table, 0, "123456789", 9), 0xe3069283);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_known),
                cmocka_unit_test(test_in_parts),
                cmocka_unit_test(test_by_table),
        };

        crc32c_init(&table);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
