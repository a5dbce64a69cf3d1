/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "collect/netns.h"

/* A process in a namespace of its own (a user namespace makes that possible for anybody). */
static pid_t elsewhere(void) {
        int pipes[2];
        pid_t pid;
        char c = 0;

        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
                        _exit(1);
                (void) !write(pipes[1], "x", 1);
                pause();
                _exit(0);
        }
        close(pipes[1]);
        assert_int_equal(read(pipes[0], &c, 1), 1);
        close(pipes[0]);
        return pid;
}

static void test_socket_elsewhere(void **state) {
        _cleanup_close_ int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_close_ int there = -1, here = -1, again = -1;
        pid_t pid = elsewhere();
        uint64_t here_cookie, there_cookie, again_cookie;
        uint32_t before, after, foreign;

        assert_int_equal(netns_inode(proc_fd, 0, &before), 0);
        assert_int_equal(netns_inode(proc_fd, (uint32_t) pid, &foreign), 0);
        assert_true(before != foreign);
        here = netns_socket(proc_fd, 0, AF_UNIX, SOCK_DGRAM, 0);
        there = netns_socket(proc_fd, (uint32_t) pid, AF_UNIX, SOCK_DGRAM, 0);
        again = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_true(here >= 0 && there >= 0 && again >= 0);
        assert_int_equal(fcntl(there, F_GETFD), FD_CLOEXEC);

        /* it is there, and we are back */
        assert_int_equal(netns_cookie(here, &here_cookie), 0);
        assert_int_equal(netns_cookie(there, &there_cookie), 0);
        assert_int_equal(netns_cookie(again, &again_cookie), 0);
        assert_true(here_cookie != there_cookie && here_cookie == again_cookie);
        assert_int_equal(netns_inode(proc_fd, 0, &after), 0);
        assert_int_equal(before, after);
        /* also when the socket cannot be made */
        assert_int_equal(netns_socket(proc_fd, (uint32_t) pid, AF_MAX, SOCK_DGRAM, 0), -EAFNOSUPPORT);
        assert_int_equal(netns_inode(proc_fd, 0, &after), 0);
        assert_int_equal(before, after);

        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(netns_socket(proc_fd, (uint32_t) pid, AF_UNIX, SOCK_DGRAM, 0), -ESRCH);
        assert_int_equal(netns_inode(proc_fd, (uint32_t) pid, &after), -ESRCH);
}

static void test_identity(void **state) {
        uint64_t cookie = 7;

        assert_true(netns_id_of_inode(4026531840) == 0x80000000f0000000);
        assert_true(netns_id_of_inode(0) != 0);
        assert_int_equal(netns_cookie(-1, &cookie), -EBADF);
        assert_int_equal(cookie, 7);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_socket_elsewhere),
                cmocka_unit_test(test_identity),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
