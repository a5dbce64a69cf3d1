/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mapped.h"
#include "base/state.h"

#define LARGEST (1 << 20)

static char top[] = "/tmp/test-mapped-XXXXXX";

static void test_outlives_a_process(void **state) {
        _cleanup_close_ int dir = state_open(top);
        Mapped m = MAPPED_NULL;
        int status;
        pid_t pid = fork();

        assert_true(dir >= 0 && pid >= 0);
        if (pid == 0) {
                if (mapped_open(&m, dir, "file", LARGEST) < 0 || m.data || mapped_resize(&m, 10000) < 0)
                        _exit(1);
                memcpy((char *) m.data + 9000, "hello", 6);
                (void) raise(SIGKILL);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(mapped_open(&m, dir, "file", LARGEST), 0);
        assert_int_equal(m.size, 10000);
        assert_string_equal((char *) m.data + 9000, "hello");

        /* Longer, with zeros, and shorter. */
        assert_int_equal(mapped_resize(&m, 20000), 0);
        assert_string_equal((char *) m.data + 9000, "hello");
        assert_int_equal(((char *) m.data)[19999], 0);
        assert_int_equal(mapped_resize(&m, 9003), 0);
        mapped_done(&m);
        assert_int_equal(mapped_open(&m, dir, "file", LARGEST), 0);
        assert_int_equal(m.size, 9003);
        assert_memory_equal((char *) m.data + 9000, "hel", 3);
        mapped_done(&m);
}

static void test_one_at_a_time(void **state) {
        _cleanup_close_ int dir = state_open(top);
        Mapped m = MAPPED_NULL, other = MAPPED_NULL;

        assert_int_equal(mapped_open(&m, dir, "locked", LARGEST), 0);
        assert_int_equal(mapped_open(&other, dir, "locked", LARGEST), -EBUSY);
        mapped_done(&m);
        assert_int_equal(mapped_open(&other, dir, "locked", LARGEST), 0);
        assert_null(other.data);
        mapped_done(&other);
}

static void test_refused(void **state) {
        _cleanup_close_ int dir = state_open(top);
        Mapped m = MAPPED_NULL;

        assert_int_equal(mapped_open(&m, dir, "large", LARGEST), 0);
        assert_int_equal(mapped_resize(&m, 5000), 0);
        mapped_done(&m);
        assert_int_equal(mapped_open(&m, dir, "large", 4999), -EFBIG);
        assert_int_equal(symlinkat("large", dir, "link"), 0);
        assert_int_equal(mapped_open(&m, dir, "link", LARGEST), -ELOOP);
}

/* What does not fit is said at once, and what there was is as it was. */
static void test_full_disk(void **state) {
        _cleanup_close_ int dir = -1;
        char path[64];
        Mapped m = MAPPED_NULL;

        (void) snprintf(path, sizeof(path), "%s/disk", top);
        assert_int_equal(mkdir(path, 0700), 0);
        if (mount("none", path, "tmpfs", 0, "size=64k,mode=0700") < 0)
                skip();
        dir = state_open(path);
        assert_int_equal(mapped_open(&m, dir, "file", LARGEST), 0);
        assert_int_equal(mapped_resize(&m, 20000), 0);
        memcpy(m.data, "hello", 6);
        assert_int_equal(mapped_resize(&m, 200000), -ENOSPC);
        assert_int_equal(m.size, 20000);
        assert_string_equal(m.data, "hello");
        mapped_done(&m);

        /* A file with holes has its blocks when it is open. */
        assert_int_equal(mapped_open(&m, dir, "holes", LARGEST), 0);
        assert_int_equal(ftruncate(m.fd, 300000), 0);
        mapped_done(&m);
        assert_int_equal(mapped_open(&m, dir, "holes", LARGEST), -ENOSPC);
        fd_close(dir);
        dir = -1;
        assert_int_equal(umount2(path, MNT_DETACH), 0);
}

/* Files are made in it, and nothing else. */
static int remove_top(void **state) {
        static const char *const names[] = { "file", "locked", "large", "link" };
        int dir = state_open(top);

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                (void) unlinkat(dir, names[i], 0);
        (void) unlinkat(dir, "disk", AT_REMOVEDIR);
        fd_close(dir);
        return rmdir(top);
}

static int make_top(void **state) {
        return mkdtemp(top) ? 0 : -1;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_outlives_a_process),
                cmocka_unit_test(test_one_at_a_time),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_full_disk),
        };

        return cmocka_run_group_tests(tests, make_top, remove_top);
}
