/* SPDX-License-Identifier: MIT */

/* Replay: a main() for fuzz targets built without libFuzzer. Each argument is a file, or a directory whose
 * regular files are taken (not deeper); each file is given to the target once. So every corpus is a plain test,
 * with any compiler and sanitizer. A corpus without files fails: it would test nothing. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"

#define REPLAY_MAX (4U << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(int dir_fd, const char *name) {
        _cleanup_free_ char *data = NULL;
        _cleanup_free_ uint8_t *exact = NULL;
        size_t size;
        int r;

        r = fd_read_at(dir_fd, name, REPLAY_MAX, &data, &size);
        if (r < 0)
                return r;

        /* A copy without the NUL that fd_read_at() appends: sanitizers then see the first byte too far. */
        exact = malloc(size > 0 ? size : 1);
        if (!exact)
                return -ENOMEM;
        memcpy(exact, data, size);
        (void) LLVMFuzzerTestOneInput(exact, size);
        return 0;
}

static int replay_directory(const char *path, unsigned *count) {
        DIR *d = opendir(path);
        struct dirent *e;
        int r = 0;

        if (!d)
                return -errno;
        while (r >= 0 && (e = readdir(d))) {
                struct stat st;

                if (fstatat(dirfd(d), e->d_name, &st, 0) < 0 || !S_ISREG(st.st_mode))
                        continue;
                r = replay_file(dirfd(d), e->d_name);
                *count += r >= 0;
        }
        (void) closedir(d);
        return r;
}

int main(int argc, char *argv[]) {
        unsigned count = 0;

        for (int i = 1; i < argc; i++) {
                struct stat st;
                int r;

                if (stat(argv[i], &st) >= 0 && S_ISDIR(st.st_mode))
                        r = replay_directory(argv[i], &count);
                else {
                        r = replay_file(AT_FDCWD, argv[i]);
                        count += r >= 0;
                }
                if (r < 0) {
                        fprintf(stderr, "%s: %s\n", argv[i], strerror(-r));
                        return 1;
                }
        }

        printf("%u inputs replayed\n", count);
        return count > 0 ? 0 : 1;
}
