/* SPDX-License-Identifier: MIT */

#include "collect/exehash.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "collect/procfs-internal.h"

#define CHUNK (256 * 1024)
#define AT_ONCE (16 << 20) /* bytes, before it rests: most files are smaller, and somebody waits */

bool exehash_is_local(const char *type) {
        static const char *const local[] = {
                "bcachefs", "btrfs", "erofs", "exfat", "ext2", "ext3", "ext4", "f2fs", "iso9660", "jfs", "nilfs2", "overlay", "ramfs", "reiserfs", "rootfs",
                "squashfs", "tmpfs", "ubifs", "udf", "vfat", "xfs", "zfs",
        };

        for (size_t i = 0; i < ELEMENTSOF(local); i++)
                if (strcmp(type, local[i]) == 0)
                        return true;
        return false;
}

/* "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG...] - TYPE SOURCE OPTIONS": blanks in names are written as \040, so the lone hyphen is the only one. */
int exehash_mount_type(FILE *mountinfo, uint64_t mount_id, char *ret, size_t size) {
        _cleanup_free_ char *line = NULL;
        size_t allocated = 0;

        while (getline(&line, &allocated, mountinfo) > 0) {
                const char *type = strstr(line, " - ");
                char *end;

                if (strtoull(line, &end, 10) != mount_id || *end != ' ' || !type)
                        continue;
                type += strlen(" - ");
                if (strcspn(type, " \n") >= size)
                        return -ENOENT;
                (void) snprintf(ret, size, "%.*s", (int) strcspn(type, " \n"), type);
                return 0;
        }
        return -ENOENT;
}

static int mount_type(int dir_fd, uint64_t mount_id, char *ret, size_t size) {
        int fd = openat(dir_fd, "mountinfo", O_RDONLY | O_CLOEXEC), r;
        FILE *f = fd < 0 ? NULL : fdopen(fd, "re");

        if (!f) {
                (void) fd_close(fd);
                return -ENOENT;
        }
        r = exehash_mount_type(f, mount_id, ret, size);
        (void) fclose(f);
        return r;
}

/* A file of memfd_create(2) is in no mount that anybody sees. */
static bool is_local(int proc_fd, int dir_fd, const struct statx *sx) {
        char type[64];

        if (makedev(sx->stx_dev_major, sx->stx_dev_minor) == procfs_memfd_device())
                return true;
        if (!(sx->stx_mask & STATX_MNT_ID))
                return false;
        if (mount_type(dir_fd, sx->stx_mnt_id, type, sizeof(type)) < 0) {
                _cleanup_close_ int own = openat(proc_fd, "self", O_PATH | O_DIRECTORY | O_CLOEXEC);

                if (own < 0 || mount_type(own, sx->stx_mnt_id, type, sizeof(type)) < 0)
                        return false;
        }
        return exehash_is_local(type);
}

static void rest(uint64_t usec) {
        struct timespec t = { .tv_sec = (time_t) (usec / USEC_PER_SEC), .tv_nsec = (long) (usec % USEC_PER_SEC * 1000) };

        (void) nanosleep(&t, NULL);
}

static int hash(int fd, uint8_t ret[EXE_SHA_SIZE]) {
        static uint8_t chunk[CHUNK];
        uint64_t size = 0;
        SHA2_CTX sha;
        ssize_t n;

        SHA256Init(&sha);
        do {
                uint64_t cpu = clock_cpu();

                n = read(fd, chunk, sizeof(chunk));
                if (n < 0)
                        return -errno;
                SHA256Update(&sha, chunk, (size_t) n);
                size += (uint64_t) n;
                if (size > AT_ONCE)
                        rest(clock_cpu() - cpu);
        } while (n > 0 && size <= EXEHASH_SIZE_MAX);
        SHA256Final(ret, &sha);
        return n > 0 ? -EFBIG : 0;
}

/* The same descriptor all the time, and nothing is asked of its file system before it is known to be local. */
int exehash(int proc_fd, uint32_t pid, uint64_t start_ticks, ExeHash *ret) {
        _cleanup_close_ int dir_fd = procfs_open(proc_fd, pid), path_fd = -1, fd = -1;
        ExeHash h = {};
        struct statx sx;
        char path[64];
        ExeFile after;
        ProcfsStat stat;
        int r;

        if (dir_fd < 0)
                return dir_fd;
        path_fd = openat(dir_fd, "exe", O_PATH | O_CLOEXEC);
        if (path_fd < 0 || statx(path_fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS | STATX_MNT_ID, &sx) < 0)
                return procfs_error(-errno);
        r = procfs_check(dir_fd, start_ticks, &stat);
        if (r < 0)
                return r;
        if (!S_ISREG(sx.stx_mode) || !is_local(proc_fd, dir_fd, &sx))
                return -EOPNOTSUPP;
        if (sx.stx_size > EXEHASH_SIZE_MAX)
                return -EFBIG;
        exe_file_from(&sx, &h.file);
        (void) snprintf(path, sizeof(path), "self/fd/%d", path_fd);
        fd = openat(proc_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = hash(fd, h.sha);
        if (r < 0)
                return r;
        if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &sx) < 0)
                return -errno;
        exe_file_from(&sx, &after);
        if (memcmp(&after, &h.file, sizeof(after)) != 0)
                return -EAGAIN;
        *ret = h;
        return 0;
}
