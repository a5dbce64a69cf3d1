/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "detect/ledger.h"

static char name[] = "web", glob[] = "nginx";
static char *globs[] = { glob };
static Match match = { .comm = { globs, 1 } };
static Rule rule = { .name = name, .processes = true, .match = &match, .changed = CHANGE_ALL, .sockets.listen = -1 };
static const RuleSet rules = { .rules = &rule, .count = 1 };

static const uint8_t sha[EXE_SHA_SIZE] = { 1, 2, 3 };

/* What was told, in order: 'm' process-matched, 'g' process-gone; capital with EXE_SHA. */
typedef struct Told {
        char kinds[16];
        size_t count;
        uint64_t not_after; /* of the last one */
} Told;

static void tell(void *userdata, const Event *e) {
        Told *told = userdata;
        bool has = event_has(e, EVENT_FIELD_EXE_SHA);

        if (has)
                assert_memory_equal(e->values[EVENT_FIELD_EXE_SHA].bytes.data, sha, sizeof(sha));
        assert_true(told->count + 1 < sizeof(told->kinds));
        told->kinds[told->count++] = e->kind == EVENT_PROCESS_MATCHED ? (has ? 'M' : 'm') : e->kind == EVENT_PROCESS_GONE ? (has ? 'G' : 'g') : '?';
        told->not_after = e->values[EVENT_FIELD_NOT_AFTER].number;
}

static void see(Ledger *l, uint32_t pid, uint64_t inode) {
        Process p;

        process_init(&p);
        p.pid = pid;
        p.start_ticks = 100;
        p.comm = strdup("nginx");
        p.exe_file.inode = inode;
        assert_int_equal(ledger_process_see(l, &p), 1);
        process_done(&p);
}

/* A scan in which these two are there (pid 0: nobody), and execute these files; `asked` is then asked for. */
static void scan(Ledger *l, uint64_t t, uint32_t one, uint32_t other, uint32_t asked) {
        ledger_processes_begin(l, t);
        if (one != 0)
                see(l, one, 71);
        if (other != 0)
                see(l, other, 72);
        if (asked != 0)
                ledger_exe_asked(l, asked);
        ledger_processes_end(l, t + 1, true);
}

static Ledger *ledger(Told *told) {
        LedgerOptions options = { .secret = { 1, 2 } };
        Ledger *l = NULL;

        *told = (Told){};
        assert_int_equal(ledger_new(&l, &options, &rules, tell, told), 0);
        return l;
}

static const ExeFile file = { .inode = 71 };

static void test_known_before_the_judgement(void **state) {
        LedgerStatus status;
        Told told;
        Ledger *l = ledger(&told);

        scan(l, 10, 901, 902, 901);
        assert_string_equal(told.kinds, "m"); /* the other waits for nothing */
        ledger_status(l, &status);
        assert_true(status.announcing);
        ledger_exe_known(l, &file, sha);
        assert_string_equal(told.kinds, "m");
        ledger_judge(l, 50);
        assert_string_equal(told.kinds, "mM");
        assert_int_equal(told.not_after, 11); /* when it was seen to match, not when that was told */
        ledger_status(l, &status);
        assert_false(status.announcing);
        scan(l, 60, 0, 0, 0);
        ledger_judge(l, 70);
        assert_string_equal(told.kinds, "mMgg");
        ledger_free(l);
}

static void test_known_after_it(void **state) {
        Told told;
        Ledger *l = ledger(&told);

        scan(l, 10, 901, 902, 901);
        ledger_judge(l, 50);
        assert_string_equal(told.kinds, "mm");
        scan(l, 60, 901, 902, 0); /* read again meanwhile, it is still asked for */
        ledger_exe_known(l, &(ExeFile){ .inode = 71, .size = 1 }, sha); /* another version of the file */
        ledger_exe_known(l, &file, sha);
        ledger_judge(l, 70);
        assert_string_equal(told.kinds, "mm");
        scan(l, 80, 0, 902, 0);
        assert_string_equal(told.kinds, "mmG");
        ledger_free(l);
}

static void test_not_to_be_had(void **state) {
        Told told;
        Ledger *l = ledger(&told);

        scan(l, 10, 901, 0, 901);
        ledger_exe_known(l, &file, NULL);
        ledger_judge(l, 50);
        ledger_exe_known(l, &file, sha); /* nobody asks any more */
        scan(l, 60, 0, 0, 0);
        assert_string_equal(told.kinds, "mg");
        ledger_free(l);
}

/* Who ends while he waits is told, in order. */
static void test_gone_before_the_judgement(void **state) {
        Told told;
        Ledger *l = ledger(&told);

        scan(l, 10, 901, 0, 901);
        assert_string_equal(told.kinds, "");
        scan(l, 20, 0, 0, 0);
        assert_string_equal(told.kinds, "mg");
        ledger_judge(l, 50);
        assert_string_equal(told.kinds, "mg");
        ledger_free(l);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_known_before_the_judgement),
                cmocka_unit_test(test_known_after_it),
                cmocka_unit_test(test_not_to_be_had),
                cmocka_unit_test(test_gone_before_the_judgement),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
