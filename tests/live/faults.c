/* SPDX-License-Identifier: MIT */

/* Linked into a sockauditd of its own (meson.build): what it calls of libc and libsystemd fails once at each place from which it is called, one place after
 * the other, as often as it is permitted to.
 *
 *     FAULTS         a file of two 32-bit numbers: how many failures are permitted, which its reader sets, and how many there were
 *     FAULTS_DONE    a file of lines `NAME ADDRESS...`: those that there were. They do not fail again, in the next run either.
 *     FAULTS_DEPTH   callers by which places are told apart; 1: by the call alone
 *     FAULTS_ONE_OF  of so many places one fails; which, follows from FAULTS_SEED
 *
 * Standard output and error do not fail: what is told there is what the test goes by. Frame pointers are needed. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <systemd/sd-event.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#define PLACES_MAX 65536
#define DEPTH_MAX 8
#define STACK_MAX ((uintptr_t) 8 << 20)

extern const char __executable_start;

typedef struct Shared {
        volatile uint32_t permitted, made;
} Shared;

static Shared *shared; /* NULL: nothing fails */
static int done_fd = -1;
static unsigned depth = 1, one_of = 1, seed;
static uint64_t places[PLACES_MAX]; /* hashes of those that failed */

static unsigned number(const char *name, unsigned otherwise) {
        const char *s = getenv(name);

        return s ? (unsigned) strtoul(s, NULL, 10) : otherwise;
}

/* True: it was not there. */
static bool place_add(uint64_t hash) {
        size_t i = hash % PLACES_MAX;

        for (; places[i] != 0; i = (i + 1) % PLACES_MAX)
                if (places[i] == hash)
                        return false;
        places[i] = hash;
        return true;
}

static uint64_t hash_bytes(const char *s, size_t size) {
        uint64_t h = 14695981039346656037u;

        for (size_t i = 0; i < size; i++)
                h = (h ^ (uint8_t) s[i]) * 1099511628211u;
        return h == 0 ? 1 : h;
}

__attribute__((constructor)) static void start(void) {
        int fd = (int) syscall(SYS_openat, AT_FDCWD, getenv("FAULTS") ?: "", O_RDWR | O_CLOEXEC, 0);
        static char text[1 << 20];
        Shared *found;
        ssize_t n;

        if (fd < 0)
                return;
        depth = number("FAULTS_DEPTH", 1);
        one_of = number("FAULTS_ONE_OF", 1);
        seed = number("FAULTS_SEED", 0);
        done_fd = (int) syscall(SYS_openat, AT_FDCWD, getenv("FAULTS_DONE"), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        n = syscall(SYS_read, done_fd, text, sizeof(text));
        for (char *line = text, *end; n > 0 && (end = memchr(line, '\n', (size_t) (text + n - line))); line = end + 1)
                (void) place_add(hash_bytes(line, (size_t) (end - line)));
        found = (Shared *) syscall(SYS_mmap, NULL, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        (void) syscall(SYS_close, fd);
        shared = found;
}

/* `NAME ADDRESS...`, by frame pointers. Libraries keep none, and what they left there is not followed. */
static size_t describe(const char *name, const void *const *frame, char *out, size_t size) {
        size_t n = (size_t) snprintf(out, size, "%s", name);
        uintptr_t base = (uintptr_t) &__executable_start;

        for (unsigned i = 0; i < depth && i < DEPTH_MAX; i++) {
                const void *const *up = frame[0];

                n += (size_t) snprintf(out + n, size - n, " %lx", (unsigned long) ((uintptr_t) frame[1] - base));
                if (up <= frame || (uintptr_t) up - (uintptr_t) frame > STACK_MAX || (uintptr_t) up % sizeof(void *) != 0)
                        break;
                if ((uintptr_t) up[1] - base > (1u << 26))
                        break;
                frame = up;
        }
        return n;
}

/* Whether the call fails that the caller of this stands for. */
static bool fails(const char *name, const void *const *frame) {
        char place[256];
        size_t n;
        uint64_t hash;

        if (!shared || shared->made >= shared->permitted)
                return false;
        n = describe(name, frame, place, sizeof(place) - 1);
        hash = hash_bytes(place, n);
        if ((hash >> 32 ^ seed) % one_of != 0 || !place_add(hash))
                return false;
        place[n++] = '\n';
        (void) syscall(SYS_write, done_fd, place, n);
        shared->made++;
        return true;
}

#define FAILS(name) fails(#name, __builtin_frame_address(0))

/* A function with its parameters and arguments, what it returns when it fails, and errno then. */
#define WRAP(type, name, parameters, arguments, failure, error) \
        type __real_##name parameters;                          \
        type __wrap_##name parameters;                          \
        type __wrap_##name parameters {                         \
                if (FAILS(name)) {                              \
                        errno = error;                          \
                        return failure;                         \
                }                                               \
                return __real_##name arguments;                 \
        }

WRAP(void *, malloc, (size_t n), (n), NULL, ENOMEM)
WRAP(void *, calloc, (size_t n, size_t size), (n, size), NULL, ENOMEM)
WRAP(void *, realloc, (void *p, size_t n), (p, n), NULL, ENOMEM)
WRAP(void *, reallocarray, (void *p, size_t n, size_t size), (p, n, size), NULL, ENOMEM)
WRAP(char *, strdup, (const char *s), (s), NULL, ENOMEM)
WRAP(char *, strndup, (const char *s, size_t n), (s, n), NULL, ENOMEM)
WRAP(void *, mmap64, (void *p, size_t n, int protection, int flags, int fd, off_t at), (p, n, protection, flags, fd, at), MAP_FAILED, ENOMEM)
WRAP(int, vasprintf, (char **p, const char *format, va_list list), (p, format, list), -1, ENOMEM)
WRAP(DIR *, opendir, (const char *path), (path), NULL, EMFILE)
WRAP(DIR *, fdopendir, (int fd), (fd), NULL, ENOMEM)
WRAP(struct dirent *, readdir64, (DIR *d), (d), NULL, EIO)
WRAP(ssize_t, pread64, (int fd, void *data, size_t n, off_t at), (fd, data, n, at), -1, EIO)
WRAP(ssize_t, pwrite64, (int fd, const void *data, size_t n, off_t at), (fd, data, n, at), -1, ENOSPC)
WRAP(ssize_t, read, (int fd, void *data, size_t n), (fd, data, n), -1, EIO)
WRAP(ssize_t, readlinkat, (int fd, const char *path, char *data, size_t n), (fd, path, data, n), -1, ENOMEM)
WRAP(int, faccessat, (int fd, const char *path, int mode, int flags), (fd, path, mode, flags), -1, EIO)
WRAP(int, fstat64, (int fd, struct stat *st), (fd, st), -1, EIO)
WRAP(int, fstatat64, (int fd, const char *path, struct stat *st, int flags), (fd, path, st, flags), -1, ENOMEM)
WRAP(int, statx, (int fd, const char *path, int flags, unsigned mask, struct statx *st), (fd, path, flags, mask, st), -1, ENOMEM)
WRAP(off_t, lseek64, (int fd, off_t at, int whence), (fd, at, whence), -1, EINVAL)
WRAP(int, ftruncate64, (int fd, off_t size), (fd, size), -1, EIO)
WRAP(int, fallocate64, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size), -1, ENOSPC)
WRAP(int, flock, (int fd, int operation), (fd, operation), -1, ENOLCK)
WRAP(int, madvise, (void *p, size_t n, int advice), (p, n, advice), -1, ENOMEM)
WRAP(int, memfd_create, (const char *name, unsigned flags), (name, flags), -1, EMFILE)
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), -1, ENOSPC)
WRAP(int, renameat, (int from_fd, const char *from, int to_fd, const char *to), (from_fd, from, to_fd, to), -1, ENOSPC)
WRAP(int, unlinkat, (int fd, const char *path, int flags), (fd, path, flags), -1, EIO)
WRAP(int, socket, (int domain, int type, int protocol), (domain, type, protocol), -1, EMFILE)
WRAP(int, bind, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n), -1, ENOMEM)
WRAP(int, connect, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n), -1, ECONNREFUSED)
WRAP(int, getsockopt, (int fd, int level, int option, void *value, socklen_t *n), (fd, level, option, value, n), -1, ENOBUFS)
WRAP(int, setsockopt, (int fd, int level, int option, const void *value, socklen_t n), (fd, level, option, value, n), -1, ENOMEM)
WRAP(ssize_t, send, (int fd, const void *data, size_t n, int flags), (fd, data, n, flags), -1, ENOBUFS)
WRAP(ssize_t, sendto, (int fd, const void *data, size_t n, int flags, const struct sockaddr *a, socklen_t size), (fd, data, n, flags, a, size), -1, ENOBUFS)
WRAP(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags), -1, ENOMEM)
WRAP(ssize_t, recv, (int fd, void *data, size_t n, int flags), (fd, data, n, flags), -1, ENOBUFS)
WRAP(ssize_t, recvfrom, (int fd, void *data, size_t n, int flags, struct sockaddr *a, socklen_t *size), (fd, data, n, flags, a, size), -1, ENOBUFS)
WRAP(ssize_t, recvmsg, (int fd, struct msghdr *m, int flags), (fd, m, flags), -1, ENOBUFS)
WRAP(int, recvmmsg, (int fd, struct mmsghdr *m, unsigned n, int flags, struct timespec *t), (fd, m, n, flags, t), -1, ENOBUFS)
WRAP(int, setns, (int fd, int kind), (fd, kind), -1, EPERM)
WRAP(int, unshare, (int flags), (flags), -1, EPERM)
WRAP(int, poll, (struct pollfd *p, nfds_t n, int milliseconds), (p, n, milliseconds), -1, ENOMEM)
WRAP(ssize_t, getrandom, (void *data, size_t n, unsigned flags), (data, n, flags), -1, EINTR)
WRAP(int, sd_event_add_io, (sd_event *e, sd_event_source **ret, int fd, uint32_t events, sd_event_io_handler_t f, void *p), (e, ret, fd, events, f, p), -ENOMEM, errno)
WRAP(int, sd_event_add_time_relative, (sd_event *e, sd_event_source **ret, clockid_t clock, uint64_t t, uint64_t accuracy, sd_event_time_handler_t f, void *p),
     (e, ret, clock, t, accuracy, f, p), -ENOMEM, errno)
WRAP(int, sd_journal_open_namespace, (sd_journal **ret, const char *name, int flags), (ret, name, flags), -EMFILE, errno)
WRAP(int, sd_journal_get_fd, (sd_journal *j), (j), -EMFILE, errno)
WRAP(int, sd_journal_add_match, (sd_journal *j, const void *data, size_t n), (j, data, n), -ENOMEM, errno)
WRAP(int, sd_journal_next, (sd_journal *j), (j), -EBADMSG, errno)
WRAP(int, sd_journal_previous, (sd_journal *j), (j), -EBADMSG, errno)
WRAP(int, sd_journal_process, (sd_journal *j), (j), -ENOMEM, errno)
WRAP(int, sd_journal_seek_tail, (sd_journal *j), (j), -ENOMEM, errno)
WRAP(int, sd_journal_get_data, (sd_journal *j, const char *field, const void **data, size_t *n), (j, field, data, n), -EBADMSG, errno)

/* Those that are not so regular: more or fewer parameters, which as integers all fit. */
WRAP(int, open64, (const char *path, int flags, unsigned mode), (path, flags, mode), -1, EMFILE)
WRAP(int, openat64, (int fd, const char *path, int flags, unsigned mode), (fd, path, flags, mode), -1, EMFILE)
WRAP(int, fcntl64, (int fd, int command, long argument), (fd, command, argument), -1, ENOMEM)
WRAP(int, ioctl, (int fd, unsigned long request, void *argument), (fd, request, argument), -1, ENOMEM)

ssize_t __real_write(int fd, const void *data, size_t n);
ssize_t __wrap_write(int fd, const void *data, size_t n);
ssize_t __wrap_write(int fd, const void *data, size_t n) {
        if (fd > STDERR_FILENO && FAILS(write)) {
                errno = ENOSPC;
                return -1;
        }
        return __real_write(fd, data, n);
}
