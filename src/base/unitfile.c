/* SPDX-License-Identifier: MIT */

#include "base/unitfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/parse.h"

#define FILE_MAX_ (1u << 20)
#define DROPINS_MAX 256

const char *const unitfile_conf_dirs[] = { "/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd", "/lib/systemd", NULL };
const char *const unitfile_system_dirs[] = { "/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",
                                             "/usr/lib/systemd/system", "/lib/systemd/system", NULL };

/* --- one text -------------------------------------------------------------------------------------- */

typedef struct Line {
        const char *p, *end;
} Line;

static void trim(Line *l) {
        while (l->p != l->end && (*l->p == ' ' || *l->p == '\t'))
                l->p++;
        while (l->p != l->end && (l->end[-1] == ' ' || l->end[-1] == '\t' || l->end[-1] == '\r'))
                l->end--;
}

static bool is(Line l, const char *word) {
        return (size_t) (l.end - l.p) == strlen(word) && memcmp(l.p, word, strlen(word)) == 0;
}

static bool is_section(Line l, const char *section) {
        return l.end - l.p > 2 && l.end[-1] == ']' && is((Line){ l.p + 1, l.end - 1 }, section);
}

/* No continuation lines: none of the values that are asked for has any. */
int unitfile_parse(const char *text, size_t size, const char *section, const char *key, Text *ret) {
        const char *end = text + size, *newline;
        bool inside = false;
        int found = 0;

        for (const char *p = text; p < end; p = newline + 1) {
                Line l, name;
                const char *equals;

                newline = memchr(p, '\n', (size_t) (end - p)) ?: end;
                l = (Line){ p, newline };
                trim(&l);
                if (l.p == l.end || *l.p == '#' || *l.p == ';')
                        continue;
                if (*l.p == '[') {
                        inside = is_section(l, section);
                        continue;
                }
                equals = inside ? memchr(l.p, '=', (size_t) (l.end - l.p)) : NULL;
                if (!equals)
                        continue;
                name = (Line){ l.p, equals };
                l.p = equals + 1;
                trim(&name);
                trim(&l);
                if (!is(name, key))
                        continue;
                text_clear(ret);
                text_append_bytes(ret, l.p, (size_t) (l.end - l.p));
                found = 1;
        }
        return found;
}

/* Months and years are those of systemd. */
static int span_unit(const char *name, size_t size, uint64_t *ret) {
        static const struct {
                const char *names; /* each with a blank on both sides */
                uint64_t seconds;
        } units[] = {
                { " s sec second seconds ", 1 },
                { " m min minute minutes ", 60 },
                { " h hr hour hours ", 3600 },
                { " d day days ", 86400 },
                { " w week weeks ", 604800 },
                { " M month months ", 2629800 },
                { " y year years ", 31557600 },
        };
        char word[16];

        if (size == 0 || size + 3 > sizeof(word))
                return size == 0 ? span_unit("s", 1, ret) : -EINVAL;
        (void) snprintf(word, sizeof(word), " %.*s ", (int) size, name);
        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                if (strstr(units[i].names, word)) {
                        *ret = units[i].seconds * USEC_PER_SEC;
                        return 0;
                }
        return -EINVAL;
}

int unitfile_parse_span(const char *s, uint64_t *ret_usec) {
        static const char digits[] = "0123456789";
        uint64_t sum = 0;

        if (*s == 0)
                return -EINVAL;
        while (*s) {
                char number[24];
                size_t n = strspn(s, digits), length;
                uint64_t v, unit;
                int r;

                (void) snprintf(number, sizeof(number), "%.*s", (int) MIN(n, sizeof(number)), s);
                r = parse_u64(number, 0, UINT64_MAX, &v);
                s += n;
                s += strspn(s, " ");
                length = strcspn(s, " 0123456789");
                if (r >= 0)
                        r = span_unit(s, length, &unit);
                if (r < 0)
                        return r;
                s += length;
                s += strspn(s, " ");
                if (__builtin_mul_overflow(v, unit, &v) || __builtin_add_overflow(sum, v, &sum))
                        return -ERANGE;
        }
        *ret_usec = sum;
        return 0;
}

/* --- files ----------------------------------------------------------------------------------------- */

typedef struct Dropin {
        char name[256];
        size_t directory;
} Dropin;

static int by_name(const void *a, const void *b) {
        const Dropin *x = a, *y = b;

        return strcmp(x->name, y->name) ?: CMP(x->directory, y->directory);
}

static bool is_dropin(const char *name) {
        size_t n = strlen(name);

        return n > 5 && n < sizeof(((Dropin *) NULL)->name) && name[0] != '.' && strcmp(name + n - 5, ".conf") == 0;
}

static void list_dropins(const char *directory, const char *name, size_t number, Dropin *items, size_t *count) {
        char path[512];
        struct dirent *e;
        DIR *d;

        (void) snprintf(path, sizeof(path), "%s/%s.d", directory, name);
        d = opendir(path);
        if (!d)
                return;
        while (*count < DROPINS_MAX && (e = readdir(d)))
                if (is_dropin(e->d_name)) {
                        (void) snprintf(items[*count].name, sizeof(items->name), "%s", e->d_name);
                        items[(*count)++].directory = number;
                }
        (void) closedir(d);
}

/* 1 found, 0 not set there, or negative errno. */
static int read_one(const char *path, const char *section, const char *key, Text *ret) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r = fd_read_at(AT_FDCWD, path, FILE_MAX_, &text, &size);

        return r < 0 ? r : unitfile_parse(text, size, section, key, ret);
}

int unitfile_get(const char *const *directories, const char *name, const char *section, const char *key, Text *ret) {
        _cleanup_free_ Dropin *items = calloc(DROPINS_MAX, sizeof(Dropin));
        size_t count = 0;
        char path[1024];
        int r = -ENOENT;
        bool found;

        if (!items)
                return -ENOMEM;
        for (size_t i = 0; directories[i] && r == -ENOENT; i++) {
                (void) snprintf(path, sizeof(path), "%s/%s", directories[i], name);
                r = read_one(path, section, key, ret);
        }
        if (r < 0 && r != -ENOENT)
                return r;
        found = r > 0;
        for (size_t i = 0; directories[i]; i++)
                list_dropins(directories[i], name, i, items, &count);
        qsort(items, count, sizeof(*items), by_name);
        for (size_t i = 0; i < count; i++) {
                if (i > 0 && strcmp(items[i].name, items[i - 1].name) == 0)
                        continue;
                (void) snprintf(path, sizeof(path), "%s/%s.d/%s", directories[items[i].directory], name, items[i].name);
                r = read_one(path, section, key, ret);
                if (r < 0 && r != -ENOENT)
                        return r;
                found |= r > 0;
        }
        return text_error(ret) < 0 ? -ENOMEM : found ? 0 : -ENOENT;
}
