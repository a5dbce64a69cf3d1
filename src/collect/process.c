/* SPDX-License-Identifier: MIT */

#include "collect/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/clock.h"

#define TICK_LONGEST (2 * USEC_PER_SEC) /* one a second, where a processor is left in peace (nohz_full) */

void process_init(Process *p) {
        *p = (Process){
                .uid = PROCESS_UNKNOWN,
                .effective_uid = PROCESS_UNKNOWN,
                .gid = PROCESS_UNKNOWN,
                .login_uid = PROCESS_UNKNOWN,
                .audit_session = PROCESS_UNKNOWN,
        };
}

void process_done(Process *p) {
        free(p->comm);
        free(p->exe);
        free(p->cmdline);
        free(p->cmdline_told);
        free(p->cgroup);
        free(p->unit);
        free(p->user_unit);
        free(p->container);
        free(p->pod);
        free(p->cwd);
        process_init(p);
}

static int copy(char **to, const char *from) {
        if (*to || !from)
                return 0;
        *to = strdup(from);
        return *to ? 0 : -ENOMEM;
}

static int copy_bytes(char **to, uint32_t *to_size, const char *from, uint32_t size) {
        if (*to || !from)
                return 0;
        *to = malloc((size_t) size + 1);
        if (!*to)
                return -ENOMEM;
        memcpy(*to, from, size);
        (*to)[size] = 0;
        *to_size = size;
        return 0;
}

int process_inherit(Process *child, const Process *parent) {
        int r = copy(&child->exe, parent->exe);

        r = r ?: copy_bytes(&child->cmdline, &child->cmdline_size, parent->cmdline, parent->cmdline_size);
        r = r ?: copy_bytes(&child->cmdline_told, &child->cmdline_told_size, parent->cmdline_told, parent->cmdline_told_size);
        r = r ?: copy(&child->cgroup, parent->cgroup);
        r = r ?: copy(&child->unit, parent->unit);
        r = r ?: copy(&child->user_unit, parent->user_unit);
        r = r ?: copy(&child->container, parent->container);
        r = r ?: copy(&child->pod, parent->pod);
        r = r ?: copy(&child->cwd, parent->cwd);
        child->container_runtime = parent->container_runtime;
        child->exe_state = parent->exe_state;
        child->exe_file = parent->exe_file;
        child->exe_sha_state = parent->exe_sha_state;
        memcpy(child->exe_sha, parent->exe_sha, sizeof(child->exe_sha));
        child->cmdline_silent = parent->cmdline_silent;
        return r;
}

bool process_same(const Process *a, const Process *b) {
        return a->pid == b->pid && a->start_ticks == b->start_ticks;
}

static bool same_text(const char *a, const char *b) {
        return a && b ? strcmp(a, b) == 0 : a == b;
}

bool process_same_group(const Process *a, const Process *b) {
        return same_text(a->cgroup, b->cgroup) && same_text(a->container, b->container);
}

bool process_rests(const Process *p, uint64_t ran, uint64_t now) {
        return ran != 0 && ran == p->ran && now >= p->ran_since + TICK_LONGEST;
}

const char *exe_state_name(unsigned state) {
        static const char *const names[_EXE_MAX] = {
                [EXE_DELETED] = "deleted",
                [EXE_REPLACED] = "replaced",
                [EXE_MEMFD] = "memfd",
        };

        return state < _EXE_MAX ? names[state] : NULL;
}

static int64_t nanoseconds(const struct statx_timestamp *t) {
        return t->tv_sec * (int64_t) (USEC_PER_SEC * 1000) + t->tv_nsec;
}

void exe_file_from(const struct statx *sx, ExeFile *ret) {
        *ret = (ExeFile){
                .device = makedev(sx->stx_dev_major, sx->stx_dev_minor),
                .inode = sx->stx_ino,
                .size = sx->stx_size,
                .changed = nanoseconds(&sx->stx_ctime),
                .written = nanoseconds(&sx->stx_mtime),
        };
}

/* Numbers of the kernel's Documentation/admin-guide/devices.txt. */
const char *process_tty(const Process *p, char buffer[PROCESS_TTY_MAX]) {
        enum { MAJOR_TTY = 4, MAJOR_PTS = 136, MAJOR_PTS_LAST = 143, FIRST_SERIAL = 64 };
        unsigned major = p->tty >> 8 & 0xfff, minor = (p->tty & 0xff) | (p->tty >> 12 & 0xfff00);

        if (p->tty == 0)
                return NULL;
        if (major >= MAJOR_PTS && major <= MAJOR_PTS_LAST)
                (void) snprintf(buffer, PROCESS_TTY_MAX, "pts/%u", (major - MAJOR_PTS) * 256 + minor);
        else if (major == MAJOR_TTY)
                (void) snprintf(buffer, PROCESS_TTY_MAX, minor < FIRST_SERIAL ? "tty%u" : "ttyS%u",
                                minor < FIRST_SERIAL ? minor : minor - FIRST_SERIAL);
        else
                (void) snprintf(buffer, PROCESS_TTY_MAX, "%u:%u", major, minor);
        return buffer;
}
