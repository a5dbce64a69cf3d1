/* SPDX-License-Identifier: MIT */

/* Key: from the text of one value to a field of a structure, as the row of the table says; and what to tell a user
 * who wrote something else. */

#include "config/config-key.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"

int key_find(Section section, const char *name, size_t size) {
        for (size_t i = 0; i < config_key_count; i++)
                if (config_keys[i].section == section && strlen(config_keys[i].name) == size &&
                    memcmp(config_keys[i].name, name, size) == 0)
                        return (int) i;
        return -ENOENT;
}

/* --- guessing -------------------------------------------------------------------------------------- */

#define GUESS_MAX 24 /* longer words are nobody's misspelling of a key */

/* Levenshtein, with a swap of neighbours as one step. */
static unsigned edit_distance(const char *a, size_t a_size, const char *b, size_t b_size) {
        unsigned d[GUESS_MAX + 1][GUESS_MAX + 1];

        for (size_t i = 0; i <= a_size; i++)
                d[i][0] = (unsigned) i;
        for (size_t j = 0; j <= b_size; j++)
                d[0][j] = (unsigned) j;
        for (size_t i = 1; i <= a_size; i++)
                for (size_t j = 1; j <= b_size; j++) {
                        unsigned best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

                        best = MIN(best, d[i - 1][j] + 1);
                        best = MIN(best, d[i][j - 1] + 1);
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                best = MIN(best, d[i - 2][j - 2] + 1);
                        d[i][j] = best;
                }
        return d[a_size][b_size];
}

bool key_guess(Section section, const char *name, size_t size, char ret[64]) {
        unsigned best = 3;

        if (size < 2 || size > GUESS_MAX)
                return false;
        for (size_t i = 0; i < config_key_count; i++) {
                const Key *k = &config_keys[i];
                unsigned d;

                if (k->section != section)
                        continue;
                d = edit_distance(name, size, k->name, strlen(k->name));
                /* Of two letters, one must be right. */
                if (d < best && d < size) {
                        best = d;
                        (void) snprintf(ret, 64, "%s", k->name);
                }
        }
        if (best < 3)
                return true;

        for (size_t i = 0; i < config_key_count; i++)
                if (config_keys[i].section == section && !key_is_value(&config_keys[i])) {
                        int inner = key_find(config_keys[i].inner, name, size);

                        if (inner < 0)
                                continue;
                        (void) snprintf(ret, 64, "%s.%s", config_keys[i].name, config_keys[inner].name);
                        return true;
                }
        return false;
}

/* --- what was expected ----------------------------------------------------------------------------- */

static void expected_choices(const Key *k, Text *t) {
        const char *separator = "";

        for (unsigned i = 0; i < k->choices; i++) {
                const char *name = k->choice(i);

                if (!name)
                        continue;
                text_printf(t, "%s%s", separator, name);
                separator = k->type == KEY_CHOICES ? ", " : " | ";
        }
}

void key_expected(const Key *k, Text *t) {
        switch (k->type) {
        case KEY_DURATION:
                text_printf(t, "a time from %s to %s", k->min, k->max);
                return;
        case KEY_COUNT:
                text_printf(t, "a number from %s to %s", k->min, k->max);
                return;
        case KEY_SIZE:
                text_printf(t, "a size from %s to %s", k->min, k->max);
                return;
        case KEY_PERCENT:
                text_printf(t, "a percentage from %s to %s", k->min, k->max);
                return;
        case KEY_BOOL:
                text_append(t, "yes or no");
                return;
        case KEY_CHOICES:
                text_append(t, "any of ");
                expected_choices(k, t);
                return;
        case KEY_CHOICE:
                expected_choices(k, t);
                return;
        case KEY_NAME:
                text_append(t, "1 to 64 letters, digits, '-', '_' or '.'");
                return;
        case KEY_GLOBS:
                text_append(t, "a pattern");
                return;
        case KEY_USERS:
                text_append(t, "the name of a user of this host");
                return;
        case KEY_UIDS:
                text_append(t, "a number or a range such as 1000-1999");
                return;
        case KEY_ADDRESSES:
                text_append(t, "an address, a network, :PORT or a named set, with '!' in front to exclude it");
                return;
        case KEY_INLINE:
        case KEY_MATCH:
                text_append(t, "a mapping");
                return;
        case KEY_RULES:
        case KEY_EXCLUDES:
                text_append(t, "a list of mappings");
                return;
        default:
                return;
        }
}

bool key_is_value(const Key *k) {
        return k->type < KEY_INLINE;
}

bool key_is_list(const Key *k) {
        return k->type == KEY_CHOICES || (k->type > KEY_NAME && key_is_value(k));
}

/* --- values ---------------------------------------------------------------------------------------- */

/* Numbers of every kind, from the file or from the table. */
static int number_parse(KeyType type, const char *value, uint64_t *ret) {
        uint32_t hundredths;
        int r;

        switch ((unsigned) type) {
        case KEY_DURATION:
                return parse_duration(value, ret);
        case KEY_SIZE:
                return parse_size(value, ret);
        case KEY_PERCENT:
                r = parse_percent(value, &hundredths);
                if (r >= 0)
                        *ret = hundredths;
                return r;
        default:
                return parse_u64(value, 0, UINT64_MAX, ret);
        }
}

static int number_read(const Key *k, const char *value, uint64_t *ret) {
        uint64_t v, min, max;
        int r;

        r = number_parse(k->type, value, &v);
        if (r < 0)
                return r;
        if (number_parse(k->type, k->min, &min) < 0 || number_parse(k->type, k->max, &max) < 0)
                return -EINVAL;
        if (v < min || v > max)
                return -ERANGE;
        *ret = v;
        return 0;
}

static int choice_read(const Key *k, const char *value, uint64_t *ret) {
        for (unsigned i = 0; i < k->choices; i++) {
                const char *name = k->choice(i);

                if (name && strcmp(name, value) == 0) {
                        *ret = i;
                        return 0;
                }
        }
        return -EINVAL;
}

static int bool_read(const char *value, uint64_t *ret) {
        if (strcmp(value, "yes") == 0 || strcmp(value, "true") == 0)
                *ret = 1;
        else if (strcmp(value, "no") == 0 || strcmp(value, "false") == 0)
                *ret = 0;
        else
                return -EINVAL;
        return 0;
}

static void number_store(void *field, size_t size, uint64_t v) {
        if (size == sizeof(uint64_t))
                *(uint64_t *) field = v;
        else if (size == sizeof(uint32_t))
                *(uint32_t *) field = (uint32_t) v;
        else
                *(bool *) field = v != 0;
}

static int name_set(char **field, const char *value) {
        char *copy;

        if (strlen(value) < 1 || strlen(value) > 64)
                return -EINVAL;
        for (const char *p = value; *p; p++)
                if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
                      *p == '_' || *p == '.' || *p == '-'))
                        return -EINVAL;
        copy = strdup(value);
        if (!copy)
                return -ENOMEM;
        free(*field);
        *field = copy;
        return 0;
}

static int uids_add(Match *m, uint32_t first, uint32_t last) {
        UidRange *p = array_grow(m->uids, m->uid_count, sizeof(UidRange));

        if (!p)
                return -ENOMEM;
        m->uids = p;
        m->uids[m->uid_count++] = (UidRange){ first, last };
        return 0;
}

static int uids_set(Match *m, const char *value) {
        char first[11];
        const char *dash = strchr(value, '-');
        size_t n = dash ? (size_t) (dash - value) : strlen(value);
        uint32_t a, b;
        int r;

        if (n >= sizeof(first))
                return -EINVAL;
        memcpy(first, value, n);
        first[n] = 0;
        /* The largest number means "none". */
        r = parse_u32(first, 0, UINT32_MAX - 1, &a);
        if (r < 0)
                return r;
        b = a;
        if (dash) {
                r = parse_u32(dash + 1, a, UINT32_MAX - 1, &b);
                if (r < 0)
                        return r;
        }
        return uids_add(m, a, b);
}

static int user_set(Match *m, const char *value) {
        const struct passwd *pw = *value ? getpwnam(value) : NULL;

        return pw ? uids_add(m, pw->pw_uid, pw->pw_uid) : -EINVAL;
}

static int addresses_set(AddressSet **set, bool peer, const char *value, const char **ret_why) {
        const char *p = *value == '!' ? value + 1 : value;
        int r;

        if (peer && (*p == '/' || *p == '@')) {
                *ret_why = "expected an address or port, since the path of a unix peer is not known; 'local' takes paths";
                return -EINVAL;
        }
        if (!*set) {
                r = addressset_new(set);
                if (r < 0)
                        return r;
        }
        return addressset_add(*set, value, ret_why);
}

void key_reset(const Key *k, void *structure) {
        if (k->type == KEY_CHOICES)
                number_store((char *) structure + k->offset, k->size, 0);
}

int key_set(const Key *k, void *structure, const char *value, const char **ret_why) {
        void *field = (char *) structure + k->offset;
        uint64_t v;
        int r;

        switch ((unsigned) k->type) {
        case KEY_NAME:
                return name_set(field, value);
        case KEY_GLOBS:
                return *value ? strings_add(field, value) : -EINVAL;
        case KEY_USERS:
                return user_set(structure, value);
        case KEY_UIDS:
                return uids_set(structure, value);
        case KEY_ADDRESSES:
                return addresses_set(field, strcmp(k->name, "peer") == 0, value, ret_why);
        case KEY_BOOL:
                r = bool_read(value, &v);
                break;
        case KEY_CHOICE:
                r = choice_read(k, value, &v);
                break;
        case KEY_CHOICES:
                r = choice_read(k, value, &v);
                if (r >= 0)
                        v = *(unsigned *) field | 1U << v;
                break;
        default:
                r = number_read(k, value, &v);
        }
        if (r < 0)
                return r;
        number_store(field, k->size, v);
        return 0;
}

const char *key_doubt(const Key *k, const char *value) {
        if (k->type != KEY_GLOBS || strpbrk(value, "*?["))
                return NULL;
        if (strcmp(k->name, "comm") == 0 && strlen(value) > 15)
                return "never matches, since the kernel cuts the name of a process after 15 bytes";
        if ((strcmp(k->name, "exe") == 0 || strcmp(k->name, "cgroup") == 0) && *value != '/')
                return "never matches, since it is compared with a whole path";
        if (strcmp(k->name, "unit") == 0 && !strchr(value, '.'))
                return "never matches, since the name of a unit ends in its type, as in nginx.service";
        return NULL;
}

int section_set_defaults(Section section, void *structure) {
        for (size_t i = 0; i < config_key_count; i++) {
                const Key *k = &config_keys[i];
                _cleanup_free_ char *values = NULL;
                const char *why;
                char *next = NULL;
                int r;

                if (k->section != section || !k->initial)
                        continue;
                values = strdup(k->initial);
                if (!values)
                        return -ENOMEM;
                key_reset(k, structure);
                for (char *v = strtok_r(values, ",", &next); v; v = strtok_r(NULL, ",", &next)) {
                        r = key_set(k, structure, v, &why);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}
