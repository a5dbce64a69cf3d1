/* SPDX-License-Identifier: MIT */

#include "base/parse.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/macro.h"

/* Digits from *s on; moves *s behind them. */
static int parse_digits(const char **s, uint64_t *ret) {
        const char *p = *s;
        uint64_t v = 0;

        if (*p < '0' || *p > '9')
                return -EINVAL;
        if (p[0] == '0' && p[1] >= '0' && p[1] <= '9')
                return -EINVAL;
        for (; *p >= '0' && *p <= '9'; p++)
                if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t) (*p - '0'), &v))
                        return -ERANGE;
        *s = p;
        *ret = v;
        return 0;
}

int parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret) {
        uint64_t v;
        int r;

        /* A long row of digits is a number, only too big a one: the rest must be looked at before saying so. */
        if (s[strspn(s, "0123456789")] != 0)
                return -EINVAL;
        r = parse_digits(&s, &v);
        if (r < 0)
                return r;
        if (v < min || v > max)
                return -ERANGE;
        *ret = v;
        return 0;
}

int parse_u32(const char *s, uint32_t min, uint32_t max, uint32_t *ret) {
        uint64_t v;
        int r = parse_u64(s, min, max, &v);

        if (r < 0)
                return r;
        *ret = (uint32_t) v;
        return 0;
}

int parse_hex64(const char *s, uint64_t *ret) {
        size_t n = strspn(s, "0123456789abcdefABCDEF");
        uint64_t v = 0;

        if (n == 0 || s[n] != 0)
                return -EINVAL;
        if (n > 16)
                return -ERANGE;
        for (; *s; s++)
                v = v << 4 | (uint64_t) (*s <= '9' ? *s - '0' : (*s | 0x20) - 'a' + 10);
        *ret = v;
        return 0;
}

int parse_duration(const char *s, uint64_t *ret_usec) {
        static const struct {
                const char *name;
                uint64_t usec;
        } units[] = {
                /* longer names first: "ms" is not "m" */
                { "us", 1 },
                { "ms", USEC_PER_MSEC },
                { "s", USEC_PER_SEC },
                { "m", 60 * USEC_PER_SEC },
                { "h", 3600 * USEC_PER_SEC },
                { "d", 24 * 3600 * USEC_PER_SEC },
        };
        uint64_t sum = 0;

        if (strcmp(s, "0") == 0) {
                *ret_usec = 0;
                return 0;
        }
        if (*s == 0)
                return -EINVAL;
        while (*s) {
                uint64_t v;
                size_t u;
                int r = parse_digits(&s, &v);

                if (r < 0)
                        return r;
                for (u = 0; u < ELEMENTSOF(units); u++)
                        if (strncmp(s, units[u].name, strlen(units[u].name)) == 0)
                                break;
                if (u == ELEMENTSOF(units))
                        return -EINVAL;
                s += strlen(units[u].name);
                if (__builtin_mul_overflow(v, units[u].usec, &v) || __builtin_add_overflow(sum, v, &sum))
                        return -ERANGE;
        }
        *ret_usec = sum;
        return 0;
}

int parse_size(const char *s, uint64_t *ret) {
        static const char units[] = "KMGT";
        uint64_t v;
        int r = parse_digits(&s, &v);

        if (r < 0)
                return r;
        if (*s) {
                const char *u = strchr(units, *s);

                if (!u || s[1] != 0)
                        return -EINVAL;
                for (ptrdiff_t power = u - units; power >= 0; power--)
                        if (__builtin_mul_overflow(v, 1024, &v))
                                return -ERANGE;
        }
        *ret = v;
        return 0;
}

int parse_percent(const char *s, uint32_t *ret) {
        uint64_t v;
        uint32_t hundredths = 0;
        int r = parse_digits(&s, &v);

        if (r < 0)
                return r;
        if (*s == '.') {
                uint32_t scale = 10;
                const char *start = ++s;

                for (; *s >= '0' && *s <= '9' && scale > 0; s++, scale /= 10)
                        hundredths += (uint32_t) (*s - '0') * scale;
                if (s == start)
                        return -EINVAL;
        }
        if (strcmp(s, "%") != 0)
                return -EINVAL;
        if (v > 100 || v * 100 + hundredths > 10000 || v * 100 + hundredths == 0)
                return -ERANGE;
        *ret = (uint32_t) v * 100 + hundredths;
        return 0;
}
