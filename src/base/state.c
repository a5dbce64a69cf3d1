/* SPDX-License-Identifier: MIT */

#include "base/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

/* 0, or -EPERM. */
static int check(int fd, mode_t type) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if ((st.st_mode & S_IFMT) != type || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
                return -EPERM;
        return type == S_IFREG && st.st_nlink != 1 ? -EPERM : 0;
}

int state_open(const char *path) {
        _cleanup_close_ int fd = -1;
        int r;

        if (mkdir(path, 0700) < 0 && errno != EEXIST)
                return -errno;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = check(fd, S_IFDIR);
        return r < 0 ? r : TAKE_FD(fd);
}

int state_open_own(void) {
        const char *given = getenv("STATE_DIRECTORY") ?: STATE_PATH;
        _cleanup_free_ char *path = strndup(given, strcspn(given, ":"));

        return path ? state_open(path) : -ENOMEM;
}

/* One component, and no link: so it cannot lead out of the directory. openat2(2) could say that itself, but RestrictSUIDSGID= of the unit takes it away,
 * since a filter of system calls cannot see its mode. */
int state_file(int dir_fd, const char *name, int flags) {
        _cleanup_close_ int fd = -1;
        int r;

        if (strchr(name, '/') || strcmp(name, "..") == 0)
                return -EXDEV;
        fd = openat(dir_fd, name, flags | O_NOFOLLOW | O_NONBLOCK /* not even opening a FIFO waits */ | O_NOCTTY | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = check(fd, S_IFREG);
        return r < 0 ? r : TAKE_FD(fd);
}
