/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collect/process.h"
#include "detect/fold-internal.h"

#define RUN "0123456789abcdef0123456789abcdef"
#define NEXT_RUN "00000000000000000000000000000001"
#define ROWS 24
#define FEW_ROWS 3

static const uint64_t secret[2] = { 3, 4 };
static const FoldSpec by_exe = { .by = 1 << FOLD_BY_EXE, .every = 600, .first = 1 };
static const FoldSpec by_peer = { .by = 1 << FOLD_BY_EXE | 1 << FOLD_BY_PEER, .every = 60 };

static void *memory;

static Fold *fold_in(uint32_t rows) {
        Fold *f;

        free(memory);
        memory = calloc(1, fold_size(rows));
        assert_non_null(memory);
        assert_int_equal(fold_open(&f, memory, fold_size(rows)), -ENODATA);
        assert_int_equal(fold_new(&f, memory, rows, secret, RUN), 0);
        return f;
}

static FoldFacts facts(const char *exe, unsigned peer) {
        FoldFacts x = { .names = { [FOLD_EXE] = bytes_of(exe), [FOLD_RULE] = bytes_of("web") }, .uid = 7, .peer_port = 443 };

        if (peer % 3 == 0) {
                static const char paths[] = "/run/abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";

                x.peer.family = FAMILY_UNIX;
                x.peer.path = (Bytes){ paths, 6 + peer };
        } else {
                x.peer.family = FAMILY_IPV4;
                x.peer.ip[0] = 127;
                x.peer.ip[3] = (uint8_t) peer;
        }
        return x;
}

static FoldSums sums(uint64_t opened, uint64_t bytes, uint64_t t) {
        return (FoldSums){ .n = { [FOLD_OPENED] = opened, [FOLD_BYTES_SENT] = bytes }, .first = t, .last = t + 1 };
}

static int add(Fold *f, const FoldSpec *spec, const FoldFacts *x, FoldSums more) {
        uint32_t group;
        int r = fold_group(f, spec, x, more.last, &group);

        return r < 0 ? r : fold_add(f, group, &x->peer, &more);
}

static bool all(void *userdata, const Fold *f, const FoldGroup *g, uint64_t since) {
        assert_true(since != 0 && g->key != 0);
        return true;
}

static bool before(void *userdata, const Fold *f, const FoldGroup *g, uint64_t since) {
        return since <= *(const uint64_t *) userdata;
}

static void assert_row(const Fold *f, size_t number, unsigned peer, uint64_t opened, uint64_t bytes, uint64_t first, uint64_t last) {
        const FoldRow *row = fold_row(f, number);
        FoldFacts x = facts("x", peer);
        Bytes path = fold_name(f, row->path);

        assert_memory_equal(row->ip, x.peer.ip, sizeof(row->ip));
        assert_int_equal(path.size, x.peer.path.size);
        if (path.size > 0)
                assert_memory_equal(path.data, x.peer.path.data, path.size);
        assert_int_equal(row->sums.n[FOLD_OPENED], opened);
        assert_int_equal(row->sums.n[FOLD_BYTES_SENT], bytes);
        assert_int_equal(row->sums.first, first);
        assert_int_equal(row->sums.last, last);
}

/* --- counting and telling ---------------------------------------------------------------------------- */

static void test_sums(void **state) {
        Fold *f = fold_in(ROWS);
        FoldFacts a = facts("/a", 1), b = facts("/a", 2), c = facts("/b", 1);
        uint64_t t = 10;

        assert_int_equal(fold_due(f), UINT64_MAX);
        assert_int_equal(add(f, &by_exe, &b, sums(1, 10, 20)), 0);
        assert_int_equal(fold_due(f), 620);
        assert_int_equal(add(f, &by_exe, &a, sums(2, 20, 15)), 0);
        assert_int_equal(add(f, &by_exe, &c, sums(4, 40, 10)), 0);
        assert_int_equal(add(f, &by_exe, &b, sums(8, 80, 5)), 0);
        assert_int_equal(fold_due(f), 605);

        /* The first combination has sums since 5. */
        assert_int_equal(fold_select(f, before, &(uint64_t){ 4 }), 0);
        assert_int_equal(fold_select(f, before, &(uint64_t){ 5 }), 2);
        assert_row(f, 0, 1, 2, 20, 15, 16);
        assert_row(f, 1, 2, 9, 90, 5, 21);
        assert_true(fold_group_of(f, fold_row(f, 0)) == fold_group_of(f, fold_row(f, 1)));
        assert_int_equal(fold_group_of(f, fold_row(f, 0))->uid, PROCESS_UNKNOWN); /* not in by */
        assert_int_equal(fold_due(f), 610);
        fold_tell_begin(f, 0, 2, 1);
        fold_tell_end(f, 0, 2);

        assert_int_equal(fold_select(f, before, &t), 1);
        assert_row(f, 0, 1, 4, 40, 10, 11);
        fold_tell_begin(f, 0, 1, 2);
        fold_tell_end(f, 0, 1);
        assert_int_equal(fold_select(f, all, NULL), 0);
        fold_free(f);
}

static void test_first_ones(void **state) {
        Fold *f = fold_in(ROWS);
        FoldFacts a = facts("/a", 1), b = facts("/b", 1);
        uint32_t first, again;

        assert_int_equal(fold_group(f, &by_exe, &a, 5, &first), 0);
        assert_true(fold_takes_first(f, first));
        assert_false(fold_takes_first(f, first));
        assert_int_equal(fold_group(f, &by_exe, &b, 5, &again), 0);
        assert_true(again != first && fold_takes_first(f, again));

        /* Forgotten after a day, and not before. */
        fold_forget(f, 4 + FOLD_FORGET);
        assert_int_equal(fold_group(f, &by_exe, &a, 6, &again), 0);
        assert_false(fold_takes_first(f, again));
        fold_forget(f, 5 + FOLD_FORGET);
        assert_int_equal(fold_group(f, &by_exe, &a, 7, &again), 0);
        assert_false(fold_takes_first(f, again));
        fold_forget(f, 7 + FOLD_FORGET);
        assert_int_equal(fold_group(f, &by_exe, &a, 8, &again), 0);
        assert_true(fold_takes_first(f, again));
        fold_free(f);
}

/* The whole of a name tells combinations apart, though not all of it is kept. */
static void test_long_names(void **state) {
        Fold *f = fold_in(ROWS);
        char *exe = calloc(1, FOLD_NAME_SIZE_MAX + 2);
        FoldFacts a, b;

        assert_non_null(exe);
        memset(exe, 'x', FOLD_NAME_SIZE_MAX + 1);
        a = facts(exe, 1);
        assert_int_equal(add(f, &by_exe, &a, sums(1, 1, 1)), 0);
        exe[FOLD_NAME_SIZE_MAX] = 'y';
        b = facts(exe, 1);
        assert_int_equal(add(f, &by_exe, &b, sums(1, 1, 1)), 0);
        assert_int_equal(fold_select(f, all, NULL), 2);
        assert_int_equal(fold_name(f, fold_group_of(f, fold_row(f, 0))->names[FOLD_EXE]).size, FOLD_NAME_SIZE_MAX);
        fold_free(f);
        free(exe);
}

static void test_full(void **state) {
        Fold *f = fold_in(2);
        FoldFacts x[3] = { facts("/a", 1), facts("/a", 2), facts("/b", 1) };

        assert_int_equal(fold_capacity(f), 2);
        assert_int_equal(add(f, &by_peer, &x[0], sums(1, 1, 1)), 0);
        assert_int_equal(add(f, &by_peer, &x[1], sums(1, 1, 1)), 0);
        assert_int_equal(add(f, &by_peer, &x[2], sums(1, 1, 1)), -ENOSPC);
        assert_int_equal(fold_select(f, all, NULL), 2);
        fold_tell_begin(f, 0, 2, 1);
        fold_tell_end(f, 0, 2);
        /* There is room for rows, but not for combinations. */
        assert_int_equal(add(f, &by_peer, &x[2], sums(1, 1, 1)), -ENOSPC);
        fold_reset(f);
        assert_int_equal(fold_due(f), UINT64_MAX);
        assert_int_equal(add(f, &by_peer, &x[2], sums(5, 6, 7)), 0);
        assert_int_equal(fold_select(f, all, NULL), 1);
        assert_row(f, 0, 1, 5, 6, 7, 8);
        fold_free(f);
}

/* --- opening ----------------------------------------------------------------------------------------- */

static Fold *reopen(Fold *f, uint32_t rows, bool told) {
        const char *run;

        fold_free(f);
        assert_int_equal(fold_open(&f, memory, fold_size(rows)), 0);
        (void) fold_telling(f, &run);
        assert_memory_equal(run, RUN, FOLD_RUN_SIZE);
        fold_recover(f, told, RUN);
        return f;
}

static void test_reopened(void **state) {
        Fold *f = fold_in(ROWS);
        FoldFacts a = facts("/a", 1), b = facts("/a", 3), c = facts("/b", 2);
        uint32_t group;
        const char *boot;

        assert_int_equal(add(f, &by_exe, &a, sums(1, 10, 10)), 0);
        assert_int_equal(add(f, &by_exe, &b, sums(2, 20, 20)), 0);
        assert_int_equal(add(f, &by_peer, &c, sums(3, 30, 30)), 0);
        assert_int_equal(fold_group(f, &by_exe, &a, 40, &group), 0);
        assert_true(fold_takes_first(f, group));
        fold_set_origin(f, RUN, -5);

        f = reopen(f, ROWS, false);
        assert_int_equal(fold_origin(f, &boot), -5);
        assert_memory_equal(boot, RUN, FOLD_RUN_SIZE);
        assert_int_equal(fold_due(f), 0);
        assert_int_equal(fold_select(f, before, &(uint64_t){ 1 }), 0);
        assert_int_equal(fold_due(f), 90);
        assert_int_equal(add(f, &by_exe, &a, sums(1, 1, 1)), 0);
        assert_int_equal(fold_group(f, &by_exe, &a, 40, &group), 0);
        assert_false(fold_takes_first(f, group));
        assert_int_equal(fold_select(f, all, NULL), 3);
        assert_row(f, 0, 1, 2, 11, 1, 11);
        assert_row(f, 1, 3, 2, 20, 20, 21);
        assert_row(f, 2, 2, 3, 30, 30, 31);
        fold_free(f);
}

/* The head says what a row is to be. */
static void test_update_interrupted(void **state) {
        Fold *f = fold_in(ROWS);
        FoldFacts a = facts("/a", 1), b = facts("/a", 2);
        FoldHead *head = memory;

        assert_int_equal(add(f, &by_exe, &a, sums(1, 10, 10)), 0);
        assert_int_equal(add(f, &by_exe, &b, sums(1, 10, 10)), 0);
        f->rows[1].sums = (FoldSums){}; /* a new row, of which only the key was there */
        head->redo.row = 1;
        head->redo.sums = sums(7, 70, 8);
        head->redo.valid = 1;
        f = reopen(f, ROWS, false);
        assert_int_equal(head->redo.valid, 0);
        assert_int_equal(fold_select(f, all, NULL), 2);
        assert_row(f, 0, 1, 1, 10, 10, 11);
        assert_row(f, 1, 2, 7, 70, 8, 9);
        fold_free(f);
}

static void test_telling_interrupted(void **state) {
        for (int told = 0; told < 2; told++) {
                Fold *f = fold_in(ROWS);
                FoldFacts a = facts("/a", 1), b = facts("/b", 2);
                const char *run;

                assert_int_equal(add(f, &by_exe, &a, sums(1, 10, 10)), 0);
                assert_int_equal(add(f, &by_exe, &b, sums(2, 20, 20)), 0);
                assert_int_equal(fold_select(f, all, NULL), 2);
                fold_tell_begin(f, 1, 2, 17);
                assert_int_equal(fold_telling(f, &run), 17);
                f = reopen(f, ROWS, told);
                assert_int_equal(fold_telling(f, &run), 0);
                assert_int_equal(fold_select(f, all, NULL), told ? 1 : 2);
                assert_row(f, 0, 1, 1, 10, 10, 11);

                /* A mark of then means nothing now. */
                fold_tell_begin(f, 0, 1, 17);
                f = reopen(f, ROWS, true);
                assert_int_equal(fold_select(f, all, NULL), told ? 0 : 1);
                fold_free(f);
        }
}

/* Whatever is changed, it is refused, or all that it leads to is there (the sanitizers say so). */
static void test_damaged(void **state) {
        size_t size = fold_size(ROWS), used = size - FOLD_NAMES_LEAST - (size_t) ROWS * FOLD_NAMES_PER_ROW + 256;
        Fold *f = fold_in(ROWS);
        FoldFacts a = facts("/a", 1), b = facts("/a", 3);
        char *good = malloc(size);

        assert_non_null(good);
        assert_int_equal(add(f, &by_exe, &a, sums(1, 10, 10)), 0);
        assert_int_equal(add(f, &by_peer, &b, sums(2, 20, 20)), 0);
        fold_free(f);
        memcpy(good, memory, size);
        for (size_t i = 0; i < size; i++)
                if (i == sizeof(FoldHead) || i < used) {
                        ((char *) memory)[i] ^= (char) (i % 3 == 0 ? 0xff : 1 << i % 8);
                        if (fold_open(&f, memory, size) == 0) {
                                fold_recover(f, true, NEXT_RUN);
                                (void) fold_select(f, all, NULL);
                                for (size_t k = 0; k < fold_select(f, before, &(uint64_t){ 0 }); k++)
                                        (void) fold_name(f, fold_row(f, k)->path);
                                fold_free(f);
                        }
                        memcpy(memory, good, size);
                }
        assert_int_equal(fold_open(&f, memory, size - 1), -EBADMSG);
        assert_int_equal(fold_open(&f, memory, 20), -EINVAL);
        ((FoldHead *) memory)->version++;
        assert_int_equal(fold_open(&f, memory, size), -EPROTONOSUPPORT);
        ((FoldHead *) memory)->magic[0]++;
        assert_int_equal(fold_open(&f, memory, size), -EINVAL);
        free(good);
}

/* --- killed at any moment ---------------------------------------------------------------------------- */

#define PEERS 40
#define EVENTS_MAX 4000
#define EVENT_ROWS 5

typedef struct Figures {
        uint64_t opened, bytes;
} Figures;

/* What the child has done, in memory that outlives it. An event is there when `events` says so, as in the outbox. */
typedef struct Truth {
        Figures done[PEERS];
        struct {
                uint64_t active; /* the step in flight: it is done, or not at all */
                uint64_t peer;
                Figures before, after;
        } step;
        uint64_t steps, events;
        struct Told {
                uint64_t seq;
                Figures told[PEERS];
        } told[EVENTS_MAX];
} Truth;

static Truth *truth;

static unsigned peer_of(const Fold *f, const FoldRow *row) {
        return row->family == FAMILY_UNIX ? fold_name(f, row->path).size - 6 : row->ip[3];
}

static void count_rows(const Fold *f, size_t from, size_t to, Figures figures[PEERS]) {
        for (size_t i = from; i < to; i++) {
                const FoldRow *row = fold_row(f, i);

                figures[peer_of(f, row)].opened += row->sums.n[FOLD_OPENED];
                figures[peer_of(f, row)].bytes += row->sums.n[FOLD_BYTES_SENT];
        }
}

static void tell_all(Fold *f) {
        size_t count = fold_select(f, all, NULL);

        for (size_t from = 0, to; from < count; from = to) {
                struct Told *event = &truth->told[truth->events];

                to = MIN(from + EVENT_ROWS, count);
                *event = (struct Told){ .seq = truth->events + 1 };
                count_rows(f, from, to, event->told);
                fold_tell_begin(f, from, to, event->seq);
                STORE_LAST(truth->events, truth->events + 1);
                fold_tell_end(f, from, to);
        }
}

static void step(Fold *f, unsigned *seed) {
        static const char *const exes[] = { "/a", "/b", "/c", "/d" };
        unsigned peer = (unsigned) rand_r(seed) % PEERS, bytes = (unsigned) rand_r(seed) % 1000;
        FoldFacts x = facts(exes[(unsigned) rand_r(seed) % 4], peer);
        const FoldSpec *spec = rand_r(seed) % 2 ? &by_exe : &by_peer;
        uint64_t t = ++truth->steps;

        truth->step.peer = peer;
        truth->step.before = truth->done[peer];
        truth->step.after = (Figures){ truth->done[peer].opened + 1, truth->done[peer].bytes + bytes };
        STORE_LAST(truth->step.active, 1);
        if (add(f, spec, &x, sums(1, bytes, t)) == -ENOSPC) {
                tell_all(f);
                fold_reset(f);
                if (add(f, spec, &x, sums(1, bytes, t)) != 0)
                        _exit(1);
        }
        truth->done[peer] = truth->step.after;
        STORE_LAST(truth->step.active, 0);
        if (rand_r(seed) % 8 == 0)
                tell_all(f);
        if (rand_r(seed) % 64 == 0)
                fold_forget(f, t + FOLD_FORGET);
}

static _Noreturn void child(Fold *f, unsigned seed) {
        while (truth->events + ROWS < EVENTS_MAX)
                step(f, &seed);
        for (;;)
                (void) pause();
}

static Figures found[PEERS]; /* by the last check */

static void check(const Fold *f, size_t rows, const Figures told[PEERS]) {
        memset(found, 0, sizeof(found));
        count_rows(f, 0, rows, found);
        for (unsigned p = 0; p < PEERS; p++) {
                bool in_flight = truth->step.active && truth->step.peer == p;
                Figures done = truth->done[p];

                found[p].opened += told[p].opened;
                found[p].bytes += told[p].bytes;
                if (in_flight)
                        done = found[p].opened == truth->step.after.opened ? truth->step.after : truth->step.before;
                assert_int_equal(found[p].opened, done.opened);
                assert_int_equal(found[p].bytes, done.bytes);
        }
}

/* The events of the run that was killed. */
static void collect_told(Figures told[PEERS]) {
        for (size_t i = 0; i < truth->events; i++)
                for (unsigned p = 0; p < PEERS; p++) {
                        told[p].opened += truth->told[i].told[p].opened;
                        told[p].bytes += truth->told[i].told[p].bytes;
                }
}

static void killed_once(Fold *f, unsigned seed) {
        pid_t pid = fork();
        int status;

        assert_true(pid >= 0);
        if (pid == 0)
                child(f, seed);
        (void) usleep((unsigned) rand_r(&seed) % 4000);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
}

/* What another process would find now. Returns whether an event was being told. */
static bool check_left(void *left, size_t size, const Figures *before) {
        Figures told[PEERS];
        const char *run;
        uint64_t seq;
        Fold *f;

        memcpy(told, before, sizeof(told));
        assert_int_equal(fold_open(&f, left, size), 0);
        seq = fold_telling(f, &run);
        fold_recover(f, seq != 0 && seq <= truth->events, RUN);
        collect_told(told);
        check(f, fold_select(f, all, NULL), told);
        fold_free(f);
        return seq != 0;
}

static void *share(Fold **ret, uint32_t rows) {
        size_t whole = (fold_size(rows) + 63) / 64 * 64;
        void *shared = mmap(NULL, whole + sizeof(Truth), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        assert_true(shared != MAP_FAILED);
        truth = (Truth *) ((char *) shared + whole);
        assert_int_equal(fold_new(ret, shared, rows, secret, RUN), 0);
        return shared;
}

static void test_killed(void **state) {
        unsigned kills = getenv("FULL") ? 1000 : 100, telling = 0, inside = 0;
        size_t size = fold_size(ROWS);
        Figures told[PEERS] = {};
        Fold *f;
        void *shared = share(&f, ROWS);

        for (unsigned k = 0; k < kills; k++) {
                truth->events = 0;
                killed_once(f, k + 1);
                fold_free(f);
                inside += truth->step.active != 0;
                telling += check_left(shared, size, told);
                collect_told(told);
                memcpy(truth->done, found, sizeof(found));
                truth->step.active = 0;
                /* What was selected is not told: as if that run had ended here, too. */
                assert_int_equal(fold_open(&f, shared, size), 0);
                fold_recover(f, false, RUN);
        }
        print_message("%u kills in %llu steps: %u within a step, %u while telling\n", kills, (unsigned long long) truth->steps, inside, telling);
        assert_true(truth->steps > 10 * kills && inside > 0);
        fold_free(f);
        assert_int_equal(munmap(shared, size), 0);
}

/* --- killed before any instruction ------------------------------------------------------------------- */

/* Two processes that wait for each other do so faster on one processor. */
static void stay_here(void) {
        cpu_set_t here;

        CPU_ZERO(&here);
        CPU_SET((unsigned) sched_getcpu(), &here);
        (void) sched_setaffinity(0, sizeof(here), &here);
}

/* There an instruction of the program is thousands of valgrind's. */
static bool is_under_valgrind(void) {
        const char *preloaded = getenv("LD_PRELOAD");

        return preloaded && strstr(preloaded, "vgpreload");
}

static _Noreturn void traced(Fold *f, unsigned steps) {
        unsigned seed = 1;

        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
                _exit(1);
        (void) raise(SIGSTOP);
        while (steps-- > 0)
                step(f, &seed);
        _exit(0);
}

/* Another process stops before each of its instructions, and the memory is then what it would leave if it were killed there. */
static void test_killed_anywhere(void **state) {
        size_t size = fold_size(FEW_ROWS), changing = size - FOLD_NAMES_LEAST, instructions = 0, states = 0, telling = 0;
        static const Figures none[PEERS];
        char *seen, *copy;
        void *shared;
        int status;
        pid_t pid;
        Fold *f;

        if (is_under_valgrind())
                skip();
        shared = share(&f, FEW_ROWS);
        seen = malloc(size);
        copy = malloc(size);
        stay_here();
        pid = fork();
        assert_true(pid >= 0 && seen && copy);
        if (pid == 0)
                traced(f, getenv("FULL") ? 100 : 8);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *) PTRACE_O_EXITKILL) == 0);
        memcpy(seen, shared, size);
        for (; !WIFEXITED(status); instructions++) {
                assert_true(WIFSTOPPED(status));
                assert_true(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == 0);
                assert_int_equal(waitpid(pid, &status, 0), pid);
                if (memcmp(seen, shared, changing) == 0)
                        continue;
                memcpy(seen, shared, changing);
                memcpy(copy, shared, size);
                telling += check_left(copy, size, none);
                states++;
        }
        assert_int_equal(WEXITSTATUS(status), 0);
        print_message("%zu instructions, %zu states of the memory, %zu while telling\n", instructions, states, telling);
        assert_true(states > 100 && telling > 5);
        fold_free(f);
        assert_int_equal(munmap(shared, size), 0);
        free(seen);
        free(copy);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sums),
                cmocka_unit_test(test_first_ones),
                cmocka_unit_test(test_long_names),
                cmocka_unit_test(test_full),
                cmocka_unit_test(test_reopened),
                cmocka_unit_test(test_update_interrupted),
                cmocka_unit_test(test_telling_interrupted),
                cmocka_unit_test(test_damaged),
                cmocka_unit_test(test_killed),
                cmocka_unit_test(test_killed_anywhere),
        };
        int r = cmocka_run_group_tests(tests, NULL, NULL);

        free(memory);
        return r;
}
