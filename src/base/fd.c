/* SPDX-License-Identifier: MIT */

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int fd_close(int fd) {
        int saved = errno;

        if (fd >= 0)
                (void) close(fd);
        errno = saved;
        return -1;
}

static ssize_t fd_read(int fd, void *buffer, size_t size) {
        ssize_t n;

        do
                n = read(fd, buffer, size);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : n;
}

int fd_read_all(int fd, size_t max, char **ret, size_t *ret_size) {
        _cleanup_free_ char *data = NULL;
        size_t size = 0, allocated = 0;

        for (;;) {
                ssize_t n;

                if (allocated - size < 4096) {
                        /* A read of /proc restarts its walk at each call: large steps, few calls. */
                        size_t want = MAX(allocated * 2, (size_t) 16384);
                        char *p = realloc(data, want + 1);
                        if (!p)
                                return -ENOMEM;
                        data = p;
                        allocated = want;
                }
                n = fd_read(fd, data + size, allocated - size);
                if (n < 0)
                        return (int) n;
                if (n == 0)
                        break;
                size += (size_t) n;
                if (size > max)
                        return -EFBIG;
        }

        data[size] = 0;
        *ret = TAKE_PTR(data);
        *ret_size = size;
        return 0;
}

int fd_read_at(int dir_fd, const char *path, size_t max, char **ret, size_t *ret_size) {
        _cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

        if (fd < 0)
                return -errno;
        return fd_read_all(fd, max, ret, ret_size);
}

ssize_t fd_read_once_at(int dir_fd, const char *path, char *buffer, size_t size) {
        _cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        ssize_t n;

        if (fd < 0)
                return -errno;
        n = fd_read(fd, buffer, size - 1);
        if (n < 0)
                return n;
        buffer[n] = 0;
        return n;
}

ssize_t fd_readlink_at(int dir_fd, const char *path, char *buffer, size_t size) {
        ssize_t n = readlinkat(dir_fd, path, buffer, size);

        if (n < 0)
                return -errno;
        if ((size_t) n >= size)
                return -ENAMETOOLONG;
        buffer[n] = 0;
        return n;
}

int fd_write_all(int fd, const char *data, size_t size) {
        while (size > 0) {
                ssize_t n = write(fd, data, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                data += n;
                size -= (size_t) n;
        }
        return 0;
}
