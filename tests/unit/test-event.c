/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "detect/event.h"

static void test_names(void **state) {
        for (unsigned k = 0; k < _EVENT_KIND_MAX; k++)
                assert_int_equal(event_kind_from_name(event_kind_info(k)->name), k);
        assert_int_equal(event_kind_from_name("connection-"), _EVENT_KIND_MAX);
        for (unsigned f = 0; f < _EVENT_FIELD_MAX; f++) {
                const char *name = event_field_info(f)->name;
                assert_int_equal(event_field_from_name(name, strlen(name)), f);
                assert_int_equal(event_field_from_name(name, strlen(name) - 1) == f, 0);
        }
}

static void test_present(void **state) {
        static Event e;

        event_init(&e, EVENT_AUDIT_GAP);
        for (unsigned f = 0; f < _EVENT_FIELD_MAX; f++)
                assert_false(event_has(&e, f));
        event_set_number(&e, EVENT_FIELD_PID, 0);
        assert_true(event_has(&e, EVENT_FIELD_PID));
        event_set_bytes(&e, EVENT_FIELD_COMM, (Bytes){});
        assert_false(event_has(&e, EVENT_FIELD_COMM));
        event_set_word(&e, EVENT_FIELD_VERSION, "1");
        assert_true(event_has(&e, EVENT_FIELD_VERSION));
        event_init(&e, EVENT_AUDIT_GAP);
        assert_false(event_has(&e, EVENT_FIELD_PID));
}

static void test_scratch_is_bounded(void **state) {
        static Event e;
        char big[6000];

        memset(big, 'x', sizeof(big) - 1);
        big[sizeof(big) - 1] = 0;
        event_init(&e, EVENT_AUDIT_STARTED);
        event_set_printf(&e, EVENT_FIELD_RULES, "%s", big);
        event_set_printf(&e, EVENT_FIELD_COUNTS, "%s", big);
        event_set_printf(&e, EVENT_FIELD_VERSION, "%s", big);
        assert_int_equal(e.values[EVENT_FIELD_RULES].bytes.size, 5999);
        assert_int_equal(e.values[EVENT_FIELD_COUNTS].bytes.size, sizeof(e.scratch) - 6000 - 1);
        assert_false(event_has(&e, EVENT_FIELD_VERSION));
}

static void test_holders_are_bounded(void **state) {
        static Event e;

        event_init(&e, EVENT_CONNECTION_PRESENT);
        for (uint32_t i = 0; i < 100; i++)
                event_add_holder(&e, &(EventHolder){ .pid = i });
        assert_int_equal(e.holder_count, EVENT_HOLDERS_MAX);
        assert_int_equal(e.holders[15].pid, 15);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_present),
                cmocka_unit_test(test_scratch_is_bounded),
                cmocka_unit_test(test_holders_are_bounded),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
