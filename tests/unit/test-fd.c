/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"

static int file_of(const char *data, size_t size) {
        int fd = memfd_create("test", MFD_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, data, size), size);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        return fd;
}

static void test_read_all(void **state) {
        _cleanup_free_ char *big = malloc(100000), *data = NULL;
        _cleanup_close_ int fd = -1;
        size_t size = 0;

        memset(big, 'x', 100000);
        fd = file_of(big, 100000);
        assert_int_equal(fd_read_all(fd, 100000, &data, &size), 0);
        assert_int_equal(size, 100000);
        assert_memory_equal(data, big, 100000);
        assert_int_equal(data[size], 0);

        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        size = 7;
        assert_int_equal(fd_read_all(fd, 99999, &data, &size), -EFBIG);
        assert_int_equal(size, 7);
}

static void test_read_all_empty(void **state) {
        _cleanup_free_ char *data = NULL;
        _cleanup_close_ int fd = file_of("", 0);
        size_t size = 7;

        assert_int_equal(fd_read_all(fd, 10, &data, &size), 0);
        assert_int_equal(size, 0);
        assert_string_equal(data, "");
}

static void test_errors(void **state) {
        char buffer[4], *data = NULL;
        size_t size;

        assert_int_equal(fd_read_at(AT_FDCWD, "/nowhere", 10, &data, &size), -ENOENT);
        assert_int_equal(fd_read_once_at(AT_FDCWD, "/nowhere", buffer, sizeof(buffer)), -ENOENT);
        assert_int_equal(fd_readlink_at(AT_FDCWD, "/nowhere", buffer, sizeof(buffer)), -ENOENT);
        assert_int_equal(fd_readlink_at(AT_FDCWD, "/proc/self/exe", buffer, sizeof(buffer)), -ENAMETOOLONG);
        assert_int_equal(fd_close(-1), -1);
}

static void test_read_once(void **state) {
        char buffer[4];

        assert_int_equal(fd_read_once_at(AT_FDCWD, "/proc/self/stat", buffer, sizeof(buffer)), 3);
        assert_int_equal(buffer[3], 0);
}

/* A pipe that is nearly full takes a part, and then no more. */
static void test_write_all(void **state) {
        static char data[3 << 16];
        int fds[2];

        (void) state;
        assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
        assert_int_equal(fd_write_all(fds[1], data, 0), 0);
        assert_int_equal(fd_write_all(fds[1], data, 5000), 0);
        assert_int_equal(read(fds[0], data, sizeof(data)), 5000);
        assert_int_equal(fd_write_all(fds[1], data, sizeof(data)), -EAGAIN);
        assert_int_equal(read(fds[0], data, sizeof(data)), 1 << 16);
        (void) fd_close(fds[0]);
        (void) fd_close(fds[1]);
        assert_int_equal(fd_write_all(fds[1], data, 1), -EBADF);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_read_all),
                cmocka_unit_test(test_read_all_empty),
                cmocka_unit_test(test_errors),
                cmocka_unit_test(test_write_all),
                cmocka_unit_test(test_read_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
