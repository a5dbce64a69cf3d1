/* SPDX-License-Identifier: MIT */

/* A path is walked from the root, component by component, until a container is found. Ids are hexadecimal and long, so that
 * helpers beside the container (docker-proxy.scope, libpod-conmon-ID.scope, crio-conmon-ID.scope, lxc.monitor.NAME) are not
 * taken for it: they run on the host. */

#include "collect/cgroup.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"

#define ID_MIN 12
#define ID_MAX 64

static bool bytes_are(Bytes b, const char *s) {
        return b.size == strlen(s) && memcmp(b.data, s, b.size) == 0;
}

static bool bytes_begin(Bytes b, const char *s) {
        size_t n = strlen(s);

        return b.size >= n && memcmp(b.data, s, n) == 0;
}

static bool bytes_end(Bytes b, const char *s) {
        size_t n = strlen(s);

        return b.size > n && memcmp(b.data + b.size - n, s, n) == 0;
}

static Bytes bytes_from(Bytes b, size_t n) {
        return (Bytes){ b.data + n, b.size - (uint32_t) n };
}

static Bytes bytes_without(Bytes b, const char *suffix) {
        return bytes_end(b, suffix) ? (Bytes){ b.data, b.size - (uint32_t) strlen(suffix) } : b;
}

static bool is_hex(Bytes b) {
        for (uint32_t i = 0; i < b.size; i++)
                if (!isdigit((unsigned char) b.data[i]) && (b.data[i] < 'a' || b.data[i] > 'f'))
                        return false;
        return true;
}

static bool is_id(Bytes b) {
        return b.size >= ID_MIN && b.size <= ID_MAX && is_hex(b);
}

/* The component at *path, which is moved behind it; without data: there is none any more. */
static Bytes component_next(Bytes *path) {
        Bytes c;

        while (path->size > 0 && path->data[0] == '/')
                *path = bytes_from(*path, 1);
        if (path->size == 0)
                return (Bytes){};
        c = (Bytes){ path->data, 0 };
        while (c.size < path->size && c.data[c.size] != '/')
                c.size++;
        *path = bytes_from(*path, c.size);
        return c;
}

/* ---- Units ---- */

static bool is_unit(Bytes c) {
        static const char *const suffixes[] = { ".service", ".scope", ".socket", ".mount", ".swap" };

        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++)
                if (bytes_end(c, suffixes[i]))
                        return true;
        return false;
}

static bool is_user_manager(Bytes c) {
        return bytes_begin(c, "user@") && bytes_end(c, ".service") && c.size > strlen("user@");
}

static void take_unit(Cgroup *g, Bytes c) {
        if (!is_unit(c))
                return;
        if (!g->unit.data)
                g->unit = c;
        else if (!g->user_unit.data && is_user_manager(g->unit))
                g->user_unit = c;
}

/* ---- Pods ---- */

/* 8-4-4-4-12 hexadecimal digits with `dash` between them, or 32 of a static pod. */
static bool pod_uid(Bytes b, char dash, char ret[CGROUP_POD_MAX + 1]) {
        if (b.size != 36 && b.size != 32)
                return false;
        for (uint32_t i = 0; i < b.size; i++) {
                bool dashed = b.size == 36 && (i == 8 || i == 13 || i == 18 || i == 23);

                if (dashed ? b.data[i] != dash : !is_hex((Bytes){ b.data + i, 1 }))
                        return false;
                ret[i] = b.data[i] == dash ? '-' : b.data[i];
        }
        ret[b.size] = 0;
        return true;
}

/* podUID, or kubepods-burstable-podUID.slice, where a systemd slice has no room for dashes. */
static void take_pod(Cgroup *g, Bytes c) {
        char uid[CGROUP_POD_MAX + 1];
        Bytes slice = bytes_without(c, ".slice"), last = slice;

        if (bytes_begin(c, "pod") && pod_uid(bytes_from(c, 3), '-', uid))
                memcpy(g->pod, uid, sizeof(uid));
        if (slice.size == c.size || !memmem(slice.data, slice.size, "kubepods", 8))
                return;
        for (uint32_t i = 0; i < slice.size; i++)
                if (slice.data[i] == '-')
                        last = bytes_from(slice, i + 1);
        if (bytes_begin(last, "pod") && pod_uid(bytes_from(last, 3), '_', uid))
                memcpy(g->pod, uid, sizeof(uid));
}

/* ---- Containers ---- */

/* Written \xNN in the names of units. */
static uint32_t unescape(Bytes in, char ret[CGROUP_NAME_MAX + 1]) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < in.size && n < CGROUP_NAME_MAX; n++) {
                unsigned byte = 0;

                if (in.size - i >= 4 && in.data[i] == '\\' && in.data[i + 1] == 'x' && is_hex((Bytes){ in.data + i + 2, 2 })) {
                        for (unsigned k = 2; k < 4; k++) {
                                char d = in.data[i + k];

                                byte = byte * 16 + (unsigned) (d <= '9' ? d - '0' : d - 'a' + 10);
                        }
                        i += 4;
                } else
                        byte = (unsigned char) in.data[i++];
                if (byte == 0)
                        return 0;
                ret[n] = (char) byte;
        }
        ret[n] = 0;
        return n;
}

static bool take_container(Cgroup *g, Bytes name, const char *runtime) {
        if (name.size == 0 || name.size > CGROUP_NAME_MAX)
                return false;
        memcpy(g->container, name.data, name.size);
        g->container[name.size] = 0;
        g->runtime = runtime;
        return true;
}

/* PREFIX-ID.scope, or just PREFIX-ID. */
static bool take_prefixed(Cgroup *g, Bytes c, char separator) {
        static const struct {
                const char *prefix, *runtime;
        } prefixes[] = {
                { "docker", "docker" },  { "cri-containerd", "containerd" }, { "nerdctl", "containerd" },
                { "crio", "cri-o" },     { "libpod", "podman" },             { "libpod-payload", "podman" },
        };

        for (size_t i = 0; i < ELEMENTSOF(prefixes); i++) {
                size_t n = strlen(prefixes[i].prefix);

                if (c.size > n && bytes_begin(c, prefixes[i].prefix) && c.data[n] == separator &&
                    is_id(bytes_from(c, n + 1)))
                        return take_container(g, bytes_from(c, n + 1), prefixes[i].runtime);
        }
        return false;
}

/* SLICE:PREFIX:ID, where a runtime that makes directories itself was told the words for systemd. */
static bool take_triple(Cgroup *g, Bytes c) {
        const char *colon = memchr(c.data, ':', c.size);

        if (!colon)
                return false;
        take_pod(g, (Bytes){ c.data, (uint32_t) (colon - c.data) });
        return take_prefixed(g, bytes_from(c, (size_t) (colon + 1 - c.data)), ':');
}

/* A directory that is nothing but an id: 64 digits, or 32 and a number (Fargate). Who made it, the one above may say. */
static bool take_bare(Cgroup *g, Bytes above, Bytes c) {
        Bytes number = c.size > 33 ? bytes_from(c, 33) : (Bytes){};

        if (c.size == ID_MAX && is_hex(c))
                return take_container(g, c, bytes_are(above, "docker") ? "docker" : NULL);
        if (number.size == 0 || c.data[32] != '-' || !is_hex((Bytes){ c.data, 32 }))
                return false;
        for (uint32_t i = 0; i < number.size; i++)
                if (!isdigit((unsigned char) number.data[i]))
                        return false;
        return take_container(g, c, NULL);
}

static bool take_lxc(Cgroup *g, Bytes above, Bytes c) {
        static const char payload[] = "lxc.payload.";

        if (bytes_begin(c, payload))
                return take_container(g, bytes_from(c, sizeof(payload) - 1), "lxc");
        return (bytes_are(above, "lxc.payload") || bytes_are(above, "lxc")) && take_container(g, c, "lxc");
}

/* A machine of nspawn: machine-NAME.scope or systemd-nspawn@NAME.service, below which is either `supervisor` (nspawn itself), `payload`,
 * or the tree of its own systemd. Virtual machines have such scopes, too, but not these directories. */
static bool take_machine(Cgroup *g, Bytes above, Bytes c, Bytes rest) {
        static const char *const inside[] = { "payload", "init.scope", "system.slice", "user.slice" };
        static const char scope[] = "machine-", service[] = "systemd-nspawn@";
        Bytes below = component_next(&rest), name = {};
        bool payload = false;

        if (bytes_begin(c, scope) && bytes_end(c, ".scope") && bytes_are(above, "machine.slice"))
                name = bytes_from(bytes_without(c, ".scope"), sizeof(scope) - 1);
        else if (bytes_begin(c, service) && bytes_end(c, ".service"))
                name = bytes_from(bytes_without(c, ".service"), sizeof(service) - 1);
        for (size_t i = 0; i < ELEMENTSOF(inside); i++)
                payload |= below.data && bytes_are(below, inside[i]);
        if (!name.data || !payload || unescape(name, g->container) == 0) {
                g->container[0] = 0;
                return false;
        }
        g->runtime = "systemd-nspawn";
        return true;
}

void cgroup_parse_path(Bytes path, Cgroup *ret) {
        Bytes rest = path, above = {}, c;

        *ret = (Cgroup){ .path = path };
        while ((c = component_next(&rest)).data) {
                take_unit(ret, c);
                take_pod(ret, c);
                if (take_prefixed(ret, bytes_without(c, ".scope"), '-') || take_triple(ret, c) || take_bare(ret, above, c) ||
                    take_lxc(ret, above, c) || take_machine(ret, above, c, rest))
                        break;
                above = c;
        }
        if (!ret->container[0])
                ret->pod[0] = 0;
}

/* ---- /proc/PID/cgroup ---- */

/* "ID:CONTROLLERS:/PATH": the line at *text, which is moved behind it. The kernel refuses newlines in the names of control groups.
 * false: the end. */
static bool line_next(const char **text, Bytes *ret_controllers, Bytes *ret_path) {
        while (**text) {
                const char *line = *text, *end = line + strcspn(line, "\n"), *p = line + strspn(line, "0123456789"), *colon;

                *text = *end ? end + 1 : end;
                colon = p < end && *p == ':' ? memchr(p + 1, ':', (size_t) (end - p - 1)) : NULL;
                if (p == line || !colon || colon[1] != '/')
                        continue;
                *ret_controllers = (Bytes){ p + 1, (uint32_t) (colon - p - 1) };
                *ret_path = bytes_without((Bytes){ colon + 1, (uint32_t) (end - colon - 1) }, " (deleted)");
                return true;
        }
        return false;
}

/* Where v1 and v2 are mounted side by side, systemd may keep its tree in either: the one in which the process is not
 * at the root says more. */
static Bytes choose(const char *text) {
        Bytes controllers, path, v1 = {}, v2 = {};

        while (line_next(&text, &controllers, &path))
                if (controllers.size == 0 && !v2.data)
                        v2 = path;
                else if (bytes_are(controllers, "name=systemd") && !v1.data)
                        v1 = path;
        return v1.size > 1 && v2.size <= 1 ? v1 : v2.data ? v2 : v1;
}

int cgroup_parse(const char *text, Cgroup *ret) {
        Bytes path = choose(text), controllers;

        if (!path.data)
                return -EINVAL;
        cgroup_parse_path(path, ret);
        while (!ret->container[0] && line_next(&text, &controllers, &path)) {
                Cgroup other;

                cgroup_parse_path(path, &other);
                memcpy(ret->container, other.container, sizeof(ret->container));
                memcpy(ret->pod, other.pod, sizeof(ret->pod));
                ret->runtime = other.runtime;
        }
        return 0;
}

/* "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG...] - TYPE SOURCE OPTIONS". What is mounted elsewhere under a name that has to be escaped is mounted here, too. */
static bool mounts_root(const char *line, const char *end, char **ret) {
        _cleanup_free_ char *copy = strndup(line, (size_t) (end - line)), *root = NULL, *point = NULL;
        const char *type = copy ? strstr(copy, " - ") : NULL;

        if (!type || strncmp(type, " - cgroup2 ", strlen(" - cgroup2 ")) != 0 || sscanf(copy, "%*s %*s %*s %ms %ms", &root, &point) != 2)
                return false;
        if (strcmp(root, "/") != 0 || strchr(point, '\\'))
                return false;
        *ret = TAKE_PTR(point);
        return true;
}

int cgroup_parse_mounts(const char *text, char **ret) {
        for (const char *end; *text; text = *end ? end + 1 : end) {
                end = strchrnul(text, '\n');
                if (mounts_root(text, end, ret))
                        return 0;
        }
        return -ENOENT;
}
