/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "emit/journal-keeps.h"

#define DAY (86400 * USEC_PER_SEC)
#define NOW (20000 * DAY)
#define MIB (1ULL << 20)

/* Four days old, 64 of 512 MiB in two files. */
static const JournalUse young = {
        .oldest = NOW - 4 * DAY, .bytes = 64 * MIB, .bytes_max = 512 * MIB, .archived = 1, .active = 1, .files_max = 100,
};

static uint64_t keeps(JournalUse u) {
        uint64_t k = 1;

        assert_int_equal(journal_use_keeps(&u, NOW, &k), 0);
        return k;
}

static int error(JournalUse u) {
        uint64_t k = 1;
        int r = journal_use_keeps(&u, NOW, &k);

        assert_int_equal(k, 1);
        return r;
}

#define WITH(...) ({ JournalUse u = young; __VA_ARGS__; u; })

static void test_growing(void **state) {
        assert_int_equal(keeps(young), 4 * 7 * DAY);
        assert_int_equal(keeps(WITH(u.bytes = 128 * MIB)), 4 * 7 * DAY / 2);
        /* An estimate from one hour, and from less. */
        assert_int_equal(keeps(WITH(u.oldest = NOW - DAY / 24)), 7 * DAY / 24);
        assert_int_equal(error(WITH(u.oldest = NOW - DAY / 24 + 1)), -ENODATA);
}

static void test_full(void **state) {
        assert_int_equal(keeps(WITH(u.bytes = 448 * MIB)), 4 * DAY);
        assert_int_equal(keeps(WITH(u.bytes = 512 * MIB)), 4 * DAY);
        assert_int_equal(keeps(WITH(u.bytes = 2048 * MIB)), 4 * DAY);
        /* It need not be old for that. */
        assert_int_equal(keeps(WITH(u.bytes = 512 * MIB, u.oldest = NOW - 1)), 1);
        /* Nothing may be used: the disk is full of other things. */
        assert_int_equal(keeps(WITH(u.bytes_max = 0)), 4 * DAY);
}

static void test_number_of_files(void **state) {
        assert_int_equal(keeps(WITH(u.files_max = 7)), 4 * 3 * DAY);
        assert_int_equal(keeps(WITH(u.archived = 99, u.active = 1)), 4 * DAY);
        assert_int_equal(keeps(WITH(u.archived = 200, u.active = 1)), 4 * DAY);
        assert_int_equal(keeps(WITH(u.archived = 200, u.files_max = 0)), 4 * 7 * DAY);
        assert_int_equal(keeps(WITH(u.active = 300)), 4 * DAY);
        /* How much a file takes before it is archived is not known yet. */
        assert_int_equal(keeps(WITH(u.archived = 0, u.files_max = 2)), 4 * 7 * DAY);
}

static void test_retention(void **state) {
        assert_int_equal(keeps(WITH(u.retention = 5 * DAY)), 5 * DAY);
        assert_int_equal(keeps(WITH(u.retention = 2 * DAY)), 2 * DAY);
        assert_int_equal(keeps(WITH(u.retention = 500 * DAY)), 28 * DAY);
}

static void test_nothing_to_say(void **state) {
        assert_int_equal(error((JournalUse){}), -ENODATA);
        assert_int_equal(error(WITH(u.bytes = 0)), -ENODATA);
        assert_int_equal(error(WITH(u.oldest = 0)), -ENODATA);
        assert_int_equal(error(WITH(u.oldest = NOW)), -ENODATA);
        assert_int_equal(error(WITH(u.oldest = NOW + DAY)), -ENODATA);
        assert_int_equal(error(WITH(u.oldest = UINT64_MAX)), -ENODATA);
}

static void test_large(void **state) {
        assert_int_equal(keeps(WITH(u.bytes = 1, u.bytes_max = UINT64_MAX, u.files_max = 0)), UINT64_MAX);
        assert_int_equal(keeps(WITH(u.bytes = UINT64_MAX, u.bytes_max = UINT64_MAX, u.archived = UINT64_MAX - 1, u.files_max = UINT64_MAX)), 4 * DAY);
        /* More than 64 bits on the way. */
        assert_int_equal(keeps(WITH(u.bytes = 1ULL << 40, u.bytes_max = 1ULL << 43, u.files_max = 0)), 28 * DAY);
}

static void test_header(void **state) {
        uint8_t header[JOURNAL_HEADER_SIZE] = "LPKSHHRH";
        uint64_t time = htole64(NOW), got = 1;

        assert_int_equal(journal_header_oldest(header, &got), -ENODATA);
        memcpy(header + 184, &time, sizeof(time));
        assert_int_equal(journal_header_oldest(header, &got), 0);
        assert_int_equal(got, NOW);
        header[7] = 'X';
        assert_int_equal(journal_header_oldest(header, &got), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_growing),
                cmocka_unit_test(test_full),
                cmocka_unit_test(test_number_of_files),
                cmocka_unit_test(test_retention),
                cmocka_unit_test(test_nothing_to_say),
                cmocka_unit_test(test_large),
                cmocka_unit_test(test_header),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
