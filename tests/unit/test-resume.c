/* SPDX-License-Identifier: MIT */

/* The file that one run leaves for the next: what of it is believed. That the daemon goes by it, tests/live/test_restart.py shows. */

#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "manager-resume.h"

#define SEEN (20 * USEC_PER_SEC)

static char name[] = "web", glob[] = "nginx";
static char *globs[] = { glob };
static Match match = { .comm = { globs, 1 } };
static Rule rule = { .name = name, .match = &match, .processes = true, .changed = CHANGE_ALL, .sockets.listen = -1 };
static const RuleSet rules = { .rules = &rule, .count = 1 };

static void count(void *userdata, const Event *e) {
        (void) e;
        ++*(size_t *) userdata;
}

static Ledger *ledger(size_t *told) {
        LedgerOptions options = { .boot_id = "0123456789abcdef0123456789abcdef" };
        Ledger *l = NULL;

        *told = 0;
        assert_int_equal(ledger_new(&l, &options, &rules, count, told), 0);
        return l;
}

/* One process, two sockets of it, and one of somebody else. */
static void look(Ledger *l, uint64_t t) {
        const Netns netns = { .id = 1, .inode = 4026531840 };
        Process p;

        process_init(&p);
        p.pid = 812;
        p.start_ticks = 100;
        p.start_usec = USEC_PER_SEC;
        p.comm = strdup("nginx");
        p.unit = strdup("nginx.service");
        ledger_processes_begin(l, t);
        assert_int_equal(ledger_process_see(l, &p), 1);
        ledger_processes_end(l, t, true);
        assert_int_equal(ledger_holders_begin(l, 812, 100, t), 0);
        assert_int_equal(ledger_hold(l, 7, 1001), 0);
        assert_int_equal(ledger_hold(l, 8, 1002), 0);
        ledger_holders_end(l, t, 0, (Coverage){});
        assert_int_equal(ledger_look_begin(l, &netns, TABLE_TCP, t), 0);
        for (uint32_t i = 1; i <= 3; i++) {
                Socket s;

                socket_init(&s);
                s.cookie = i;
                s.inode = 1000 + i;
                s.family = FAMILY_IPV4;
                s.transport = TRANSPORT_TCP;
                s.state = i == 2 ? STATE_CLOSE_WAIT : STATE_ESTABLISHED;
                s.local.port = 443;
                s.peer.port = (uint16_t) (5000 + i);
                assert_int_equal(ledger_see(l, &s), 0);
        }
        assert_int_equal(ledger_look_end(l, t + 1, (Coverage){}), 0);
        ledger_judge(l, t + 1);
}

static void save(Text *out) {
        size_t told;
        Ledger *l = ledger(&told);

        look(l, SEEN);
        assert_int_equal(told, 3);
        assert_int_equal(ledger_save(l, out), 0);
        ledger_free(l);
}

/* Whether it is a map. Then a look at the same sockets is made with it; told: by that. */
static bool restore(const char *data, size_t size, size_t *told) {
        Ledger *l = ledger(told);
        int r = ledger_restore(l, (Bytes){ data, (uint32_t) size }, SEEN + 2);

        assert_true(r == 0 || r == -EBADMSG);
        if (r == 0)
                look(l, SEEN + 3);
        ledger_free(l);
        return r == 0;
}

static void test_map_goes_on(void **state) {
        _cleanup_text_ Text map = TEXT_NULL;
        size_t told;

        (void) state;
        save(&map);
        assert_true(restore(map.data, map.size, &told));
        assert_int_equal(told, 0);
}

static void test_truncated_map(void **state) {
        _cleanup_text_ Text map = TEXT_NULL;
        size_t told;

        (void) state;
        save(&map);
        for (size_t size = 0; size < map.size; size++) {
                _cleanup_free_ char *copy = malloc(size + 1); /* of its own: a read behind it shows */

                memcpy(copy, map.data, size);
                assert_false(restore(copy, size, &told));
        }
}

static void test_any_byte_of_a_map(void **state) {
        _cleanup_text_ Text map = TEXT_NULL;
        size_t told;

        (void) state;
        save(&map);
        for (size_t i = 0; i < map.size; i++)
                for (unsigned value = 0; value < 256; value += 17) {
                        char before = map.data[i];

                        map.data[i] = (char) value;
                        (void) restore(map.data, map.size, &told);
                        map.data[i] = before;
                }
}

static const ResumeHead head = { .version = RESUME_VERSION, .boot_id = "0123456789abcdef0123456789abcde", .clean = true, .with_map = true, .looked = 5, .offset = -7 };

static void test_file(void **state) {
        _cleanup_text_ Text map = TEXT_NULL, file = TEXT_NULL;
        ResumeHead found;
        Bytes rest;

        (void) state;
        save(&map);
        assert_int_equal(resume_format(&file, &head, &map), 0);
        text_append_bytes(&file, map.data, map.size);
        assert_int_equal(resume_parse((Bytes){ file.data, (uint32_t) file.size }, &found, &rest), 0);
        assert_memory_equal(found.boot_id, head.boot_id, sizeof(head.boot_id));
        assert_true(found.clean && found.with_map && found.looked == 5 && found.offset == -7);
        assert_int_equal(rest.size, map.size);
        assert_memory_equal(rest.data, map.data, map.size);

        for (size_t size = 0; size < file.size; size++)
                assert_true(resume_parse((Bytes){ file.data, (uint32_t) size }, &found, &rest) < 0);
        for (size_t i = 0; i < file.size; i++)
                for (unsigned bit = 0; bit < 8; bit++) {
                        int r;

                        file.data[i] ^= (char) (1 << bit);
                        r = resume_parse((Bytes){ file.data, (uint32_t) file.size }, &found, &rest);
                        /* The version stands outside: what it means, only itself can say. */
                        assert_int_equal(r, i < 8 ? -EINVAL : i < 12 ? 0 : -EBADMSG);
                        file.data[i] ^= (char) (1 << bit);
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_map_goes_on),
                cmocka_unit_test(test_truncated_map),
                cmocka_unit_test(test_any_byte_of_a_map),
                cmocka_unit_test(test_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
