/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdint.h>
#include <string.h>

#include "base/macro.h"
#include "base/pages.h"

static void test_zeroed_and_aligned(void **state) {
        const size_t sizes[] = { 1, 4096, PAGES_HUGE - 1, PAGES_HUGE, PAGES_HUGE + 1, 3 * PAGES_HUGE + 5000 };

        for (size_t i = 0; i < ELEMENTSOF(sizes); i++)
                for (unsigned huge = 0; huge < 2; huge++) {
                        char *p = pages_new(sizes[i], huge), *other = pages_new(sizes[i], huge);

                        assert_non_null(p);
                        assert_non_null(other);
                        assert_true(sizes[i] < PAGES_HUGE || (uintptr_t) p % PAGES_HUGE == 0);
                        for (size_t k = 0; k < sizes[i]; k++)
                                assert_int_equal(p[k], 0);
                        memset(p, 1, sizes[i]);
                        assert_int_equal(other[0], 0);
                        assert_int_equal(other[sizes[i] - 1], 0);
                        pages_free(p, sizes[i]);
                        pages_free(other, sizes[i]);
                }
}

static void test_nothing(void **state) {
        pages_free(NULL, 1);
        pages_free(NULL, PAGES_HUGE);
        assert_null(pages_new(SIZE_MAX, false));
        assert_null(pages_new(SIZE_MAX / 2, true));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_zeroed_and_aligned),
                cmocka_unit_test(test_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
