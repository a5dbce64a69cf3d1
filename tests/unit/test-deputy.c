/* SPDX-License-Identifier: MIT */

#include "collect/deputy.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "collect/procfs.h"

#define PATIENCE 60000 /* msec */

static DeputyQuestion about_us(int proc_fd) {
        ProcfsStat stat;

        assert_int_equal(procfs_stat(proc_fd, (uint32_t) getpid(), &stat), 0);
        return (DeputyQuestion){ .task = DEPUTY_CMDLINE, .pid = (uint32_t) getpid(), .start_ticks = stat.start_ticks };
}

static void test_answers(void **state) {
        _cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(deputy_done) Deputy d = {};
        DeputyQuestion q = about_us(proc_fd), other = q;
        DeputyAnswer a;
        char own[256];
        ssize_t n = fd_read_once_at(proc_fd, "self/cmdline", own, sizeof(own));

        assert_int_equal(deputy_answer(&d, 0, &a), -EPIPE); /* there is none */
        other.start_ticks++;
        assert_int_equal(deputy_ask(&d, &q), 0);
        assert_int_equal(deputy_ask(&d, &other), 0);
        assert_int_equal(deputy_answer(&d, PATIENCE, &a), 1);
        assert_memory_equal(&a.question, &q, sizeof(q));
        assert_int_equal(a.size, n);
        assert_memory_equal(a.data, own, (size_t) n);
        assert_int_equal(deputy_answer(&d, PATIENCE, &a), 1);
        assert_memory_equal(&a.question, &other, sizeof(q));
        assert_int_equal(a.size, -ESRCH);
        assert_int_equal(deputy_answer(&d, 0, &a), 0);
}

/* It has no descriptor but its pipes and /proc, and cannot be mistaken for a holder of ours. */
static void test_holds_nothing(void **state) {
        _cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC), leaked = open("/dev/null", O_RDONLY);
        _cleanup_(deputy_done) Deputy d = {};
        DeputyQuestion q = about_us(proc_fd);
        DeputyAnswer a;
        struct stat st;
        char path[64];

        assert_true(leaked > STDERR_FILENO);
        assert_int_equal(deputy_ask(&d, &q), 0);
        assert_int_equal(deputy_answer(&d, PATIENCE, &a), 1);
        for (int fd = 0; fd < 64; fd++) {
                (void) snprintf(path, sizeof(path), "/proc/%d/fd/%d", d.pid, fd);
                if (stat(path, &st) == 0)
                        assert_true(fd <= STDERR_FILENO || S_ISDIR(st.st_mode));
        }
}

static void test_another_follows(void **state) {
        _cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(deputy_done) Deputy d = {};
        DeputyQuestion q = about_us(proc_fd);
        DeputyAnswer a;

        for (int i = 0; i < 2 * DEPUTY_LEFT_MAX; i++) {
                pid_t before = d.pid;

                assert_int_equal(deputy_ask(&d, &q), 0);
                assert_int_equal(deputy_answer(&d, PATIENCE, &a), 1);
                assert_true(d.pid != before);
                if (i % 2 == 0)
                        deputy_kill(&d);
                else {
                        assert_int_equal(kill(d.pid, SIGKILL), 0);
                        assert_int_equal(deputy_answer(&d, PATIENCE, &a), -EPIPE);
                }
                assert_int_equal(d.pid, 0);
        }
}

/* Who does not read is not waited for. */
static void test_asks_without_waiting(void **state) {
        _cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(deputy_done) Deputy d = {};
        DeputyQuestion q = about_us(proc_fd);
        DeputyAnswer a;
        int asked, r = 0;

        assert_int_equal(deputy_ask(&d, &q), 0);
        assert_int_equal(deputy_answer(&d, PATIENCE, &a), 1);
        assert_int_equal(kill(d.pid, SIGSTOP), 0);
        for (asked = 0; asked < 100000 && r == 0; asked++)
                r = deputy_ask(&d, &q);
        assert_int_equal(r, -EAGAIN);
        assert_int_equal(kill(d.pid, SIGCONT), 0);
        for (int i = 1; i < asked; i++)
                assert_int_equal(deputy_answer(&d, PATIENCE, &a), 1);
        assert_int_equal(deputy_answer(&d, 0, &a), 0);
}

/* Somebody else ends it between two questions: no signal ends us. */
static void test_is_killed(void **state) {
        _cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(deputy_done) Deputy d = {};
        DeputyQuestion q = about_us(proc_fd);
        DeputyAnswer a;
        sigset_t pending;

        assert_int_equal(deputy_ask(&d, &q), 0);
        assert_int_equal(deputy_answer(&d, PATIENCE, &a), 1);
        assert_int_equal(kill(d.pid, SIGKILL), 0);
        assert_int_equal(waitid(P_PID, (id_t) d.pid, &(siginfo_t){}, WEXITED | WNOWAIT), 0);
        assert_int_equal(deputy_ask(&d, &q), -EPIPE);
        assert_int_equal(sigpending(&pending), 0);
        assert_int_equal(sigismember(&pending, SIGPIPE), 0);
        assert_int_equal(deputy_ask(&d, &q), 0);
        assert_int_equal(deputy_answer(&d, PATIENCE, &a), 1);
}

static void test_cmdline(void **state) {
        _cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(deputy_done) Deputy d = {};
        _cleanup_process_ Process p;

        process_init(&p);
        assert_int_equal(procfs_read(proc_fd, (uint32_t) getpid(), PROCFS_EXE, &p), 0);
        assert_int_equal(deputy_cmdline(&d, proc_fd, &p), 0);
        assert_non_null(strstr(p.cmdline, "test-deputy"));
        assert_false(p.cmdline_silent);
        process_done(&p);

        /* A kernel thread has none, and is not asked. */
        p.pid = 2;
        deputy_kill(&d);
        assert_int_equal(deputy_cmdline(&d, proc_fd, &p), 0);
        assert_int_equal(d.pid, 0);
        assert_null(p.cmdline);
}

int main(int argc, char *argv[]) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_answers),
                cmocka_unit_test(test_holds_nothing),
                cmocka_unit_test(test_another_follows),
                cmocka_unit_test(test_asks_without_waiting),
                cmocka_unit_test(test_is_killed),
                cmocka_unit_test(test_cmdline),
        };

        if (deputy_called(argc, argv))
                return deputy_main();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
