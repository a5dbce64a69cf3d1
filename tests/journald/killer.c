/* SPDX-License-Identifier: MIT */

/* killer.so, for LD_PRELOAD: kills the program as by kill -9 when it writes an event of the kind that KILLER names into the outbox: before it is there, or, where
 * KILLER_AFTER is set, when it is. The file named in KILLER_ARMED must be there, and is taken away. */

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool is_wanted(const void *data, size_t size) {
        const char *kind = getenv("KILLER"), *armed = getenv("KILLER_ARMED");

        return kind && armed && memmem(data, size, kind, strlen(kind)) && unlink(armed) == 0;
}

/* Which is called pwrite64 here and there, where offsets have 64 bits. */
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
        bool wanted = is_wanted(data, size);
        ssize_t n;

        if (wanted && !getenv("KILLER_AFTER"))
                (void) raise(SIGKILL);
        n = syscall(SYS_pwrite64, fd, data, size, offset);
        if (wanted)
                (void) raise(SIGKILL);
        return n;
}
