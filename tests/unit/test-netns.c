/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <string.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "collect/netns.h"
#include "collect/procfs.h"

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

/* From now on setns() with this descriptor fails: the way back is barred. */
static void bar(int fd) {
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setns, 0, 3),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned) fd, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const struct sock_fprog program = { .len = ELEMENTSOF(code), .filter = code };

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
                _exit(2);
}

/* Who cannot come back must not go on in the wrong namespace. */
static void test_no_way_back_is_fatal(void **state) {
        pid_t pid = elsewhere(), child = fork();
        int status = 0;

        assert_true(child >= 0);
        if (child == 0) {
                const struct rlimit none = {};
                int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
                int foreign = dup(proc_fd); /* the number that it will have, and the one after it */

                close(foreign);
                (void) setrlimit(RLIMIT_CORE, &none);
                (void) signal(SIGABRT, SIG_DFL);
                bar(foreign + 1);
                (void) netns_socket(proc_fd, (uint32_t) pid, AF_UNIX, SOCK_DGRAM, 0);
                _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Of a socket, through the descriptor that a process has; and whose namespace it is. */
static void test_behind_a_socket(void **state) {
        _cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_close_ int there = -1, ns_fd = -1, again = -1;
        uint64_t cookie, wanted;
        ProcfsStat line;
        pid_t pid = elsewhere();
        uint32_t here;
        struct stat st;

        there = netns_socket(proc_fd, (uint32_t) pid, AF_INET, SOCK_DGRAM, 0);
        assert_true(there >= 0);
        assert_int_equal(fstat(there, &st), 0);
        assert_int_equal(procfs_stat(proc_fd, (uint32_t) getpid(), &line), 0);
        ns_fd = netns_of_socket(proc_fd, (uint32_t) getpid(), line.start_ticks, there, (uint32_t) st.st_ino);
        if (ns_fd == -EPERM || ns_fd == -ENOSYS)
                skip(); /* needs CAP_NET_ADMIN over that namespace */
        assert_true(ns_fd >= 0);
        again = netns_socket_in(proc_fd, ns_fd, AF_UNIX, SOCK_DGRAM, 0);
        assert_true(again >= 0);
        assert_int_equal(netns_cookie(there, &wanted), 0);
        assert_int_equal(netns_cookie(again, &cookie), 0);
        assert_true(cookie == wanted);

        assert_int_equal(netns_of_socket(proc_fd, (uint32_t) getpid(), line.start_ticks + 1, there, (uint32_t) st.st_ino), -ESRCH);
        assert_int_equal(netns_of_socket(proc_fd, (uint32_t) getpid(), line.start_ticks, there, (uint32_t) st.st_ino + 1), -ESRCH);
        assert_int_equal(netns_of_socket(proc_fd, (uint32_t) getpid(), line.start_ticks, proc_fd, (uint32_t) st.st_ino), -ESRCH);
        assert_int_equal(netns_inode(proc_fd, 0, &here), 0);
        assert_int_equal(netns_is_initial_user(proc_fd, 0, here + 1), -ESRCH);
        assert_true(netns_is_initial_user(proc_fd, 0, here) >= 0);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_identity(void **state) {
        uint64_t cookie = 7;

        assert_true(netns_id_of_inode(4026531840) == 0x80000000f0000000);
        assert_true(netns_id_of_inode(0) != 0);
        assert_int_equal(netns_cookie(-1, &cookie), -EBADF);
        assert_int_equal(cookie, 7);
}

static void test_left(void **state) {
        _cleanup_close_ int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        pid_t pid = elsewhere();
        uint32_t inode;

        assert_int_equal(netns_inode(proc_fd, (uint32_t) pid, &inode), 0);
        assert_false(netns_left(proc_fd, (uint32_t) pid, inode));
        assert_true(netns_left(proc_fd, (uint32_t) pid, inode + 1));
        assert_false(netns_left(proc_fd, 0, inode));
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_true(netns_left(proc_fd, (uint32_t) pid, inode));
}

static void test_mounted(void **state) {
        static const char text[] = "36 25 0:4 net:[4026532000] /run/netns/x rw shared:5 - nsfs nsfs rw\n"
                                   "25 1 8:1 / / rw - ext4 /dev/vda1 rw\n"
                                   "37 25 0:4\n\n"
                                   "net:[1] net:[2] net:[3] net:[4294967296]\n"
                                   "39 25 0:4 mnt:[4026532002] /b rw\n"
                                   "38 25 0:4 net:[4026532001] /b rw";
        _cleanup_close_ int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_free_ uint32_t *inodes = NULL, *real = NULL;
        size_t count;

        assert_int_equal(netns_parse_mounted(text, strlen(text), &inodes, &count), 0);
        assert_int_equal(count, 2);
        assert_true(inodes[0] == 4026532000 && inodes[1] == 4026532001);
        assert_int_equal(netns_mounted(proc_fd, &real, &count), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_socket_elsewhere),
                cmocka_unit_test(test_left),
                cmocka_unit_test(test_mounted),
                cmocka_unit_test(test_no_way_back_is_fatal),
                cmocka_unit_test(test_behind_a_socket),
                cmocka_unit_test(test_identity),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
