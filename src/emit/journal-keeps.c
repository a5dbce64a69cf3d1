/* SPDX-License-Identifier: MIT */

#include "emit/journal-keeps.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/parse.h"
#include "base/unitfile.h"

#define YOUNG (3600 * USEC_PER_SEC) /* an estimate from less than this is mostly about the boot */
#define FILES_MAX 100               /* as journald has it where nothing is set */
#define USE_MIN (1ULL << 20)
#define USE_MAX (4ULL << 30)

static const struct Place {
        const char *path;
        const char *max_use, *keep_free, *max_files;
} places[] = {
        /* While the first one is there, the second is not written to. */
        { "/run/log/journal", "RuntimeMaxUse", "RuntimeKeepFree", "RuntimeMaxFiles" },
        { "/var/log/journal", "SystemMaxUse", "SystemKeepFree", "SystemMaxFiles" },
};

/* --- arithmetic ------------------------------------------------------------------------------------ */

/* What a span grows to when `now` of something becomes `then`. */
static uint64_t grow(uint64_t span, uint64_t now, uint64_t then) {
        unsigned __int128 product = (unsigned __int128) span * then;

        return product / now > UINT64_MAX ? UINT64_MAX : (uint64_t) (product / now);
}

int journal_use_keeps(const JournalUse *u, uint64_t now, uint64_t *ret) {
        uint64_t span, keeps = UINT64_MAX;

        if (u->oldest == 0 || u->oldest >= now || u->bytes == 0)
                return -ENODATA;
        span = now - u->oldest;
        keeps = grow(span, u->bytes, u->bytes_max - u->bytes_max / 8);
        if (u->files_max > 0 && u->archived > 0) {
                uint64_t by_count = grow(span, u->archived + 1, u->files_max > u->active ? u->files_max - u->active : 1);

                keeps = MIN(keeps, by_count);
        }
        if (keeps > span && span < YOUNG)
                return -ENODATA;
        keeps = MAX(keeps, span);
        *ret = u->retention > 0 ? MIN(keeps, u->retention) : keeps;
        return 0;
}

/* --- files ----------------------------------------------------------------------------------------- */

int journal_header_oldest(const uint8_t header[JOURNAL_HEADER_SIZE], uint64_t *ret) {
        uint64_t head_entry_realtime;

        if (memcmp(header, "LPKSHHRH", 8) != 0)
                return -EBADMSG;
        memcpy(&head_entry_realtime, header + 184, sizeof(head_entry_realtime));
        if (head_entry_realtime == 0)
                return -ENODATA;
        *ret = le64toh(head_entry_realtime);
        return 0;
}

static bool ends_in(const char *name, const char *suffix) {
        size_t n = strlen(name), m = strlen(suffix);

        return n > m && strcmp(name + n - m, suffix) == 0;
}

/* Files are archived, and deleted, while we look: what is gone, or not begun, says nothing. */
static int read_oldest(int dir_fd, const char *name, JournalUse *u) {
        _cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        uint8_t header[JOURNAL_HEADER_SIZE];
        uint64_t oldest;
        ssize_t n;

        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        n = pread(fd, header, sizeof(header), 0);
        if (n < 0)
                return -errno;
        if (n == sizeof(header) && journal_header_oldest(header, &oldest) == 0)
                u->oldest = u->oldest == 0 ? oldest : MIN(u->oldest, oldest);
        return 0;
}

static int read_file(int dir_fd, const char *name, JournalUse *u) {
        bool damaged = ends_in(name, ".journal~");
        struct stat st;

        if (!damaged && !ends_in(name, ".journal"))
                return 0;
        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (!S_ISREG(st.st_mode))
                return 0;
        u->bytes += (uint64_t) st.st_blocks * 512;
        if (damaged || strchr(name, '@'))
                u->archived++;
        else
                u->active++;
        /* Those of users may be much older: an active file is never deleted. */
        return strncmp(name, "system", strlen("system")) == 0 ? read_oldest(dir_fd, name, u) : 0;
}

static int read_files(DIR *d, JournalUse *u) {
        struct dirent *e;
        int r = 0;

        while (r >= 0 && (e = readdir(d)))
                r = read_file(dirfd(d), e->d_name, u);
        return r;
}

/* --- settings -------------------------------------------------------------------------------------- */

static int parse_count(const char *s, uint64_t *ret) {
        return parse_u64(s, 0, UINT64_MAX, ret);
}

/* `ret` is left alone where the key is not set. */
static int setting(const char *key, int (*parse)(const char *s, uint64_t *ret), uint64_t *ret) {
        _cleanup_text_ Text t = TEXT_NULL;
        int r = unitfile_get(unitfile_conf_dirs, "journald.conf", "Journal", key, &t);

        return r == -ENOENT || (r == 0 && t.size == 0) ? 0 : r < 0 ? r : parse(text_string(&t), ret);
}

/* Shares of the file system where nothing is set: a tenth is used, a twentieth kept free (journald.conf(5) says 15 %, journald does this), either
 * 4 GiB at most. */
static int read_limits(const struct Place *p, int fd, JournalUse *u) {
        uint64_t size, free, keep_free; /* of the file system */
        struct statvfs s;
        int r;

        if (fstatvfs(fd, &s) < 0)
                return -errno;
        size = (uint64_t) s.f_blocks * s.f_frsize;
        free = (uint64_t) s.f_bfree * s.f_bsize;
        u->bytes_max = MIN(size / 10, USE_MAX);
        u->bytes_max = MAX(u->bytes_max, USE_MIN);
        keep_free = MIN(size / 20, USE_MAX);
        u->files_max = FILES_MAX;
        r = setting(p->max_use, parse_size, &u->bytes_max);
        if (r >= 0)
                r = setting(p->keep_free, parse_size, &keep_free);
        if (r >= 0)
                r = setting(p->max_files, parse_count, &u->files_max);
        if (r >= 0)
                r = setting("MaxRetentionSec", unitfile_parse_span, &u->retention);
        free = free > keep_free ? free - keep_free : 0;
        u->bytes_max = MIN(u->bytes_max, u->bytes + free);
        return r;
}

static int stores_something(void) {
        _cleanup_text_ Text t = TEXT_NULL;
        int r = unitfile_get(unitfile_conf_dirs, "journald.conf", "Journal", "Storage", &t);

        return r < 0 && r != -ENOENT ? r : strcmp(text_string(&t), "none") == 0 ? -ENOENT : 0;
}

/* --- all of it ------------------------------------------------------------------------------------- */

static void close_directory(DIR **d) {
        if (*d)
                (void) closedir(*d);
}

static int read_place(const struct Place *p, const char *machine, JournalUse *ret) {
        _cleanup_(close_directory) DIR *d = NULL;
        JournalUse u = {};
        char path[128];
        int r;

        (void) snprintf(path, sizeof(path), "%s/%s", p->path, machine);
        d = opendir(path);
        if (!d || faccessat(dirfd(d), "system.journal", F_OK, 0) < 0)
                return -errno;
        r = read_files(d, &u);
        if (r >= 0)
                r = read_limits(p, dirfd(d), &u);
        if (r >= 0)
                *ret = u;
        return r;
}

int journal_use_read(JournalUse *ret) {
        char machine[64];
        ssize_t n = fd_read_once_at(AT_FDCWD, "/etc/machine-id", machine, sizeof(machine));
        int r = n < 0 ? (int) n : stores_something();

        if (r < 0)
                return r;
        machine[strcspn(machine, "\n")] = 0;
        r = -ENOENT;
        for (size_t i = 0; i < ELEMENTSOF(places) && r == -ENOENT; i++)
                r = read_place(&places[i], machine, ret);
        return r;
}
