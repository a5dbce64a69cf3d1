/* SPDX-License-Identifier: MIT */

/* Sources: FILE, and *.yaml of the directory FILE.d beside it, sorted by name.
 *
 * Who can write the configuration decides what is not audited. So each directory from / on, the file, the directory
 * of drop-ins and each of these must belong to root and be writable by nobody else. On the way a directory that is sticky (/tmp) may be
 * writable: what belongs to root in it, nobody else can move or replace, and what does not is told. But anybody can make a FILE.d beside a
 * file there: one that belongs to somebody else than the file is never read. The
 * way is walked descriptor by descriptor and what was checked is what is read, so it cannot be exchanged in between.
 *
 * Links are not followed where trust is required, else they are followed with a warning. A FIFO or a device is never
 * read: O_NONBLOCK makes opening return, fstat(2) tells. */

#include "config/config-file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "config/config-yaml.h"

#define SOURCES_MAX 256

typedef struct Opener {
        ConfigTrust trust;
        Problems *problems;
        Sources sources;
        bool refused; /* something is not trustworthy */
        bool shared;  /* others, too, can make files where FILE is, but not touch it */
        uid_t owner;  /* of FILE */
} Opener;

void sources_done(Sources *s) {
        for (size_t i = 0; i < s->count; i++) {
                free(s->items[i].owned_name);
                free(s->items[i].owned_text);
        }
        free(s->items);
        *s = (Sources){};
}

static void opener_done(Opener *o) {
        sources_done(&o->sources);
}

static Place place_here(const Opener *o, const char *path) {
        return (Place){ .order = (unsigned) o->sources.count, .file = path };
}

static int opener_fail(Opener *o, const char *path, int error) {
        Place at = place_here(o, path);

        problems_error(o->problems, &at, NULL, "cannot be read: %s", strerror(-error));
        return error;
}

/* `what` is a sentence of ours. */
static void opener_doubt(Opener *o, const char *path, const char *what) {
        Place at = place_here(o, path);

        if (o->trust == CONFIG_TRUST_WARN) {
                problems_warn(o->problems, &at, NULL, "%s", what);
                return;
        }
        problems_error(o->problems, &at, NULL, "%s", what);
        o->refused = true;
}

static void check_owner(Opener *o, const char *path, const struct stat *st) {
        char what[64];

        if (st->st_uid == 0)
                return;
        (void) snprintf(what, sizeof(what), "owned by uid %u; expected root (chown root)", st->st_uid);
        opener_doubt(o, path, what);
}

static bool others_write(const struct stat *st) {
        return st->st_mode & (S_IWGRP | S_IWOTH);
}

static void check_mode(Opener *o, const char *path, const struct stat *st) {
        char what[96];

        if (!others_write(st))
                return;
        (void) snprintf(what, sizeof(what), "writable by others than its owner (mode %04o); expected not (chmod go-w)", st->st_mode & 07777);
        opener_doubt(o, path, what);
}

/* A directory on the way to FILE. In a sticky one only its owner and that of an entry can move the entry. */
static void check_way(Opener *o, const char *path, const struct stat *st) {
        o->shared = others_write(st) && st->st_mode & S_ISVTX;
        check_owner(o, path, st);
        if (!o->shared)
                check_mode(o, path, st);
}

/* A directory, as O_PATH or for reading. Returns the descriptor. */
static int open_directory(Opener *o, int dir_fd, const char *name, const char *path, int flags, struct stat *ret) {
        _cleanup_close_ int fd = -1;
        struct stat st;

        fd = openat(dir_fd, name, flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && (errno == ELOOP || errno == ENOTDIR) &&
            fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISLNK(st.st_mode)) {
                /* Where trust is required this is refused below in any case; the rest of the way is told, too. */
                opener_doubt(o, path, "is a symbolic link; expected a directory");
                fd = openat(dir_fd, name, flags | O_DIRECTORY | O_CLOEXEC);
        }
        if (fd < 0 || fstat(fd, ret) < 0)
                return -errno;
        return TAKE_FD(fd);
}

/* Walks to the directory of an absolute path. Returns its descriptor; *ret_name is the last component, inside `path`. */
static int open_parent(Opener *o, char *path, const char **ret_name) {
        _cleanup_close_ int fd = -1;
        char *name = path + 1, *slash;
        struct stat st;

        fd = open_directory(o, AT_FDCWD, "/", "/", O_PATH, &st);
        if (fd < 0)
                return fd;
        check_way(o, "/", &st);
        for (; (slash = strchr(name, '/')); name = slash + 1) {
                int next;

                *slash = 0;
                if (*name && strcmp(name, ".") != 0) {
                        next = open_directory(o, fd, name, path, O_PATH, &st);
                        if (next < 0) {
                                opener_fail(o, path, next);
                                return next;
                        }
                        check_way(o, path, &st);
                        (void) fd_close(fd);
                        fd = next;
                }
                *slash = '/';
        }
        *ret_name = name;
        return TAKE_FD(fd);
}

static int open_file(Opener *o, int dir_fd, const char *name, const char *path) {
        const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
        _cleanup_close_ int fd = -1;
        struct stat st;

        fd = openat(dir_fd, name, flags | O_NOFOLLOW);
        if (fd < 0 && errno == ELOOP) {
                opener_doubt(o, path, "is a symbolic link; expected a file");
                if (o->trust == CONFIG_TRUST_REQUIRED)
                        return -EPERM;
                fd = openat(dir_fd, name, flags);
        }
        if (fd < 0 || fstat(fd, &st) < 0)
                return opener_fail(o, path, -errno);
        if (!S_ISREG(st.st_mode)) {
                Place at = place_here(o, path);

                problems_error(o->problems, &at, NULL, "not a regular file");
                return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
        }
        check_owner(o, path, &st);
        check_mode(o, path, &st);
        if (o->sources.count == 0)
                o->owner = st.st_uid;
        return TAKE_FD(fd);
}

static int add_file(Opener *o, int dir_fd, const char *name, const char *path) {
        _cleanup_close_ int fd = -1;
        _cleanup_free_ char *text = NULL, *copy = NULL;
        Source *items;
        size_t size;
        int r;

        fd = open_file(o, dir_fd, name, path);
        if (fd < 0)
                return fd;
        r = fd_read_all(fd, YAML_SIZE_MAX, &text, &size);
        if (r == -EFBIG) {
                Place at = place_here(o, path);

                problems_error(o->problems, &at, NULL, "file is larger than 1 MiB");
                return r;
        }
        if (r < 0)
                return opener_fail(o, path, r);

        copy = strdup(path);
        items = array_grow(o->sources.items, o->sources.count, sizeof(Source));
        if (items)
                o->sources.items = items;
        if (!copy || !items)
                return -ENOMEM;
        items[o->sources.count] = (Source){
                .place = place_here(o, copy),
                .text = text,
                .size = size,
                .owned_name = copy,
                .owned_text = text,
        };
        o->sources.count++;
        TAKE_PTR(copy);
        TAKE_PTR(text);
        return 0;
}

static int name_compare(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static bool is_drop_in(const char *name) {
        size_t n = strlen(name);

        return *name != '.' && n > strlen(".yaml") && strcmp(name + n - strlen(".yaml"), ".yaml") == 0;
}

/* All names of a directory, sorted. */
static int list_names(Opener *o, DIR *d, const char *path, Strings *ret) {
        struct dirent *e;
        int r;

        while (errno = 0, (e = readdir(d))) {
                if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                        continue;
                if (ret->count >= SOURCES_MAX) {
                        Place at = place_here(o, path);

                        problems_error(o->problems, &at, NULL, "more than %d files", SOURCES_MAX);
                        return -E2BIG;
                }
                r = strings_add(ret, e->d_name);
                if (r < 0)
                        return r;
        }
        if (errno != 0)
                return opener_fail(o, path, -errno);
        if (ret->count > 0)
                qsort(ret->items, ret->count, sizeof(char *), name_compare);
        return 0;
}

static int add_drop_in(Opener *o, int dir_fd, const char *dir_path, const char *name) {
        _cleanup_free_ char *path = NULL;
        char quoted[PROBLEM_QUOTE_MAX];
        Place at = place_here(o, dir_path);

        if (!is_drop_in(name)) {
                problems_warn(o->problems, &at, NULL, "%s is ignored; expected names that end in .yaml",
                              problem_quote(name, strlen(name), quoted));
                return 0;
        }
        if (asprintf(&path, "%s/%s", dir_path, name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        return add_file(o, dir_fd, name, path);
}

/* Whose FILE.d is this? */
static int check_drop_ins(Opener *o, const char *path, const struct stat *st) {
        Place at = place_here(o, path);

        check_owner(o, path, st);
        check_mode(o, path, st);
        if (!o->shared || st->st_uid == 0 || st->st_uid == o->owner)
                return 0;
        problems_error(o->problems, &at, NULL, "not that of the owner of the file, in a directory where anybody can make one");
        return -EPERM;
}

/* Goes on after a bad drop-in, so that all of them are told; returns the first error. */
static int add_drop_ins(Opener *o, int parent_fd, const char *name, const char *path) {
        _cleanup_(strings_done) Strings names = {};
        char dir_name[NAME_MAX + 1];
        _cleanup_free_ char *dir_path = NULL;
        struct stat st;
        DIR *d;
        int fd, r;

        if ((size_t) snprintf(dir_name, sizeof(dir_name), "%s.d", name) >= sizeof(dir_name))
                return 0; /* too long a name for a directory to have it */
        if (asprintf(&dir_path, "%s.d", path) < 0) {
                dir_path = NULL;
                return -ENOMEM;
        }
        fd = open_directory(o, parent_fd, dir_name, dir_path, O_RDONLY, &st);
        if (fd == -ENOENT)
                return 0;
        if (fd < 0)
                return opener_fail(o, dir_path, fd);
        r = check_drop_ins(o, dir_path, &st);
        if (r < 0) {
                fd_close(fd);
                return r;
        }
        d = fdopendir(fd);
        if (!d) {
                fd_close(fd);
                return -ENOMEM;
        }

        r = list_names(o, d, dir_path, &names);
        if (r >= 0)
                for (size_t i = 0; i < names.count; i++) {
                        int k = add_drop_in(o, dirfd(d), dir_path, names.items[i]);

                        r = r < 0 ? r : k;
                }
        (void) closedir(d);
        return r;
}

/* NULL with errno. */
static char *path_absolute(const char *path) {
        _cleanup_free_ char *cwd = NULL;
        char *absolute;

        if (*path == '/')
                return strdup(path);
        cwd = getcwd(NULL, 0);
        if (!cwd || asprintf(&absolute, "%s/%s", cwd, path) < 0)
                return NULL;
        return absolute;
}

int sources_open(const char *path, ConfigTrust trust, Problems *problems, Sources *ret) {
        _cleanup_(opener_done) Opener o = { .trust = trust, .problems = problems };
        _cleanup_free_ char *absolute = NULL;
        _cleanup_close_ int dir_fd = -1;
        const char *name;
        int r;

        absolute = path_absolute(path);
        if (!absolute)
                return opener_fail(&o, path, errno > 0 ? -errno : -ENOMEM);
        dir_fd = open_parent(&o, absolute, &name);
        if (dir_fd < 0)
                return dir_fd;
        r = add_file(&o, dir_fd, name, path);
        if (r < 0)
                return r;
        r = add_drop_ins(&o, dir_fd, name, path);
        if (r < 0)
                return r;
        if (o.refused)
                return -EPERM;
        *ret = o.sources;
        o.sources = (Sources){};
        return 0;
}
