/* SPDX-License-Identifier: MIT */

/* What scenarios (tests/scenario) cannot say of the ledger: iteration, identities over two ledgers, many rows, errors of the
 * header. Run with sanitizers for leaks. */

#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/ledger.h"

#define BOOT "0123456789abcdef0123456789abcdef"

static char name[] = "web", glob[] = "nginx";
static char *globs[] = { glob };
static Match match = { .comm = { globs, 1 } };
static Rule rule = { .name = name, .match = &match, .processes = true, .changed = CHANGE_ALL, .sockets.listen = -1 };
static const RuleSet rules = { .rules = &rule, .count = 1 };

/* What was told. */
typedef struct Told {
        size_t counts[_EVENT_KIND_MAX];
        uint64_t connection; /* of the last event that has one */
        Event gap;           /* the last audit-gap; its words are not to be read */
        char limit[16];      /* ... but this one */
        Event condition;     /* the last audit-degraded or -restored: its words are literals */
} Told;

static void tell(void *userdata, const Event *e) {
        Told *told = userdata;

        told->counts[e->kind]++;
        if (event_has(e, EVENT_FIELD_CONNECTION))
                told->connection = e->values[EVENT_FIELD_CONNECTION].number;
        if (e->kind == EVENT_AUDIT_DEGRADED || e->kind == EVENT_AUDIT_RESTORED)
                told->condition = *e;
        if (e->kind == EVENT_AUDIT_GAP) {
                const Bytes limit = e->values[EVENT_FIELD_GAP_LIMIT].bytes;

                told->gap = *e;
                (void) snprintf(told->limit, sizeof(told->limit), "%.*s", event_has(e, EVENT_FIELD_GAP_LIMIT) ? (int) limit.size : 0, (const char *) limit.data);
        }
}

static Ledger *ledger(const char *boot, uint64_t secret, Told *told) {
        LedgerOptions options = { .secret = { secret, ~secret } };
        Ledger *l = NULL;

        memcpy(options.boot_id, boot, strlen(boot));
        *told = (Told){};
        assert_int_equal(ledger_new(&l, &options, &rules, tell, told), 0);
        return l;
}

static void see_process(Ledger *l, uint32_t pid, const char *comm, int wanted) {
        Process p;

        process_init(&p);
        p.pid = pid;
        p.start_ticks = 100;
        p.start_usec = 1000000;
        p.comm = strdup(comm);
        assert_int_equal(ledger_process_see(l, &p), wanted);
        assert_null(p.comm); /* taken over */
        process_done(&p);
}

static void scan(Ledger *l, uint64_t t) {
        ledger_processes_begin(l, t);
        see_process(l, 812, "nginx", 1);
        see_process(l, 813, "sshd", 0);
        ledger_processes_end(l, t + 1, true);
}

static Socket row(uint64_t cookie, uint32_t inode) {
        Socket s;

        socket_init(&s);
        s.cookie = cookie;
        s.inode = inode;
        s.netns = 1;
        s.family = FAMILY_IPV4;
        s.transport = TRANSPORT_TCP;
        s.state = STATE_ESTABLISHED;
        s.local.port = 443;
        s.peer.port = (uint16_t) (1 + inode % 60000);
        return s;
}

static const Netns netns = { .id = 1, .inode = 4026531840 };

static void look(Ledger *l, uint64_t t, uint32_t first, uint32_t count) {
        assert_int_equal(ledger_look_begin(l, &netns, TABLE_TCP, t), 0);
        for (uint32_t i = first; i < first + count; i++) {
                Socket s = row(i, i);
                assert_int_equal(ledger_see(l, &s), 0);
        }
        assert_int_equal(ledger_look_end(l, t + 10, (Coverage){}), 0);
        ledger_judge(l, t + 11);
}

static void hold(Ledger *l, uint32_t first, uint32_t count) {
        assert_int_equal(ledger_holders_begin(l, 812, 100, 0), 0);
        for (uint32_t i = first; i < first + count; i++)
                assert_int_equal(ledger_hold(l, (int) i, i), 0);
        ledger_holders_end(l, 1, 0, (Coverage){});
}

static void test_calls_out_of_place(void **state) {
        Told told;
        Ledger *l = ledger(BOOT, 1, &told);
        Socket s = row(1, 1);

        (void) state;
        assert_int_equal(ledger_see(l, &s), -EINVAL);
        assert_int_equal(ledger_look_end(l, 1, (Coverage){}), -EINVAL);
        assert_int_equal(ledger_hold(l, 3, 1), -ENOENT);
        assert_int_equal(ledger_holders_begin(l, 812, 100, 0), -ENOENT);
        ledger_holders_end(l, 1, 0, (Coverage){});
        assert_int_equal(ledger_process_touch(l, 812, 100, NULL), -ENOENT);
        assert_int_equal(ledger_note(l, &(Notice){ .kind = NOTICE_EXIT }), -EINVAL);
        assert_int_equal(ledger_note(l, &(Notice){ .kind = NOTICE_DESTROY, .socket.family = FAMILY_IPV4, .socket.transport = TRANSPORT_SCTP }), -EINVAL);
        scan(l, 10);
        assert_int_equal(ledger_holders_begin(l, 812, 101, 0), -ENOENT); /* another process with this pid */
        assert_int_equal(ledger_holders_begin(l, 812, 100, 0), 0);
        assert_int_equal(ledger_hold(l, 3, 0), -EINVAL);
        assert_int_equal(ledger_process_touch(l, 812, 100, NULL), 1);
        assert_int_equal(ledger_process_touch(l, 812, 100, "nginx"), 1);
        assert_int_equal(ledger_process_touch(l, 812, 100, "other"), -ENOENT);
        assert_int_equal(ledger_process_touch(l, 813, 100, NULL), 0);
        assert_int_equal(ledger_process_touch(l, 813, 101, NULL), -ENOENT);
        assert_null(ledger_free(l));
        assert_null(ledger_free(NULL));
}

static int count_process(void *userdata, const Process *p) {
        unsigned *pids = userdata;

        *pids += p->pid;
        return 0;
}

static int stop(void *userdata, const Process *p) {
        (void) userdata;
        (void) p;
        return -ECANCELED;
}

static void test_iteration(void **state) {
        unsigned everyone = 0, all = 0, unwalked = 0;
        Told told;
        Ledger *l = ledger(BOOT, 1, &told);

        (void) state;
        scan(l, 10);
        assert_int_equal(ledger_processes(l, LEDGER_EVERYONE, count_process, &everyone), 0);
        assert_int_equal(ledger_processes(l, LEDGER_ALL, count_process, &all), 0);
        assert_int_equal(ledger_processes(l, LEDGER_UNWALKED, count_process, &unwalked), 0);
        assert_int_equal(everyone, 812 + 813);
        assert_int_equal(all, 812);
        assert_int_equal(unwalked, 812);
        hold(l, 1, 1);
        unwalked = 0;
        assert_int_equal(ledger_processes(l, LEDGER_UNWALKED, count_process, &unwalked), 0);
        assert_int_equal(unwalked, 0);
        assert_int_equal(ledger_processes(l, LEDGER_ALL, stop, NULL), -ECANCELED);
        ledger_free(l);
}

/* Who is about to end has no program any more: it is told which one it was. */
static void test_the_program_of_who_ends(void **state) {
        Told told;
        Ledger *l = ledger(BOOT, 1, &told);
        Process p;

        (void) state;
        for (unsigned i = 0; i < 3; i++) {
                process_init(&p);
                p.pid = 812;
                p.start_ticks = 100;
                p.comm = strdup(i < 2 ? "nginx" : "other");
                p.exe = i == 0 ? strdup("/usr/sbin/nginx") : NULL;
                assert_int_equal(ledger_process_see(l, &p), 1);
                if (i < 2)
                        assert_string_equal(ledger_process(l, 812)->exe, "/usr/sbin/nginx");
                else
                        assert_null(ledger_process(l, 812)->exe);
                process_done(&p);
        }
        ledger_free(l);
}

static int count_ran(void *userdata, const Process *p) {
        *(uint64_t *) userdata += p->ran;
        return 0;
}

static void walk_at(Ledger *l, uint32_t pid, uint64_t ran, uint64_t t0) {
        assert_int_equal(ledger_holders_begin(l, pid, 100, t0), 0);
        (void) ledger_hold(l, 3, 1001);
        ledger_holders_end(l, t0 + 1, ran, (Coverage){});
}

static void walk(Ledger *l, uint32_t pid, uint64_t ran) {
        walk_at(l, pid, ran, 5);
}

/* A walk for the sake of others does not count for who matches later; and to read a process again does not make it walk again. */
static void test_who_is_to_be_walked(void **state) {
        unsigned unwalked = 0;
        uint64_t ran = 0;
        Told told;
        Ledger *l = ledger(BOOT, 1, &told);

        (void) state;
        scan(l, 10);
        walk(l, 812, 7);
        walk(l, 813, 9);
        assert_int_equal(ledger_walked_at(l, 813, 100), 0);
        see_process(l, 812, "nginx", 1);
        assert_int_equal(ledger_processes(l, LEDGER_ALL, count_ran, &ran), 0);
        assert_int_equal(ran, 7);
        see_process(l, 813, "nginx", 1);
        assert_int_equal(ledger_processes(l, LEDGER_UNWALKED, count_process, &unwalked), 0);
        assert_int_equal(unwalked, 813);
        ran = 0;
        assert_int_equal(ledger_processes(l, LEDGER_ALL, count_ran, &ran), 0);
        assert_int_equal(ran, 7);
        walk(l, 813, 11);
        assert_int_equal(ledger_walked_at(l, 812, 100), 5);
        assert_int_equal(ledger_walked_at(l, 813, 100), 5);
        assert_int_equal(ledger_walked_at(l, 813, 101), 0);
        ledger_free(l);
}

/* How long a number has not changed is counted from the walk that first had it. */
static void test_ran_since(void **state) {
        Told told;
        Ledger *l = ledger(BOOT, 1, &told);

        (void) state;
        scan(l, 10);
        walk_at(l, 812, 7, 20);
        walk_at(l, 812, 7, 30);
        assert_int_equal(ledger_process(l, 812)->ran_since, 20);
        see_process(l, 812, "nginx", 1);
        assert_int_equal(ledger_process(l, 812)->ran_since, 20);
        walk_at(l, 812, 8, 40);
        assert_int_equal(ledger_process(l, 812)->ran_since, 40);
        ledger_free(l);
}

static void scan_unread(Ledger *l, uint64_t t, uint32_t pid) {
        ledger_processes_begin(l, t);
        ledger_process_unread(l, pid);
        (void) ledger_process_touch(l, 813, 100, NULL);
        ledger_processes_end(l, t + 1, true);
        ledger_judge(l, t + 2);
}

/* Who is there, but cannot be read, is not gone: that is a gap, told once an episode. */
static void test_unread(void **state) {
        Told told;
        Ledger *l = ledger(BOOT, 1, &told);
        LedgerStatus status;
        uint64_t seq;

        (void) state;
        scan(l, 10);
        ledger_status(l, &status);
        seq = status.seq;
        scan_unread(l, 20, 812);
        ledger_status(l, &status);
        assert_int_equal(status.seq, seq + 1);
        assert_non_null(ledger_process(l, 812));
        scan_unread(l, 30, 812);
        ledger_status(l, &status);
        assert_int_equal(status.seq, seq + 1);
        scan(l, 40);
        scan_unread(l, 50, 812);
        ledger_status(l, &status);
        assert_int_equal(status.seq, seq + 2);
        /* One that is not known; and 812 is gone. */
        scan_unread(l, 60, 814);
        scan_unread(l, 70, 814);
        ledger_status(l, &status);
        assert_int_equal(status.seq, seq + 4);
        assert_null(ledger_process(l, 812));
        ledger_free(l);
}

static uint64_t id_of(const char *boot, uint64_t secret, uint64_t cookie, uint64_t t) {
        Told told;
        Ledger *l = ledger(boot, secret, &told);
        Socket s = row(cookie, 7);

        scan(l, t);
        hold(l, 7, 1);
        assert_int_equal(ledger_look_begin(l, &netns, TABLE_TCP, t), 0);
        assert_int_equal(ledger_see(l, &s), 0);
        assert_int_equal(ledger_look_end(l, t + 1, (Coverage){}), 0);
        ledger_judge(l, t + 2);
        assert_int_equal(told.counts[EVENT_CONNECTION_PRESENT], 1);
        ledger_free(l);
        return told.connection;
}

/* The same connection has the same id after a restart, whatever the secret and the time; not so on another boot, where cookies
 * begin anew. */
static void test_identity(void **state) {
        uint64_t id = id_of(BOOT, 1, 5, 10);

        (void) state;
        assert_true(id != 0);
        assert_true(id_of(BOOT, 2, 5, 999) == id);
        assert_true(id_of(BOOT, 1, 6, 10) != id);
        assert_true(id_of("1123456789abcdef0123456789abcdef", 1, 5, 10) != id);
        assert_true(id_of("0123456789abcdef0123456789abcdee", 1, 5, 10) != id);
        /* Without a cookie the first sight is a part of it. */
        assert_true(id_of(BOOT, 1, 0, 10) != id_of(BOOT, 1, 0, 999));
}

static Verdict answer(void *userdata, const Suspect *s, uint64_t *ret_when) {
        const Verdict *verdict = userdata;

        assert_true(s->netns.id == 1);
        assert_int_equal(s->holder_count, 1);
        assert_int_equal(s->holders[0].pid, 812);
        *ret_when = 1000000000;
        return *verdict;
}

static void test_many_rows(void **state) {
        const uint32_t n = 100000;
        Verdict gone = VERDICT_GONE;
        LedgerStatus status;
        Told told;
        Ledger *l = ledger(BOOT, 1, &told);

        (void) state;
        scan(l, 10);
        hold(l, 1, n / 2);
        look(l, 20, 1, n);
        ledger_status(l, &status);
        assert_int_equal(status.sockets, n / 2);
        assert_int_equal(status.foreign, n / 2);
        assert_int_equal(status.processes, 1);
        assert_int_equal(told.counts[EVENT_CONNECTION_PRESENT], n / 2);

        look(l, 40, 1, n);
        assert_int_equal(ledger_suspects(l), 0);
        assert_int_equal(ledger_unheld(l), 0);
        look(l, 60, n, 1);
        assert_int_equal(ledger_suspects(l), n / 2);
        ledger_question(l, answer, &gone);
        ledger_status(l, &status);
        assert_int_equal(told.counts[EVENT_CONNECTION_VANISHED], n / 2);
        assert_int_equal(status.suspects, 0);
        assert_int_equal(status.sockets, 0);
        assert_int_equal(status.seq, 1 + n / 2 + n / 2);
        look(l, 80, n, 1);
        look(l, 100, n, 1);
        look(l, 120, n, 1);
        ledger_status(l, &status);
        assert_int_equal(status.foreign, 1); /* three looks without them: forgotten */
        ledger_free(l);
}

/* The mark of a look is one byte: after 256 looks it is the same again. */
static void test_marks_wrap(void **state) {
        Verdict unsure = VERDICT_UNSURE, gone = VERDICT_GONE;
        Told told;
        Ledger *l = ledger(BOOT, 1, &told);
        uint64_t t = 20;

        (void) state;
        scan(l, 10);
        hold(l, 1, 2);
        look(l, t, 1, 2);
        for (unsigned i = 0; i < 600; i++) {
                look(l, t += 20, 2, 1);
                assert_int_equal(ledger_suspects(l), 1);
                ledger_question(l, answer, &unsure);
                assert_int_equal(ledger_suspects(l), 1);
        }
        assert_int_equal(told.counts[EVENT_CONNECTION_PRESENT], 2);
        assert_int_equal(told.counts[EVENT_CONNECTION_VANISHED], 0);
        ledger_question(l, answer, &gone);
        assert_int_equal(told.counts[EVENT_CONNECTION_VANISHED], 1);
        ledger_free(l);
}

static void assert_over_limit(Told *told, size_t gaps, uint64_t not_before, uint64_t not_after, uint64_t count) {
        const EventValue *v = told->gap.values;

        assert_int_equal(told->counts[EVENT_AUDIT_GAP], gaps);
        assert_string_equal(told->limit, "peer_walks");
        assert_int_equal(event_has(&told->gap, EVENT_FIELD_NOT_BEFORE), not_before != 0);
        if (not_before != 0)
                assert_int_equal(v[EVENT_FIELD_NOT_BEFORE].number, not_before);
        assert_int_equal(v[EVENT_FIELD_NOT_AFTER].number, not_after);
        assert_int_equal(v[EVENT_FIELD_GAP_COUNT].number, count);
}

/* Told when it begins, and with the whole span and the largest number when it is over; of each limit by itself. */
static void test_over_limit(void **state) {
        Told told;
        Ledger *l = ledger(BOOT, 1, &told);

        (void) state;
        ledger_over_limit(l, LIMIT_PEER_WALKS, 100, 2);
        assert_over_limit(&told, 1, 0, 100, 2); /* it never fitted: nobody knows since when */
        ledger_over_limit(l, LIMIT_PEER_WALKS, 200, 0);
        assert_over_limit(&told, 2, 0, 200, 2);
        ledger_over_limit(l, LIMIT_PEER_WALKS, 300, 0);
        ledger_over_limit(l, LIMIT_NAMESPACES, 310, 0);
        ledger_over_limit(l, LIMIT_PEER_WALKS, 400, 1);
        assert_over_limit(&told, 3, 300, 400, 1);
        ledger_over_limit(l, LIMIT_NAMESPACES, 410, 0);
        ledger_over_limit(l, LIMIT_PEER_WALKS, 500, 7);
        ledger_over_limit(l, LIMIT_PEER_WALKS, 600, 3);
        assert_int_equal(told.counts[EVENT_AUDIT_GAP], 3);
        ledger_over_limit(l, LIMIT_PEER_WALKS, 700, 0);
        assert_over_limit(&told, 4, 300, 700, 7);
        ledger_free(l);
}

/* Told when it begins and when it is over, each by itself. */
static void test_conditions(void **state) {
        Told told;
        Ledger *l = ledger(BOOT, 1, &told);

        (void) state;
        ledger_condition(l, CONDITION_MAP, false, 0, 50);
        assert_int_equal(told.counts[EVENT_AUDIT_RESTORED], 0);
        ledger_condition(l, CONDITION_MAP, true, EROFS, 100);
        ledger_condition(l, CONDITION_MAP, true, EIO, 200);
        assert_int_equal(told.counts[EVENT_AUDIT_DEGRADED], 1);
        assert_int_equal(told.condition.values[EVENT_FIELD_NOT_AFTER].number, 100);
        assert_memory_equal(told.condition.values[EVENT_FIELD_ERROR].bytes.data, "EROFS", sizeof("EROFS"));
        ledger_condition(l, CONDITION_OUTBOX, true, 0, 300);
        assert_int_equal(told.counts[EVENT_AUDIT_DEGRADED], 2);
        assert_false(event_has(&told.condition, EVENT_FIELD_ERROR));
        ledger_condition(l, CONDITION_MAP, false, 0, 400);
        ledger_condition(l, CONDITION_MAP, false, 0, 500);
        assert_int_equal(told.counts[EVENT_AUDIT_RESTORED], 1);
        assert_int_equal(told.condition.values[EVENT_FIELD_NOT_BEFORE].number, 100);
        assert_int_equal(told.condition.values[EVENT_FIELD_NOT_AFTER].number, 400);
        assert_int_equal(told.condition.values[EVENT_FIELD_DURATION].number, 300);
        assert_string_equal(told.condition.values[EVENT_FIELD_CONDITION].bytes.data, "map");
        ledger_free(l);
}

static void hold_same(Ledger *l, int first, int count, uint32_t inode, uint64_t t) {
        assert_int_equal(ledger_holders_begin(l, 812, 100, t), 0);
        for (int fd = first; fd < first + count; fd++)
                assert_int_equal(ledger_hold(l, fd, inode), 0);
        ledger_holders_end(l, t + 1, 0, (Coverage){});
        ledger_judge(l, t + 2);
}

/* Of one process 64 descriptors of one socket are remembered, and of all as many as the limit allows; the others are counted. */
static void test_holders_over_limit(void **state) {
        Told told;
        Ledger *l = ledger(BOOT, 1, &told);

        (void) state;
        scan(l, 10);
        hold_same(l, 3, 64, 7, 20);
        assert_int_equal(told.counts[EVENT_AUDIT_GAP], 0);
        hold_same(l, 3, 1000, 7, 30);
        assert_int_equal(told.counts[EVENT_AUDIT_GAP], 1);
        assert_string_equal(told.limit, "holders");
        assert_int_equal(told.gap.values[EVENT_FIELD_GAP_COUNT].number, 936);
        hold_same(l, 3, 1000, 7, 40);
        assert_int_equal(told.counts[EVENT_AUDIT_GAP], 1);
        hold_same(l, 3, 10, 7, 50);
        assert_int_equal(told.counts[EVENT_AUDIT_GAP], 2);
        /* Descriptors that are given to it, one after the other. */
        hold(l, 100, 80);
        hold_same(l, 100, 80, 7, 60);
        assert_int_equal(told.counts[EVENT_AUDIT_GAP], 3);
        assert_int_equal(told.gap.values[EVENT_FIELD_GAP_COUNT].number, 16);
        hold_same(l, 100, 64, 7, 70);
        assert_int_equal(told.counts[EVENT_AUDIT_GAP], 4);
        ledger_set_options(l, &(LedgerOptions){ .max_holders = 10 });
        hold(l, 1, 80);
        ledger_judge(l, 80);
        assert_int_equal(told.counts[EVENT_AUDIT_GAP], 5);
        ledger_processes_begin(l, 90);
        ledger_processes_end(l, 91, true); /* with the process its descriptors are gone */
        ledger_judge(l, 92);
        assert_int_equal(told.counts[EVENT_AUDIT_GAP], 6);
        ledger_free(l);
}

/* A ledger that is given up in the middle of anything leaves nothing behind (the sanitizer says so). */
static void test_free_in_the_middle(void **state) {
        Told told;
        Ledger *l = ledger(BOOT, 1, &told);
        Socket s = row(1, 1);

        (void) state;
        scan(l, 10);
        hold(l, 1, 3);
        look(l, 20, 1, 2);
        assert_int_equal(ledger_look_begin(l, &netns, TABLE_TCP, 40), 0);
        s.peer.port = 9; /* another use: the one before is out of the map, and not judged yet */
        assert_int_equal(ledger_see(l, &s), 0);
        s = row(3, 3);
        assert_int_equal(ledger_see(l, &s), 0);
        s.cookie = 99;
        assert_int_equal(ledger_note(l, &(Notice){ .kind = NOTICE_DESTROY, .socket = s }), 0);
        assert_int_equal(ledger_holders_begin(l, 812, 100, 0), 0);
        ledger_free(l);
}

/* ---- looks at what watched processes hold ---- */

static void walk_rows(Ledger *l, uint64_t t, const Socket *rows, size_t count, bool complete) {
        static const Netns other = { .id = 2, .inode = 4026531841 };

        assert_int_equal(ledger_walk_begin(l, &netns, TABLE_TCP, t), 0);
        assert_int_equal(ledger_walk_begin(l, &other, TABLE_TCP, t), 0);
        for (size_t i = 0; i < count; i++)
                assert_int_equal(ledger_see(l, &rows[i]), 0);
        ledger_walk_end(l, t + 1, complete);
}

static void test_walks(void **state) {
        Socket rows[2] = { row(1, 1), row(3, 3) }, stray = row(4, 1004);
        RuleSet any = rules;
        Rule all = rule;
        LedgerStatus status;
        Told told;
        Ledger *l = ledger(BOOT, 1, &told);

        rows[0].opened = rows[1].opened = 0;
        rows[1].netns = 2;
        stray.netns = 3;
        scan(l, 10);
        hold(l, 1, 1);
        assert_false(ledger_walkable(l, &netns, TABLE_TCP)); /* nothing is known of it */
        look(l, 10, 1, 1);
        assert_true(ledger_walkable(l, &netns, TABLE_TCP));
        assert_false(ledger_walkable(l, &netns, TABLE_UDP));
        assert_int_equal(ledger_dumped_rows(l, &netns, TABLE_TCP), 1);
        assert_int_equal(ledger_dumped_rows(l, &netns, TABLE_UDP), 0);
        assert_false(ledger_walk_answers(l, &netns, TABLE_TCP)); /* that was none */

        /* Rows of two namespaces; one of a third is not seen. */
        walk_rows(l, 30, rows, 2, true);
        assert_int_equal(ledger_see(l, &rows[0]), -EINVAL); /* it is over */
        assert_true(ledger_walk_answers(l, &netns, TABLE_TCP));
        assert_int_equal(ledger_dumped_rows(l, &netns, TABLE_TCP), 1);
        ledger_judge(l, 35);
        ledger_status(l, &status);
        assert_int_equal(status.sockets, 1);
        assert_int_equal(status.foreign, 1);
        assert_int_equal(ledger_walk_begin(l, &netns, TABLE_TCP, 40), 0);
        assert_int_equal(ledger_see(l, &stray), -EINVAL);
        ledger_walk_end(l, 41, false);
        assert_false(ledger_walk_answers(l, &netns, TABLE_TCP)); /* it was cut short */
        ledger_judge(l, 45);

        /* Nobody holds what waits to be accepted. */
        rows[0].state = STATE_LISTEN;
        walk_rows(l, 50, rows, 2, true);
        assert_true(ledger_walk_answers(l, &netns, TABLE_TCP));
        rows[0].receive_queue = 1;
        walk_rows(l, 60, rows, 2, true);
        assert_false(ledger_walk_answers(l, &netns, TABLE_TCP));
        ledger_judge(l, 65);

        /* A rule that tells of sockets whoever has them. */
        all.match = NULL;
        any.rules = &all;
        any.any_process = true;
        ledger_set_rules(l, &any);
        assert_false(ledger_walkable(l, &netns, TABLE_TCP));
        ledger_free(l);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_calls_out_of_place), cmocka_unit_test(test_iteration),
                cmocka_unit_test(test_identity),           cmocka_unit_test(test_many_rows),
                cmocka_unit_test(test_marks_wrap),         cmocka_unit_test(test_over_limit),
                cmocka_unit_test(test_conditions),
                cmocka_unit_test(test_free_in_the_middle), cmocka_unit_test(test_walks), cmocka_unit_test(test_ran_since),
                cmocka_unit_test(test_unread),             cmocka_unit_test(test_holders_over_limit),
                cmocka_unit_test(test_who_is_to_be_walked), cmocka_unit_test(test_the_program_of_who_ends),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
