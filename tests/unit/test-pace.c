/* SPDX-License-Identifier: MIT */

/* Looks that take too long: the gaps that are told of them. */

#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "manager-pace.h"

#define MSEC USEC_PER_MSEC

static unsigned long long milliseconds(const Event *e, FieldId id) {
        return e->values[id].number / MSEC;
}

/* "FROM TO COUNT" of each audit-gap, in milliseconds. */
static void tell(void *userdata, const Event *e) {
        char *told = userdata;
        size_t size = strlen(told);

        assert_int_equal(e->kind, EVENT_AUDIT_GAP);
        (void) snprintf(told + size, 256 - size, "%llu %llu %llu\n", milliseconds(e, EVENT_FIELD_NOT_BEFORE), milliseconds(e, EVENT_FIELD_NOT_AFTER),
                        (unsigned long long) e->values[EVENT_FIELD_GAP_COUNT].number);
}

static void assert_told(const char *expected, void (*looks)(Pace *p, Ledger *l, const Config *config)) {
        static const RuleSet rules = {};
        const LedgerOptions options = {};
        const Config config = { .interval = 100 * MSEC, .cpu_max = 10000 };
        char told[256] = "";
        Pace pace = {};
        Ledger *l = NULL;

        assert_int_equal(ledger_new(&l, &options, &rules, tell, told), 0);
        looks(&pace, l, &config);
        assert_string_equal(told, expected);
        ledger_free(l);
}

static void look(Pace *p, Ledger *l, const Config *config, uint64_t started, uint64_t took) {
        pace_check(p, l, config, started * MSEC, took * MSEC, 0, 0);
        (void) pace_next(p, config, (started + took) * MSEC, 0);
}

static void in_time(Pace *p, Ledger *l, const Config *config) {
        look(p, l, config, 1000, 100);
        look(p, l, config, 1200, 1);
        pace_end(p, l);
}

static void one_late(Pace *p, Ledger *l, const Config *config) {
        look(p, l, config, 1000, 250);
        look(p, l, config, 1350, 1);
        look(p, l, config, 1451, 150);
        pace_end(p, l);
}

static void episode(Pace *p, Ledger *l, const Config *config) {
        look(p, l, config, 1000, 250);
        look(p, l, config, 1350, 120);
        look(p, l, config, 1570, 330);
        look(p, l, config, 2000, 1);
        look(p, l, config, 2101, 1);
}

static void stopped_meanwhile(Pace *p, Ledger *l, const Config *config) {
        look(p, l, config, 1000, 250);
        look(p, l, config, 1350, 120);
        pace_end(p, l);
        pace_end(p, l);
}

static void held_up(Pace *p, Ledger *l, const Config *config) {
        look(p, l, config, 1000, 1);
        look(p, l, config, 5101, 1);
}

static void test_gaps(void **state) {
        (void) state;
        assert_told("", in_time);
        assert_told("1000 1250 2\n1451 1601 1\n", one_late);
        assert_told("1000 1250 2\n1000 1900 6\n", episode);
        assert_told("1000 1250 2\n1000 1470 3\n", stopped_meanwhile);
        assert_told("1101 5101 40\n", held_up);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_gaps) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
