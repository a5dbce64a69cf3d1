/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/pool.h"

#define MANY 30000 /* some chunks of them */

typedef struct Object {
        uint64_t number, rest[30];
} Object;

static void test_zeroed_and_apart(void **state) {
        static Object *objects[MANY];
        Pool p = { .size = sizeof(Object) };

        for (unsigned round = 0; round < 2; round++) {
                for (size_t i = 0; i < MANY; i++) {
                        objects[i] = pool_get(&p);
                        assert_non_null(objects[i]);
                        assert_int_equal((uintptr_t) objects[i] % 8, 0);
                        for (size_t k = 0; k < ELEMENTSOF(objects[i]->rest); k++)
                                assert_int_equal(objects[i]->rest[k], 0);
                        memset(objects[i], 0xff, sizeof(Object));
                        objects[i]->number = i;
                }
                for (size_t i = 0; i < MANY; i++)
                        assert_int_equal(objects[i]->number, i);
                for (size_t i = 0; i < MANY; i++)
                        pool_put(objects[i]);
        }
        pool_put(NULL);
        pool_done(&p);
}

/* Which ones are put back is up to chance: the others stay what they are. */
static void test_in_no_order(void **state) {
        static Object *objects[MANY];
        Pool p = { .size = sizeof(Object) };
        size_t most = 0;

        srandom(1);
        for (size_t n = 0; n < 20UL * MANY; n++) {
                size_t i = (size_t) random() % MANY;

                if (objects[i]) {
                        assert_int_equal(objects[i]->number, i);
                        pool_put(objects[i]);
                        objects[i] = NULL;
                } else {
                        objects[i] = pool_get(&p);
                        assert_int_equal(objects[i]->number, 0);
                        objects[i]->number = i;
                }
                most = MAX(most, p.chunks);
        }
        for (size_t i = 0; i < MANY; i++)
                pool_put(objects[i]);
        assert_true(p.chunks <= 1);
        assert_true(most <= MANY * sizeof(Object) / ((size_t) 2 << 20) + 1);
        pool_done(&p);
        assert_int_equal(p.chunks, 0);
}

/* What is gone goes back to the kernel, but for the last chunk; what is left holds only its own. */
static void test_gives_back(void **state) {
        static Object *objects[MANY];
        Pool p = { .size = sizeof(Object) };
        size_t most;

        for (size_t i = 0; i < MANY; i++)
                objects[i] = pool_get(&p);
        most = p.chunks;
        for (size_t i = 1; i < MANY; i++)
                pool_put(objects[i]);
        assert_true(most == 0 || most > 1); /* 0: each by itself */
        assert_true(p.chunks <= 2);
        pool_put(objects[0]);
        assert_true(p.chunks <= 1);
        pool_done(&p);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_zeroed_and_apart),
                cmocka_unit_test(test_in_no_order),
                cmocka_unit_test(test_gives_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
