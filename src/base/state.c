/* SPDX-License-Identifier: MIT */

#include "base/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

#define ASIDE_MAX 64

static int move_aside(int dir_fd, const char *name, int from, int to) {
        char old[ASIDE_MAX], new[ASIDE_MAX];

        (void) snprintf(old, sizeof(old), from == 0 ? "%s" : "%s.damaged-%d", name, from);
        (void) snprintf(new, sizeof(new), "%s.damaged-%d", name, to);
        return renameat(dir_fd, old, dir_fd, new) < 0 ? -errno : 0;
}

int state_make_room(int dir_fd, const char *name) {
        for (int i = STATE_KEPT_MAX - 1; i > 0; i--) {
                int r = move_aside(dir_fd, name, i, i + 1);

                if (r < 0 && r != -ENOENT)
                        return r;
        }
        return 0;
}

int state_set_aside(int dir_fd, const char *name) {
        int r = state_make_room(dir_fd, name);

        return r < 0 ? r : move_aside(dir_fd, name, 0, 1);
}
