/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include "detect/socketmap.h"

static uint64_t key_of(uint64_t i) {
        return hash_mix(i, 12345) | 1;
}

static void test_empty(void **state) {
        SocketMap m = {};

        assert_null(socketmap_find(&m, 1));
        assert_false(socketmap_remove(&m, 1));
        socketmap_visit(&m, NULL, NULL);
        socketmap_done(&m);
}

static void test_put_find_remove(void **state) {
        SocketMap m = {};

        for (uint64_t i = 1; i <= 100000; i++)
                assert_int_equal(socketmap_put(&m, key_of(i), i), 0);
        assert_int_equal(m.count, 100000);
        assert_int_equal(socketmap_put(&m, key_of(5), 55), 0);
        assert_int_equal(m.count, 100000);
        for (uint64_t i = 1; i <= 100000; i++)
                assert_int_equal(*socketmap_find(&m, key_of(i)), i == 5 ? 55 : i);
        for (uint64_t i = 100001; i <= 110000; i++)
                assert_null(socketmap_find(&m, key_of(i)));
        for (uint64_t i = 1; i <= 100000; i += 2)
                assert_true(socketmap_remove(&m, key_of(i)));
        for (uint64_t i = 1; i <= 100000; i++)
                assert_int_equal(socketmap_find(&m, key_of(i)) != NULL, i % 2 == 0);
        socketmap_done(&m);
}

/* Few slots, neighbouring homes, gaps closed over the end of the array. */
static void test_against_a_plain_array(void **state) {
        SocketMap m = {};
        uint64_t model[40] = {};
        uint64_t random = 42;

        for (int step = 0; step < 200000; step++) {
                uint64_t k;

                random = random * 6364136223846793005ULL + 1442695040888963407ULL;
                k = random >> 33;
                if (k & 64) {
                        assert_int_equal(socketmap_remove(&m, k % 40 + UINT64_MAX - 40), model[k % 40] != 0);
                        model[k % 40] = 0;
                } else {
                        model[k % 40] = k + 1;
                        assert_int_equal(socketmap_put(&m, k % 40 + UINT64_MAX - 40, k + 1), 0);
                }
                for (size_t i = 0; i < 40; i++) {
                        uint64_t *v = socketmap_find(&m, i + UINT64_MAX - 40);
                        assert_int_equal(v ? *v : 0, model[i]);
                }
        }
        socketmap_done(&m);
}

static void drop_odd(void *userdata, uint64_t key, uint64_t *value) {
        (*(size_t *) userdata)++;
        if (*value % 2)
                *value = 0;
}

static void test_visit(void **state) {
        SocketMap m = {};
        size_t visited = 0;

        for (uint64_t i = 1; i <= 5000; i++)
                assert_int_equal(socketmap_put(&m, key_of(i), i), 0);
        socketmap_visit(&m, drop_odd, &visited);
        assert_int_equal(visited, 5000);
        assert_int_equal(m.count, 2500);
        for (uint64_t i = 1; i <= 5000; i++)
                assert_int_equal(socketmap_find(&m, key_of(i)) != NULL, i % 2 == 0);
        socketmap_done(&m);
}

/* The promise of the ledger: a foreign socket costs at most 24 bytes, once growth is over. */
static void test_size(void **state) {
        SocketMap m = {};
        size_t worst = 0;

        for (uint64_t i = 1; i <= 300000; i++) {
                assert_int_equal(socketmap_put(&m, key_of(i), i), 0);
                if (i % 997 == 0) {
                        socketmap_trim(&m);
                        worst = MAX(worst, m.capacity * sizeof(SocketSlot) * 100 / m.count);
                }
        }
        assert_true(worst <= 2400);
        for (uint64_t i = 1; i <= 300000; i++)
                assert_int_equal(*socketmap_find(&m, key_of(i)), i);
        for (uint64_t i = 1; i <= 299000; i++)
                assert_true(socketmap_remove(&m, key_of(i)));
        socketmap_trim(&m);
        assert_true(m.capacity <= 1500);
        assert_int_equal(*socketmap_find(&m, key_of(299001)), 299001);
        socketmap_done(&m);
}

/* Trimming costs nothing where there is nothing to gain: it does not undo each growth of a map that goes up and down by a tenth. */
static void test_trim_is_rare(void **state) {
        SocketMap m = {};
        const SocketSlot *slots;

        for (uint64_t i = 1; i <= 10000; i++)
                assert_int_equal(socketmap_put(&m, key_of(i), i), 0);
        socketmap_trim(&m);
        slots = m.slots;
        for (uint64_t i = 1; i <= 20; i++) {
                for (uint64_t k = 1; k <= 1000; k++)
                        assert_int_equal(socketmap_put(&m, key_of(i * 100000 + k), k), 0);
                socketmap_trim(&m);
                for (uint64_t k = 1; k <= 1000; k++)
                        assert_true(socketmap_remove(&m, key_of(i * 100000 + k)));
                socketmap_trim(&m);
                assert_ptr_equal(m.slots, slots);
        }
        socketmap_done(&m);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_empty),
                cmocka_unit_test(test_put_find_remove),
                cmocka_unit_test(test_against_a_plain_array),
                cmocka_unit_test(test_visit),
                cmocka_unit_test(test_size),
                cmocka_unit_test(test_trim_is_rare),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
