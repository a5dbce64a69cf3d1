/* SPDX-License-Identifier: MIT */

/* Killed at random points, a process leaves an outbox and a map that the next one can read: what it said it had kept is there, and nothing else.
 * FULL in the environment: a thousand times each. */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/archive.h"
#include "base/fd.h"
#include "base/state.h"
#include "emit/outbox.h"
#include "manager-resume.h"
#include "records.h"

#define OUTBOX_SIZE (1 << 17) /* holes are made often */

static char path[] = "/tmp/test-killed-XXXXXX";
static int dir_fd = -1;

/* --- killing ----------------------------------------------------------------------------------------- */

/* Runs `live` in a process of its own, which writes what it has done by now to the descriptor, `size` bytes at a time, and kills it after so many reports. The
 * last one is in `said`. */
static void live_and_die(void (*live)(int fd, const void *said), void *said, size_t size, unsigned reports) {
        int pipes[2], status;
        pid_t pid;

        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                live(pipes[1], said);
                _exit(1);
        }
        close(pipes[1]);
        for (unsigned n = 0; n < reports; n++)
                assert_int_equal(read(pipes[0], said, size), size);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        while (read(pipes[0], said, size) == (ssize_t) size)
                ;
        close(pipes[0]);
}

static unsigned rounds(void) {
        return getenv("FULL") ? 1000 : 50;
}

/* --- the outbox -------------------------------------------------------------------------------------- */

/* What it says before it releases, and after it has appended: seq up to which it does. */
typedef struct Said {
        uint64_t releasing, appended;
} Said;

/* From a position on; returns the next. */
static uint64_t release_some(Outbox *o, int fd, uint64_t position, Said *said) {
        uint64_t count = 1 + said->appended * 7919 % 97;
        OutboxRecord r = {};

        for (uint64_t n = 0; n < count && outbox_read(o, position, &r) > 0; n++)
                position = r.next;
        said->releasing = MAX(said->releasing, r.seq);
        if (write(fd, said, sizeof(*said)) != sizeof(*said))
                _exit(1);
        return outbox_release(o, position);
}

/* Appends one seq after the other, and releases some of them now and then, until it is killed. */
static void live_with_outbox(int fd, const void *before) {
        Said said = *(const Said *) before;
        Outbox *o = NULL;
        OutboxFound found;
        uint64_t position;

        if (outbox_open(&o, dir_fd, OUTBOX_SIZE, &found) < 0)
                return;
        position = outbox_begin(o);
        for (;;) {
                int r = append(o, said.appended + 1);

                if (r < 0 && r != -ENOBUFS)
                        return;
                said.appended += r == 0;
                if (write(fd, &said, sizeof(said)) != sizeof(said))
                        return;
                if (r < 0 || said.appended % 31 == 0)
                        position = release_some(o, fd, position, &said);
        }
}

/* What was appended and not to be released is there, and nothing else. Returns the last. */
static uint64_t check_survivors(Said said) {
        _cleanup_(outbox_freep) Outbox *o = NULL;
        OutboxFound found;
        OutboxRecord r = {};
        uint64_t count;

        assert_int_equal(outbox_open(&o, dir_fd, OUTBOX_SIZE, &found), 0);
        if (found.count == 0) {
                assert_true(said.releasing >= said.appended);
                return said.appended;
        }
        assert_int_equal(outbox_read(o, outbox_begin(o), &r), 1);
        assert_true(r.seq <= said.releasing + 1);
        count = check_all(o, r.seq);
        assert_int_equal(count, found.count);
        /* The last one may have been there before that was said. */
        assert_true(r.seq + count - 1 == said.appended || r.seq + count - 1 == said.appended + 1);
        return r.seq + count - 1;
}

static void test_outbox(void **state) {
        Said said = {};

        for (unsigned round = 0; round < rounds(); round++) {
                live_and_die(live_with_outbox, &said, sizeof(said), 1 + round * 131 % 300);
                said.appended = check_survivors(said);
        }
        printf("%u kills, %llu events\n", rounds(), (unsigned long long) said.appended);
}

/* --- the map ----------------------------------------------------------------------------------------- */

static const RuleSet no_rules = {};

static void ignore(void *userdata, const Event *e) {
        (void) userdata;
        (void) e;
}

static Ledger *new_ledger(void) {
        static const LedgerOptions options = { .boot_id = RUN };
        Ledger *l = NULL;

        assert_int_equal(ledger_new(&l, &options, &no_rules, ignore, NULL), 0);
        return l;
}

/* `count` sockets of somebody else. */
static void look(Ledger *l, uint64_t t, uint32_t count) {
        const Netns netns = { .id = 1, .inode = 4026531840 };

        assert_int_equal(ledger_look_begin(l, &netns, TABLE_TCP, t), 0);
        for (uint32_t i = 1; i <= count; i++) {
                Socket s;

                socket_init(&s);
                s.cookie = s.inode = i;
                s.family = FAMILY_IPV4;
                s.transport = TRANSPORT_TCP;
                s.state = STATE_ESTABLISHED;
                assert_int_equal(ledger_see(l, &s), 0);
        }
        assert_int_equal(ledger_look_end(l, t + 1, (Coverage){}), 0);
        ledger_judge(l, t + 1);
}

/* Ends well, with a large map or with none, again and again. It says when it looked last, before that is written, and after. */
static void live_with_map(int fd, const void *before) {
        uint64_t said[2] = { *(const uint64_t *) before, *(const uint64_t *) before };
        Ledger *l = new_ledger();
        Resume r;

        look(l, 1, 500);
        resume_open(&r, RUN, 0);
        if (r.dir_fd < 0)
                return;
        for (;;) {
                r.head.looked = ++said[0];
                if (write(fd, said, sizeof(said)) != sizeof(said))
                        return;
                resume_save(&r, said[0] % 2 == 0 ? l : NULL, NULL, 0);
                said[1] = said[0];
                if (write(fd, said, sizeof(said)) != sizeof(said))
                        return;
        }
}

/* Either what was there before or what came after it, and whole. */
static void check_map(const uint64_t said[2]) {
        _cleanup_close_ int fd = state_file(dir_fd, RESUME_NAME, O_RDONLY);
        _cleanup_free_ char *data = NULL;
        ResumeHead head;
        size_t size;
        Bytes map;

        assert_true(fd >= 0);
        assert_int_equal(fd_read_all(fd, 1 << 24, &data, &size), 0);
        assert_int_equal(resume_parse((Bytes){ data, (uint32_t) size }, &head, &map), 0);
        if (!head.clean) /* it was killed before its first end */
                return;
        assert_true(head.looked == said[0] || head.looked == said[1]);
        assert_true(head.with_map == (head.looked % 2 == 0));
        if (head.with_map) {
                Archive a = { .data = map.data, .size = map.size };
                Ledger *l = new_ledger();

                (void) archive_count(&a, 0, 1); /* of namespaces */
                assert_int_equal(ledger_restore(l, (Bytes){ a.data, (uint32_t) a.size }, 3), 0);
                ledger_free(l);
        }
}

static void test_map(void **state) {
        uint64_t said[2] = {};

        for (unsigned round = 0; round < rounds(); round++) {
                live_and_die(live_with_map, said, sizeof(said), 1 + round * 131 % 20);
                check_map(said);
        }
        printf("%u kills, %llu maps\n", rounds(), (unsigned long long) said[0]);
}

static int directory_make(void **state) {
        if (!mkdtemp(path) || setenv("STATE_DIRECTORY", path, 1) < 0)
                return -1;
        dir_fd = state_open(path);
        return dir_fd < 0 ? -1 : 0;
}

static int directory_remove(void **state) {
        static const char *const names[] = { OUTBOX_NAME, OUTBOX_NAME ".damaged-1", OUTBOX_NAME ".damaged-2", OUTBOX_NAME ".damaged-3",
                                             RESUME_NAME, RESUME_NAME ".new" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                (void) unlinkat(dir_fd, names[i], 0);
        dir_fd = fd_close(dir_fd);
        return rmdir(path);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_outbox),
                cmocka_unit_test(test_map),
        };

        return cmocka_run_group_tests(tests, directory_make, directory_remove);
}
