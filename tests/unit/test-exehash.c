/* SPDX-License-Identifier: MIT */

#include "collect/exehash.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/macro.h"
#include "collect/procfs.h"

static void assert_type(const char *text, uint64_t id, const char *expected) {
        FILE *f = fmemopen((void *) (uintptr_t) text, strlen(text), "r");
        char type[16] = "untouched";

        assert_non_null(f);
        assert_int_equal(exehash_mount_type(f, id, type, sizeof(type)), expected ? 0 : -ENOENT);
        assert_string_equal(type, expected ?: "untouched");
        assert_int_equal(fclose(f), 0);
}

static void test_mount_type(void **state) {
        static const char text[] = "22 1 0:21 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw\n"
                                   "2 1 0:22 / /a\\040-\\040b rw - fuse.sshfs you@there:/ rw\n"
                                   "23 22 0:23 / /x rw - a-very-long-name-of-a-type none rw\n"
                                   "24 22 0:23 / /y rw tmpfs none rw\n"
                                   "25 22 0:24 / /z rw - tmpfs\n"
                                   "26 22 0:24 / /z rw - ";

        assert_type(text, 22, "ext4");
        assert_type(text, 2, "fuse.sshfs");
        assert_type(text, 25, "tmpfs");
        assert_type(text, 26, "");
        assert_type(text, 23, NULL); /* it does not fit */
        assert_type(text, 24, NULL);
        assert_type(text, 3, NULL);
        assert_type(text, 0, NULL);
        assert_type("\n", 0, NULL);
}

static void test_local(void **state) {
        static const char *const never[] = { "fuse", "fuseblk", "fuse.sshfs", "nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "ceph", "afs", "proc", "", "ext" };

        assert_true(exehash_is_local("ext4"));
        assert_true(exehash_is_local("overlay"));
        assert_true(exehash_is_local("xfs"));
        for (size_t i = 0; i < ELEMENTSOF(never); i++)
                assert_false(exehash_is_local(never[i]));
}

/* A process that executes this file, once it does. */
static pid_t execute(int fd) {
        char *const arguments[] = { (char[]){ "sleep" }, (char[]){ "600" }, NULL };
        int fds[2];
        pid_t pid;
        char c;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void) fexecve(fd, arguments, environ);
                (void) write(fds[1], "!", 1);
                _exit(1);
        }
        (void) close(fds[1]);
        assert_int_equal(read(fds[0], &c, 1), 0);
        (void) close(fds[0]);
        return pid;
}

/* A file of memfd_create(2) with the content of sleep(1), as an executable descriptor that nobody can write to. */
static int sleep_in_memory(size_t size) {
        int fd = memfd_create("sleep", 0), from = open("/bin/sleep", O_RDONLY | O_CLOEXEC);
        char buffer[4096], path[64];
        ssize_t n;

        assert_true(fd >= 0 && from >= 0);
        while ((n = read(from, buffer, sizeof(buffer))) > 0)
                assert_int_equal(write(fd, buffer, (size_t) n), n);
        if (size > 0)
                assert_int_equal(ftruncate(fd, (off_t) size), 0);
        (void) close(from);
        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        from = open(path, O_RDONLY | O_CLOEXEC);
        (void) close(fd);
        return from;
}

static int hash_of(int proc_fd, pid_t pid, ExeHash *ret) {
        _cleanup_process_ Process p = {};
        int r;

        assert_int_equal(procfs_read(proc_fd, (uint32_t) pid, PROCFS_EXE, &p), 0);
        r = exehash(proc_fd, p.pid, p.start_ticks, ret);
        if (r == 0)
                assert_memory_equal(&ret->file, &p.exe_file, sizeof(p.exe_file));
        assert_int_equal(exehash(proc_fd, p.pid, p.start_ticks + 1, ret), -ESRCH);
        return r;
}

static void assert_sha(const char *path, const uint8_t *sha) {
        char command[128], told[65] = "", own[65];
        FILE *f;

        (void) snprintf(command, sizeof(command), "sha256sum '%s'", path);
        f = popen(command, "re");
        assert_non_null(f);
        assert_int_equal(fread(told, 1, 64, f), 64);
        assert_int_equal(pclose(f), 0);
        for (size_t i = 0; i < EXE_SHA_SIZE; i++)
                (void) snprintf(own + 2 * i, 3, "%02x", sha[i]);
        assert_string_equal(own, told);
}

static void test_hash(void **state) {
        _cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC), file = open("/bin/sleep", O_RDONLY | O_CLOEXEC),
                            memory = sleep_in_memory(0), large = sleep_in_memory(EXEHASH_SIZE_MAX + 1);
        int fds[] = { file, memory, large };

        for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
                pid_t pid = execute(fds[i]);
                ExeHash h;
                int r = hash_of(proc_fd, pid, &h);

                assert_int_equal(kill(pid, SIGKILL), 0);
                assert_int_equal(waitpid(pid, NULL, 0), pid);
                assert_int_equal(r, fds[i] == large ? -EFBIG : 0);
                if (r == 0)
                        assert_sha("/bin/sleep", h.sha);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_mount_type),
                cmocka_unit_test(test_local),
                cmocka_unit_test(test_hash),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
