/* SPDX-License-Identifier: MIT */
#pragma once

/* File descriptors and whole-file reads. */

#include <stddef.h>
#include <sys/types.h>

#include "base/macro.h"

/* Close and return -1; accepts -1. errno is kept. */
int fd_close(int fd);

static inline void fd_closep(int *fd) {
        fd_close(*fd);
}

#define _cleanup_close_ _cleanup_(fd_closep)

/* Read from the current position to the end. The result is NUL-terminated (the NUL is not counted).
 * -EFBIG when there are more than `max` bytes; -ENOMEM; else what read(2) says, negative. */
int fd_read_all(int fd, size_t max, char **ret, size_t *ret_size);

/* openat(2) + fd_read_all(). */
int fd_read_at(int dir_fd, const char *path, size_t max, char **ret, size_t *ret_size);

/* Read once into a buffer of the caller and NUL-terminate: for small files of /proc (one read is one
 * snapshot). At most size - 1 bytes. Returns the number read or negative errno. */
ssize_t fd_read_once_at(int dir_fd, const char *path, char *buffer, size_t size);

/* readlinkat(2) with a terminating NUL. -ENAMETOOLONG when it does not fit; else length or negative errno. */
ssize_t fd_readlink_at(int dir_fd, const char *path, char *buffer, size_t size);

/* All of it, however many write(2) that takes. 0, or what the last one said, negative. */
int fd_write_all(int fd, const char *data, size_t size);
