/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/state.h"

static char top[] = "/tmp/test-state-XXXXXX";

static const char *in_top(const char *name) {
        static char path[4][64];
        static int n;

        n = (n + 1) % 4;
        (void) snprintf(path[n], sizeof(path[n]), "%s/%s", top, name);
        return path[n];
}

static int directory(const char *name) {
        int fd = state_open(in_top(name));

        assert_true(fd >= 0);
        return fd;
}

static void test_directory(void **state) {
        _cleanup_close_ int fd = directory("new");
        struct stat st;

        assert_int_equal(close(directory("new")), 0);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0700);
        assert_int_equal(chmod(in_top("new"), 0750), 0);
        assert_int_equal(state_open(in_top("new")), -EPERM);
        assert_int_equal(chmod(in_top("new"), 0700), 0);

        assert_int_equal(symlink("new", in_top("link")), 0);
        assert_true(state_open(in_top("link")) < 0);
        assert_int_equal(state_open(in_top("missing/deep")), -ENOENT);
        assert_int_equal(close(open(in_top("file"), O_CREAT | O_WRONLY, 0600)), 0);
        assert_int_equal(state_open(in_top("file")), -ENOTDIR);
}

static void test_file(void **state) {
        _cleanup_close_ int dir = directory("files"), fd = state_file(dir, "new", O_RDWR | O_CREAT);
        struct stat st;

        assert_true(fd >= 0);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        assert_int_equal(state_file(dir, "new", O_RDWR | O_CREAT | O_EXCL), -EEXIST);
        assert_int_equal(state_file(dir, "missing", O_RDWR), -ENOENT);
}

/* Of several that systemd names, the first. */
static void test_own(void **state) {
        _cleanup_close_ int dir = directory("files"), own = -1;
        char list[256];
        struct stat a, b;

        (void) snprintf(list, sizeof(list), "%s:/nonexistent", in_top("files"));
        assert_int_equal(setenv("STATE_DIRECTORY", list, 1), 0);
        own = state_open_own();
        assert_true(own >= 0 && fstat(dir, &a) == 0 && fstat(own, &b) == 0 && a.st_ino == b.st_ino);
        assert_int_equal(setenv("STATE_DIRECTORY", in_top("missing/files"), 1), 0);
        assert_int_equal(state_open_own(), -ENOENT);
        assert_int_equal(unsetenv("STATE_DIRECTORY"), 0);
}

static void test_file_of_somebody_else(void **state) {
        _cleanup_close_ int dir = directory("files");

        assert_int_equal(close(state_file(dir, "good", O_RDWR | O_CREAT)), 0);
        assert_int_equal(symlinkat("good", dir, "link"), 0);
        assert_int_equal(state_file(dir, "link", O_RDWR), -ELOOP);
        assert_int_equal(state_file(dir, "../file", O_RDWR), -EXDEV);
        assert_int_equal(state_file(dir, "/etc/passwd", O_RDONLY), -EXDEV);

        assert_int_equal(fchmodat(dir, "good", 0640, 0), 0);
        assert_int_equal(state_file(dir, "good", O_RDWR), -EPERM);
        assert_int_equal(fchmodat(dir, "good", 0600, 0), 0);
        assert_int_equal(linkat(dir, "good", dir, "second", 0), 0);
        assert_int_equal(state_file(dir, "good", O_RDWR), -EPERM);
        assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
        assert_int_equal(state_file(dir, "fifo", O_RDWR), -EPERM);
        if (geteuid() != 0)
                return;
        assert_int_equal(close(state_file(dir, "given", O_RDWR | O_CREAT)), 0);
        assert_int_equal(fchownat(dir, "given", 65534, 65534, 0), 0);
        assert_int_equal(state_file(dir, "given", O_RDWR), -EPERM);
}

static void test_set_aside(void **state) {
        static const char *const names[] = { "aside/fold", "aside/fold.damaged-1", "aside/fold.damaged-2", "aside/fold.damaged-3", "aside/fold.damaged-4" };
        _cleanup_close_ int dir = directory("aside");

        assert_int_equal(state_set_aside(dir, "fold"), -ENOENT);
        for (unsigned n = 1; n <= 5; n++) {
                _cleanup_close_ int fd = state_file(dir, "fold", O_WRONLY | O_CREAT | O_EXCL);

                assert_int_equal(ftruncate(fd, n), 0);
                assert_int_equal(state_set_aside(dir, "fold"), 0);
        }
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                struct stat st = { .st_size = -1 };

                (void) stat(in_top(names[i]), &st);
                assert_int_equal(st.st_size, i == 0 || i == 4 ? -1 : 6 - (off_t) i);
                (void) unlink(in_top(names[i]));
        }
        assert_int_equal(rmdir(in_top("aside")), 0);
}

static int make(void **state) {
        return mkdtemp(top) ? 0 : -1;
}

static int clean(void **state) {
        static const char *const names[] = {
                "files/new", "files/good", "files/link", "files/second", "files/fifo", "files/given", "files", "new", "link", "file", "",
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                (void) remove(in_top(names[i]));
        return access(top, F_OK) == 0 ? -1 : 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_directory),
                cmocka_unit_test(test_file),
                cmocka_unit_test(test_own),
                cmocka_unit_test(test_file_of_somebody_else),
                cmocka_unit_test(test_set_aside),
        };

        return cmocka_run_group_tests(tests, make, clean);
}
