/* SPDX-License-Identifier: MIT */

/* Target: the shapes are tried from the most particular to the least, and a name takes what is left. What looks like
 * an address but is none is refused: taken for a process name it would find nothing and say so wrongly. */

#include "inspect/target.h"

#include <errno.h>
#include <string.h>

#include "base/parse.h"

#define CONTAINER_ID_MIN 12
#define CONTAINER_ID_MAX 64
#define HEX_DIGITS "0123456789abcdefABCDEF"

static bool has_prefix(const char *s, const char *prefix, const char **ret_rest) {
        size_t n = strlen(prefix);

        if (strncmp(s, prefix, n) != 0)
                return false;
        *ret_rest = s + n;
        return true;
}

static bool has_suffix(const char *s, const char *suffix) {
        size_t n = strlen(s), m = strlen(suffix);

        return n > m && strcmp(s + n - m, suffix) == 0;
}

static bool is_unit(const char *s) {
        static const char *const suffixes[] = { ".service", ".scope", ".socket", ".slice", ".mount", ".swap" };

        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++)
                if (has_suffix(s, suffixes[i]))
                        return true;
        return false;
}

/* Made of nothing but what addresses and ports are made of. Hexadecimal digits alone do not do: "cafe.d" is a name. */
static bool is_address(const char *s) {
        bool separated = strpbrk(s, ":/");

        if (*s == ':' || *s == '[')
                return true;
        if (!separated && !strchr(s, '.'))
                return false;
        return s[strspn(s, separated ? HEX_DIGITS ".:/-" : "0123456789.")] == 0;
}

static int target_set_addresses(Target *t, const char **ret_why) {
        _cleanup_(addressset_freep) AddressSet *set = NULL;
        int r;

        r = addressset_new(&set);
        if (r < 0)
                return r;
        r = addressset_add(set, t->text, ret_why);
        if (r < 0)
                return r;
        t->addresses = TAKE_PTR(set);
        return 0;
}

static int target_set_number(Target *t, const char *s, uint32_t min, const char *why, const char **ret_why) {
        int r = parse_u32(s, min, UINT32_MAX - 1, &t->number);

        if (r < 0)
                *ret_why = why;
        return r < 0 ? -EINVAL : 0;
}

static int target_set_user(Target *t, const char **ret_why) {
        if (!*t->name) {
                *ret_why = "expected user:NAME or user:UID";
                return -EINVAL;
        }
        if (parse_u32(t->name, 0, UINT32_MAX - 1, &t->number) < 0)
                t->number = PROCESS_UNKNOWN;
        return 0;
}

static int target_set_container(const Target *t, const char **ret_why) {
        if (!*t->name)
                *ret_why = "expected container: and an id, the name of a machine, or the uid of a pod";
        return *t->name ? 0 : -EINVAL;
}

static int target_set(Target *t, const char **ret_why) {
        const char *s = t->text;

        if (!*s) {
                *ret_why = "expected a target, not an empty word";
                return -EINVAL;
        }
        if (has_prefix(s, "inode:", &t->name)) {
                t->kind = TARGET_INODE;
                return target_set_number(t, t->name, 1, "expected inode: and a number", ret_why);
        }
        if (has_prefix(s, "user:", &t->name)) {
                t->kind = TARGET_USER;
                return target_set_user(t, ret_why);
        }
        if (has_prefix(s, "container:", &t->name)) {
                t->kind = TARGET_CONTAINER;
                return target_set_container(t, ret_why);
        }
        if (*s == '/' || *s == '@') {
                t->kind = TARGET_PATH;
                return target_set_addresses(t, ret_why);
        }
        if (s[strspn(s, "0123456789")] == 0) {
                t->kind = TARGET_PID;
                return target_set_number(t, s, 1, "expected a process id from 1", ret_why);
        }
        if (is_address(s)) {
                t->kind = TARGET_ADDRESS;
                return target_set_addresses(t, ret_why);
        }
        t->kind = is_unit(s) ? TARGET_UNIT : TARGET_NAME;
        return 0;
}

int target_parse(const char *text, Target *ret, const char **ret_why) {
        Target t = { .text = text, .name = text, .number = PROCESS_UNKNOWN };
        int r;

        r = target_set(&t, ret_why);
        if (r < 0)
                return r;
        *ret = t;
        return 0;
}

void target_done(Target *t) {
        t->addresses = addressset_free(t->addresses);
}

bool target_wants_sockets(const Target *t) {
        return t->kind >= TARGET_INODE;
}

static TargetMatch name_match(const char *name, const Process *p) {
        const char *base;

        if (p->comm && strcmp(p->comm, name) == 0)
                return TARGET_YES;
        if (!p->exe)
                return TARGET_MAYBE;
        base = strrchr(p->exe, '/');
        return strcmp(base ? base + 1 : p->exe, name) == 0 ? TARGET_YES : TARGET_NO;
}

static bool unit_match(const char *unit, const Process *p) {
        size_t n = strlen(unit);

        if ((p->unit && strcmp(p->unit, unit) == 0) || (p->user_unit && strcmp(p->user_unit, unit) == 0))
                return true;
        if (!has_suffix(unit, ".slice") || !p->cgroup)
                return false;

        /* A slice is a directory on the way to the process. */
        for (const char *s = strstr(p->cgroup, unit); s; s = strstr(s + 1, unit))
                if ((s == p->cgroup || s[-1] == '/') && (s[n] == 0 || s[n] == '/'))
                        return true;
        return false;
}

static bool is_id(const char *s) {
        size_t n = strlen(s);

        return n >= CONTAINER_ID_MIN && n <= CONTAINER_ID_MAX && strspn(s, HEX_DIGITS) == n;
}

/* By its name, or the beginning of its id; by the pod. An id of a container within a container stands in the path alone: there the
 * digits begin behind something else. */
static bool container_match(const char *name, const Process *p) {
        if ((p->container && strcmp(p->container, name) == 0) || (p->pod && strcasecmp(p->pod, name) == 0))
                return true;
        if (!is_id(name) || !p->cgroup)
                return false;
        if (p->container && strncasecmp(p->container, name, strlen(name)) == 0)
                return true;
        for (const char *s = strcasestr(p->cgroup, name); s; s = strcasestr(s + 1, name))
                if (s > p->cgroup && !strchr(HEX_DIGITS, s[-1]))
                        return true;
        return false;
}

TargetMatch target_has_process(const Target *t, const Process *p) {
        switch (t->kind) {
        case TARGET_PID:
                return p->pid == t->number ? TARGET_YES : TARGET_NO;
        case TARGET_NAME:
                return name_match(t->name, p);
        case TARGET_UNIT:
                return unit_match(t->name, p) ? TARGET_YES : TARGET_NO;
        case TARGET_USER:
                return t->number != PROCESS_UNKNOWN && p->uid == t->number ? TARGET_YES : TARGET_NO;
        case TARGET_CONTAINER:
                return container_match(t->name, p) ? TARGET_YES : TARGET_NO;
        case TARGET_INODE:
        case TARGET_ADDRESS:
        case TARGET_PATH:
                return TARGET_NO;
        }
        return TARGET_NO;
}

static bool path_match(const Target *t, const Socket *s) {
        return s && s->family == FAMILY_UNIX && s->path_size > 0 && addressset_has_local(t->addresses, s);
}

bool target_has_socket(const Target *t, const Socket *s, const Socket *peer) {
        if (t->kind == TARGET_INODE)
                return s->inode == t->number;
        if (t->kind == TARGET_PATH)
                return path_match(t, s) || (s->family == FAMILY_UNIX && path_match(t, peer));
        if (t->kind != TARGET_ADDRESS || !socket_has_addresses(s))
                return false;

        /* A socket without peer has the address 0.0.0.0, which is not one it talks to. */
        return addressset_has_local(t->addresses, s) || (s->peer.port != 0 && addressset_has_peer(t->addresses, s));
}
