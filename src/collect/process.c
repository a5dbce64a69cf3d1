/* SPDX-License-Identifier: MIT */

#include "collect/process.h"

#include <errno.h>
#include <string.h>

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
        free(p->cgroup);
        free(p->unit);
        free(p->user_unit);
        process_init(p);
}

bool process_same(const Process *a, const Process *b) {
        return a->pid == b->pid && a->start_ticks == b->start_ticks;
}

static bool component_ends_with(Bytes c, const char *suffix) {
        size_t n = strlen(suffix);

        return c.size > n && memcmp(c.data + c.size - n, suffix, n) == 0;
}

static bool component_is_unit(Bytes c) {
        static const char *const suffixes[] = { ".service", ".scope", ".socket", ".mount", ".swap" };

        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++)
                if (component_ends_with(c, suffixes[i]))
                        return true;
        return false;
}

static bool component_is_user_manager(Bytes c) {
        static const char prefix[] = "user@";

        return c.size > sizeof(prefix) - 1 && memcmp(c.data, prefix, sizeof(prefix) - 1) == 0 &&
               component_ends_with(c, ".service");
}

/* The first unit at or after *path, which is moved behind it. */
static Bytes unit_next(const char **path) {
        const char *p = *path;

        while (*p) {
                size_t n = strcspn(p, "/");
                Bytes c = { p, (uint32_t) n };

                p += n;
                p += strspn(p, "/");
                *path = p;
                if (component_is_unit(c))
                        return c;
        }
        return (Bytes){};
}

int cgroup_units(const char *cgroup, char **ret_unit, char **ret_user_unit) {
        _cleanup_free_ char *unit = NULL, *user_unit = NULL;
        Bytes outer, inner = {};

        outer = unit_next(&cgroup);
        if (outer.data && component_is_user_manager(outer))
                inner = unit_next(&cgroup);
        if (outer.data && !(unit = strndup(outer.data, outer.size)))
                return -ENOMEM;
        if (inner.data && !(user_unit = strndup(inner.data, inner.size)))
                return -ENOMEM;

        *ret_unit = TAKE_PTR(unit);
        *ret_user_unit = TAKE_PTR(user_unit);
        return 0;
}
