/* SPDX-License-Identifier: MIT */

#include "detect/event-sum.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static Event e;

static void add(EventSum *s, uint64_t not_before, uint64_t not_after, const char *comm, uint32_t uid) {
        char name[16];

        event_init(&e, EVENT_PROCESS_GONE);
        if (not_before != 0)
                event_set_number(&e, EVENT_FIELD_NOT_BEFORE, not_before);
        event_set_number(&e, EVENT_FIELD_NOT_AFTER, not_after);
        (void) snprintf(name, sizeof(name), "%s", comm); /* gone when the event is */
        event_set_word(&e, EVENT_FIELD_COMM, name);
        event_set_number(&e, EVENT_FIELD_UID, uid);
        event_set_number(&e, EVENT_FIELD_INHERITED_COUNT, 3);
        assert_return_code(event_sum_add(s, &e), 0);
}

static void put(const EventSum *s) {
        event_init(&e, EVENT_PROCESS_GONE);
        event_sum_put(s, &e);
}

static void assert_comm(const char *comm) {
        assert_true(event_has(&e, EVENT_FIELD_COMM));
        assert_int_equal(e.values[EVENT_FIELD_COMM].bytes.size, strlen(comm));
        assert_memory_equal(e.values[EVENT_FIELD_COMM].bytes.data, comm, strlen(comm));
}

static void test_one(void **state) {
        EventSum s = {};

        add(&s, 5, 6, "sh", 7);
        put(&s);
        assert_comm("sh");
        assert_int_equal(e.values[EVENT_FIELD_UID].number, 7);
        assert_int_equal(e.values[EVENT_FIELD_NOT_BEFORE].number, 5);
        assert_int_equal(e.values[EVENT_FIELD_NOT_AFTER].number, 6);
        assert_int_equal(e.values[EVENT_FIELD_INHERITED_COUNT].number, 3);
        assert_false(event_has(&e, EVENT_FIELD_PID));
        event_sum_done(&s);
}

static void test_what_differs_is_absent(void **state) {
        EventSum s = {};

        add(&s, 5, 6, "sh", 7);
        add(&s, 3, 4, "sh", 8);
        add(&s, 8, 9, "sh", 7);
        put(&s);
        assert_int_equal(s.count, 3);
        assert_comm("sh");
        assert_false(event_has(&e, EVENT_FIELD_UID));
        assert_int_equal(e.values[EVENT_FIELD_NOT_BEFORE].number, 3);
        assert_int_equal(e.values[EVENT_FIELD_NOT_AFTER].number, 9);
        assert_int_equal(e.values[EVENT_FIELD_INHERITED_COUNT].number, 9);

        add(&s, 8, 9, "sh2", 7); /* the longer name begins like the other */
        put(&s);
        assert_false(event_has(&e, EVENT_FIELD_COMM));
        event_sum_done(&s);
}

static void test_a_bound_that_one_lacks_is_unknown(void **state) {
        EventSum s = {};

        add(&s, 5, 6, "sh", 7);
        add(&s, 0, 6, "sh", 7);
        add(&s, 5, 6, "sh", 7);
        put(&s);
        assert_false(event_has(&e, EVENT_FIELD_NOT_BEFORE));
        event_sum_done(&s);
        assert_int_equal(s.count, 0);
        add(&s, 5, 6, "make", 7);
        put(&s);
        assert_comm("make");
        assert_int_equal(e.values[EVENT_FIELD_NOT_BEFORE].number, 5);
        event_sum_done(&s);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one),
                cmocka_unit_test(test_what_differs_is_absent),
                cmocka_unit_test(test_a_bound_that_one_lacks_is_unknown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
