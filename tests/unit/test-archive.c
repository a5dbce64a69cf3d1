/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/archive.h"

typedef struct Thing {
        uint64_t number;
        uint8_t kind;
        bool bit;
        char *name, *none;
        size_t count;
} Thing;

static void thing_record(Archive *a, Thing *t) {
        ARCHIVE(a, t->number);
        archive_below(a, &t->kind, 5);
        t->bit = archive_bit(a, t->bit);
        archive_string(a, &t->name);
        archive_string(a, &t->none);
        t->count = archive_count(a, t->count, 1);
        for (size_t i = 0; i < t->count; i++)
                ARCHIVE(a, t->kind);
}

static char name[] = "a name";
static const Thing thing = { .number = 7ULL << 40, .kind = 4, .bit = true, .name = name, .count = 2 };

static void save(Text *out) {
        Archive a = { .out = out };
        Thing t = thing;

        thing_record(&a, &t);
        assert_false(a.bad);
        assert_int_equal(text_error(out), 0);
}

static bool load(const char *data, size_t size, Thing *ret) {
        Archive a = { .data = data, .size = size };

        *ret = (Thing){};
        thing_record(&a, ret);
        return !a.bad && a.size == 0;
}

static void test_both_ways(void **state) {
        _cleanup_text_ Text saved = TEXT_NULL;
        Thing t;

        (void) state;
        save(&saved);
        assert_true(load(saved.data, saved.size, &t));
        assert_int_equal(t.number, thing.number);
        assert_int_equal(t.kind, 4);
        assert_true(t.bit);
        assert_string_equal(t.name, "a name");
        assert_null(t.none);
        assert_int_equal(t.count, 2);
        free(t.name);
}

static void test_every_truncation_is_bad(void **state) {
        _cleanup_text_ Text saved = TEXT_NULL;

        (void) state;
        save(&saved);
        for (size_t size = 0; size < saved.size; size++) {
                Thing t;

                assert_false(load(saved.data, size, &t));
                free(t.name);
                free(t.none);
        }
}

static void test_what_cannot_be(void **state) {
        const char many[16] = { 3 }, no_bit[] = { 2 }, inner_nul[] = { 1, 3, 0, 'a', 0, 'b' };
        char *s = NULL;
        uint8_t kind;

        (void) state;
        assert_int_equal(archive_count(&(Archive){ .data = many, .size = sizeof(many) }, 0, 4), 0);
        assert_int_equal(archive_count(&(Archive){ .data = many, .size = sizeof(many) }, 0, 2), 3);
        for (unsigned i = 0; i < 3; i++) {
                Archive a = { .data = i == 0 ? many : i == 1 ? no_bit : inner_nul, .size = i == 2 ? 6 : 1 };

                if (i == 0)
                        archive_below(&a, &kind, 3);
                else if (i == 1)
                        (void) archive_bit(&a, false);
                else
                        archive_string(&a, &s);
                assert_true(a.bad);
        }
        assert_int_equal(kind, 0);
        free(s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_both_ways),
                cmocka_unit_test(test_every_truncation_is_bad),
                cmocka_unit_test(test_what_cannot_be),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
