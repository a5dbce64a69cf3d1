/* SPDX-License-Identifier: MIT */

/* The outbox: what was appended comes back, whatever happened to the file; and nothing else does. */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/state.h"
#include "emit/outbox.h"
#include "records.h"

#define MEBIBYTE (1 << 20)
#define HEADER 19 /* bytes of the version */
#define RECORD 56 /* bytes of a record without its event */

static char path[] = "/tmp/test-outbox-XXXXXX";
static int dir_fd = -1;

static Outbox *open_clean(uint64_t expected) {
        Outbox *o = NULL;
        OutboxFound found;

        assert_int_equal(outbox_open(&o, dir_fd, MEBIBYTE, &found), 0);
        assert_int_equal(found.bad, 0);
        assert_int_equal(found.count, expected);
        return o;
}

static void remove_all(void) {
        static const char *const names[] = { OUTBOX_NAME, OUTBOX_NAME ".damaged-1", OUTBOX_NAME ".damaged-2", OUTBOX_NAME ".damaged-3" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                (void) unlinkat(dir_fd, names[i], 0);
}

static off_t size_of(const char *name) {
        struct stat st;

        return fstatat(dir_fd, name, &st, 0) < 0 ? -1 : st.st_size;
}

static void test_outlives_its_process(void **state) {
        _cleanup_(outbox_freep) Outbox *o = NULL;

        remove_all();
        o = open_clean(0);
        assert_int_equal(check_all(o, 1), 0);
        for (uint64_t seq = 1; seq <= 100; seq++)
                assert_int_equal(append(o, seq), 0);
        assert_int_equal(check_all(o, 1), 100);
        outbox_free(o);
        o = open_clean(100);
        assert_int_equal(check_all(o, 1), 100);
        assert_int_equal(append(o, 101), 0);
        outbox_free(o);
        o = open_clean(101);
        assert_int_equal(check_all(o, 1), 101);
        assert_int_equal(outbox_release(o, outbox_end(o)), HEADER);
        assert_int_equal(outbox_end(o), HEADER);
        assert_int_equal(size_of(OUTBOX_NAME), HEADER);
        assert_int_equal(append(o, 7), 0);
        assert_int_equal(check_all(o, 7), 1);
}

static void test_locked(void **state) {
        _cleanup_(outbox_freep) Outbox *o = NULL;
        Outbox *second = NULL;
        OutboxFound found;

        remove_all();
        o = open_clean(0);
        assert_int_equal(outbox_open(&second, dir_fd, MEBIBYTE, &found), -EBUSY);
        o = outbox_free(o);
        o = open_clean(0);
}

static void test_link_is_not_followed(void **state) {
        Outbox *o = NULL;
        OutboxFound found;

        remove_all();
        assert_int_equal(symlinkat("/etc/passwd", dir_fd, OUTBOX_NAME), 0);
        assert_int_equal(outbox_open(&o, dir_fd, MEBIBYTE, &found), -ELOOP);
}

static void test_limit(void **state) {
        _cleanup_(outbox_freep) Outbox *o = NULL;
        static char big[OUTBOX_EVENT_MAX + 1];
        uint64_t seq = 1;

        assert_int_equal(outbox_open_memory(&o, 65536), 0);
        while (append(o, seq) == 0)
                seq++;
        assert_in_range(seq, 65536 / (300 + RECORD), 65536 / RECORD);
        assert_int_equal(append(o, seq), -ENOBUFS);
        assert_true(outbox_end(o) - outbox_begin(o) <= 65536);
        assert_int_equal(check_all(o, 1), seq - 1);
        assert_int_equal(outbox_append(o, RUN, 1, big, sizeof(big)), -EMSGSIZE);
        assert_int_equal(outbox_release(o, outbox_end(o)), HEADER);
        assert_int_equal(append(o, seq), 0);
}

static void test_large_and_empty(void **state) {
        _cleanup_(outbox_freep) Outbox *o = NULL;
        static char big[OUTBOX_EVENT_MAX];
        OutboxRecord r;

        memset(big, 'b', sizeof(big));
        assert_int_equal(outbox_open_memory(&o, 8 * MEBIBYTE), 0);
        assert_int_equal(outbox_append(o, RUN, 1, big, sizeof(big)), 0);
        assert_int_equal(outbox_append(o, RUN, 2, "", 0), 0);
        assert_int_equal(outbox_read(o, outbox_begin(o), &r), 1);
        assert_int_equal(r.size, sizeof(big));
        assert_memory_equal(r.data, big, sizeof(big));
        assert_int_equal(outbox_read(o, r.next, &r), 1);
        assert_int_equal(r.size, 0);
        assert_int_equal(outbox_read(o, r.next, &r), 0);
}

/* The released front is given back while the rest waits, and is not read again. */
static void test_release(void **state) {
        _cleanup_(outbox_freep) Outbox *o = NULL;
        uint64_t released = 0, position;
        struct stat st;
        OutboxRecord r;
        OutboxFound found;

        remove_all();
        assert_int_equal(outbox_open(&o, dir_fd, 4 * MEBIBYTE, &found), 0);
        for (uint64_t seq = 1; seq <= 15000; seq++)
                assert_int_equal(append(o, seq), 0);
        position = outbox_begin(o);
        while (released < 14000 && outbox_read(o, position, &r) > 0) {
                assert_int_equal(outbox_release(o, r.next), r.next);
                position = r.next;
                released++;
        }
        assert_true(outbox_begin(o) > 2 * MEBIBYTE);
        assert_int_equal(fstatat(dir_fd, OUTBOX_NAME, &st, 0), 0);
        assert_true(st.st_blocks * 512 < (off_t) (outbox_end(o) - outbox_begin(o)) + 65536);
        outbox_free(o);
        assert_int_equal(outbox_open(&o, dir_fd, 4 * MEBIBYTE, &found), 0);
        assert_int_equal(found.bad, 0);
        assert_in_range(found.count, 1000, 15000 - 2 * MEBIBYTE / (300 + RECORD));
        assert_int_equal(check_all(o, 15001 - found.count), found.count);
}

/* --- damage ------------------------------------------------------------------------------------------ */

#define SMALL 3

static uint8_t small[4096];
static size_t small_size, small_ends[SMALL + 1]; /* where the first n records end */

static void make_small(void) {
        _cleanup_(outbox_freep) Outbox *o = NULL;
        ssize_t n;
        int fd;

        remove_all();
        o = open_clean(0);
        small_ends[0] = HEADER;
        for (uint64_t seq = 1; seq <= SMALL; seq++) {
                assert_int_equal(append(o, seq), 0);
                small_ends[seq] = outbox_end(o);
        }
        fd = openat(dir_fd, OUTBOX_NAME, O_RDONLY | O_CLOEXEC);
        n = read(fd, small, sizeof(small));
        close(fd);
        assert_int_equal(n, small_ends[SMALL]);
        small_size = (size_t) n;
}

/* A file with these bytes holds exactly the first records, goes on after them, and what is bad is kept elsewhere. */
static void check_damaged(const uint8_t *data, size_t size, uint64_t whole) {
        _cleanup_close_ int fd = -1;
        _cleanup_(outbox_freep) Outbox *o = NULL;
        uint64_t good = whole > 0 || (size >= HEADER && memcmp(data, "sockaudit outbox 1\n", HEADER) == 0) ? small_ends[whole] : 0;
        OutboxFound found;

        remove_all();
        fd = openat(dir_fd, OUTBOX_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(write(fd, data, size), size);
        assert_int_equal(outbox_open(&o, dir_fd, MEBIBYTE, &found), 0);
        assert_int_equal(found.count, whole);
        assert_int_equal(found.bad, size - good);
        assert_int_equal(found.kept, 0);
        assert_int_equal(check_all(o, 1), whole);
        assert_int_equal(size_of(OUTBOX_NAME ".damaged-1"), found.bad > 0 ? (off_t) found.bad : -1);
        assert_int_equal(append(o, whole + 1), 0);
        o = outbox_free(o);
        o = open_clean(whole + 1);
        assert_int_equal(check_all(o, 1), whole + 1);
}

static void test_every_truncation(void **state) {
        uint64_t whole = 0;

        make_small();
        for (size_t size = 0; size <= small_size; size++) {
                while (whole < SMALL && small_ends[whole + 1] <= size)
                        whole++;
                check_damaged(small, size, whole);
        }
        assert_int_equal(whole, SMALL);
}

static void test_every_byte_flipped(void **state) {
        uint64_t whole = 0;

        make_small();
        for (size_t i = 0; i < small_size; i++) {
                while (small_ends[whole + 1] <= i)
                        whole++;
                small[i] = (uint8_t) (small[i] ^ 1u << i % 8);
                check_damaged(small, small_size, whole);
                small[i] = (uint8_t) (small[i] ^ 1u << i % 8);
        }
}

static void test_foreign_and_future(void **state) {
        _cleanup_(outbox_freep) Outbox *o = NULL;
        static const char *const texts[] = { "sockaudit outbox 2\nwho knows", "#!/bin/sh\nexit 0\n", "sockaudit outbox 3\n", "x" };
        OutboxFound found;

        remove_all();
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_close_ int fd = openat(dir_fd, OUTBOX_NAME, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

                assert_int_equal(write(fd, texts[i], strlen(texts[i])), strlen(texts[i]));
                assert_int_equal(outbox_open(&o, dir_fd, MEBIBYTE, &found), 0);
                assert_int_equal(found.count, 0);
                assert_int_equal(found.bad, strlen(texts[i]));
                assert_int_equal(found.why, i % 2 == 0 ? OUTBOX_FUTURE : OUTBOX_FOREIGN);
                assert_int_equal(append(o, 1), 0);
                o = outbox_free(o);
        }
        /* Three are kept, the newest first. */
        assert_int_equal(size_of(OUTBOX_NAME ".damaged-1"), 1);
        assert_int_equal(size_of(OUTBOX_NAME ".damaged-2"), strlen(texts[2]));
        assert_int_equal(size_of(OUTBOX_NAME ".damaged-3"), strlen(texts[1]));
        assert_int_equal(size_of(OUTBOX_NAME ".damaged-4"), -1);
        o = open_clean(1);
}

/* --- a hard life ------------------------------------------------------------------------------------- */

/* A file that may not grow is as a full disk; a write goes as far as it may. */
static void test_full_disk(void **state) {
        _cleanup_(outbox_freep) Outbox *o = NULL;
        struct rlimit before, limit;
        uint64_t seq = 1;
        int r;

        remove_all();
        o = open_clean(0);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        limit = (struct rlimit){ 20011, before.rlim_max };
        (void) signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        while ((r = append(o, seq)) == 0)
                seq++;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_true(r == -ENOSPC || r == -EFBIG);
        assert_true(seq > 20);
        assert_int_equal(size_of(OUTBOX_NAME), outbox_end(o));
        assert_int_equal(check_all(o, 1), seq - 1);
        o = outbox_free(o);
        o = open_clean(seq - 1);
        assert_int_equal(append(o, seq), 0);
        assert_int_equal(check_all(o, 1), seq);
}

/* A file that may never grow stands for a disk that is full. */
static void test_goes_on_in_memory(void **state) {
        _cleanup_(outbox_freep) Outbox *o = NULL;
        int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        OutboxFound found;
        OutboxRecord r;
        uint64_t second;

        assert_int_equal(outbox_open_fd(&o, fd, -1, 64 * MEBIBYTE, &found), 0);
        for (uint64_t seq = 1; seq <= 3; seq++)
                assert_int_equal(append(o, seq), 0);
        assert_true(outbox_outlives(o));
        assert_int_equal(outbox_read(o, outbox_begin(o), &r), 1);
        second = r.next;
        assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), 0);

        for (int round = 0; round < 2; round++) {
                uint64_t first = round == 0 ? 1 : 101, last = first + 5, big = 0;

                for (uint64_t seq = round == 0 ? 4 : first; seq <= last; seq++)
                        assert_int_equal(append(o, seq), 0);
                assert_false(outbox_outlives(o));
                assert_int_equal(check_all(o, first), 6);
                if (round == 0) { /* at the same place */
                        assert_int_equal(outbox_read(o, second, &r), 1);
                        assert_record(&r, 2);
                }
                while (append(o, last + 1 + big) == 0)
                        big++;
                assert_true(big > 40000); /* 16 MiB */
                assert_int_equal(check_all(o, first), 6 + big);
                assert_int_equal(outbox_release(o, outbox_end(o)), HEADER);
                assert_true(outbox_outlives(o));
        }
}

static int make(void **state) {
        if (!mkdtemp(path))
                return -1;
        dir_fd = state_open(path);
        return dir_fd < 0 ? -1 : 0;
}

static int clean(void **state) {
        remove_all();
        close(dir_fd);
        return rmdir(path);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_outlives_its_process),
                cmocka_unit_test(test_locked),
                cmocka_unit_test(test_link_is_not_followed),
                cmocka_unit_test(test_limit),
                cmocka_unit_test(test_large_and_empty),
                cmocka_unit_test(test_release),
                cmocka_unit_test(test_every_truncation),
                cmocka_unit_test(test_every_byte_flipped),
                cmocka_unit_test(test_foreign_and_future),
                cmocka_unit_test(test_full_disk),
                cmocka_unit_test(test_goes_on_in_memory),
        };

        return cmocka_run_group_tests(tests, make, clean);
}
