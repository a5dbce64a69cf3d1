/* SPDX-License-Identifier: MIT */

/* The pure half of procfs.c: texts of /proc into facts. A process chooses some of the bytes in them (comm, the names of
 * its files), so each parser says how it keeps those apart from what the kernel wrote. */

#include "collect/procfs.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "collect/cgroup.h"
#include "collect/scan.h"

/* The members of /proc/PID/stat that matter. */
typedef struct Stat {
        uint32_t pid, parent, tty;
        uint64_t start_ticks;
        Bytes comm;
        char state;
        bool ended; /* its first thread has */
        bool dead;  /* no thread of it is left */
} Stat;

/* "PID (comm) S PPID ...": comm is the process's own choice and may hold blanks, parentheses and newlines, but
 * no field after it can hold a ')': so it ends at the last one. */
static int stat_scan(const char *text, Stat *ret) {
        Scan s = { text, text + strlen(text) };
        const char *close = strrchr(text, ')');
        uint64_t pid, parent, tty = 0, start, threads = 1;
        char state;

        if (!close || !scan_decimal(&s, INT_MAX, &pid) || !scan_char(&s, ' ') || !scan_char(&s, '(') || s.p > close)
                return -EINVAL;
        *ret = (Stat){ .comm = { s.p, (uint32_t) (close - s.p) } };

        s.p = close + 1;
        scan_blanks(&s);
        state = s.p < s.end ? *s.p : 0;
        if (!scan_word(&s))
                return -EINVAL;
        scan_blanks(&s);
        if (!scan_decimal(&s, INT_MAX, &parent))
                return -EINVAL;
        for (int field = 5; field < 22; field++) {
                scan_blanks(&s);
                /* The kernel prints the number of the terminal signed. */
                if (field == 7    ? !scan_decimal(&s, INT_MAX, &tty) && !scan_word(&s)
                    : field == 20 ? !scan_decimal(&s, INT_MAX, &threads)
                                  : !scan_word(&s))
                        return -EINVAL;
        }
        scan_blanks(&s);
        if (!scan_decimal(&s, UINT64_MAX / USEC_PER_SEC, &start))
                return -EINVAL;

        ret->pid = (uint32_t) pid;
        ret->parent = (uint32_t) parent;
        ret->tty = (uint32_t) tty;
        ret->start_ticks = start;
        ret->state = state;
        /* The first thread may have ended while others go on. */
        ret->ended = state == 'Z' || state == 'X';
        ret->dead = ret->ended && threads <= 1;
        return 0;
}

int procfs_parse_stat_line(const char *text, ProcfsStat *ret) {
        size_t size;
        Stat stat;
        int r;

        r = stat_scan(text, &stat);
        if (r < 0)
                return r;
        if (stat.dead)
                return -ESRCH;
        *ret = (ProcfsStat){ .start_ticks = stat.start_ticks, .state = stat.state, .headless = stat.ended };
        size = MIN((size_t) stat.comm.size, sizeof(ret->comm) - 1);
        memcpy(ret->comm, stat.comm.data, size);
        return 0;
}

static uint64_t ticks_usec(uint64_t ticks) {
        uint64_t hz = (uint64_t) MAX(sysconf(_SC_CLK_TCK), 1L);

        return ticks * USEC_PER_SEC / hz;
}

int procfs_parse_stat(const char *text, Process *p) {
        Stat stat;
        char *comm;
        int r;

        r = stat_scan(text, &stat);
        if (r < 0)
                return r;
        if (stat.dead)
                return -ESRCH;
        comm = strndup(stat.comm.data, stat.comm.size);
        if (!comm)
                return -ENOMEM;

        free(p->comm);
        p->comm = comm;
        p->pid = stat.pid;
        p->parent = stat.parent;
        p->tty = stat.tty;
        p->start_ticks = stat.start_ticks;
        p->start_usec = ticks_usec(stat.start_ticks);
        return 0;
}

/* The numbers behind "\nKEY:" (real, effective). The kernel writes a newline inside Name: as \n, so a line that
 * begins with the key is the kernel's. */
static int status_pair(const char *text, const char *key, uint32_t *ret_real, uint32_t *ret_effective) {
        size_t n = strlen(key);

        for (const char *line = text; line; line = strchr(line, '\n')) {
                uint64_t real, effective;
                Scan s;

                if (*line == '\n')
                        line++;
                if (strncmp(line, key, n) != 0)
                        continue;
                s = (Scan){ line + n, line + n + strcspn(line + n, "\n") };
                scan_blanks(&s);
                if (!scan_decimal(&s, UINT32_MAX, &real))
                        return -EINVAL;
                scan_blanks(&s);
                if (!scan_decimal(&s, UINT32_MAX, &effective))
                        return -EINVAL;
                *ret_real = (uint32_t) real;
                *ret_effective = (uint32_t) effective;
                return 0;
        }
        return -EINVAL;
}

int procfs_parse_status(const char *text, Process *p) {
        uint32_t uid, euid, gid, egid;
        int r;

        r = status_pair(text, "Uid:", &uid, &euid);
        if (r < 0)
                return r;
        r = status_pair(text, "Gid:", &gid, &egid);
        if (r < 0)
                return r;
        p->uid = uid;
        p->effective_uid = euid;
        p->gid = gid;
        return 0;
}

/* A copy of bytes; NULL for none, and then or when memory ran out *failed says which. */
static char *bytes_copy(Bytes b, bool *failed) {
        char *copy = b.size > 0 ? strndup(b.data, b.size) : NULL;

        *failed |= b.size > 0 && !copy;
        return copy;
}

int procfs_parse_cgroup(const char *text, Process *p) {
        _cleanup_process_ Process q;
        bool failed = false;
        Cgroup g;
        int r;

        process_init(&q);
        r = cgroup_parse(text, &g);
        if (r < 0)
                return r;
        q.cgroup = bytes_copy(g.path, &failed);
        q.unit = bytes_copy(g.unit, &failed);
        q.user_unit = bytes_copy(g.user_unit, &failed);
        q.container = bytes_copy(bytes_of(g.container), &failed);
        q.pod = bytes_copy(bytes_of(g.pod), &failed);
        if (failed)
                return -ENOMEM;

        SWAP(p->cgroup, q.cgroup);
        SWAP(p->unit, q.unit);
        SWAP(p->user_unit, q.user_unit);
        SWAP(p->container, q.container);
        SWAP(p->pod, q.pod);
        p->container_runtime = g.runtime;
        return 0;
}

int procfs_parse_link(const char *link, const char *prefix, uint32_t *ret_inode) {
        size_t n = strlen(prefix);
        uint64_t inode;
        Scan s;

        if (strncmp(link, prefix, n) != 0)
                return -EINVAL;
        s = (Scan){ link + n, link + strlen(link) };
        if (!scan_char(&s, ':') || !scan_char(&s, '[') || !scan_decimal(&s, UINT32_MAX, &inode) ||
            !scan_char(&s, ']') || s.p != s.end)
                return -EINVAL;
        *ret_inode = (uint32_t) inode;
        return 0;
}
