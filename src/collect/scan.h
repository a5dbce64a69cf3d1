/* SPDX-License-Identifier: MIT */
#pragma once

/* A cursor over the text of /proc. Each step moves on only when it found what was asked for; nothing reads
 * past `end`. Unlike base/parse.h, which judges whole strings of users, this takes numbers as the kernel
 * prints them: padded, with leading zeros, one after another. */

#include <stdbool.h>
#include <stdint.h>

typedef struct Scan {
        const char *p, *end;
} Scan;

static inline bool scan_char(Scan *s, char c) {
        if (s->p == s->end || *s->p != c)
                return false;
        s->p++;
        return true;
}

/* Any number of blanks and tabs. */
static inline void scan_blanks(Scan *s) {
        while (s->p != s->end && (*s->p == ' ' || *s->p == '\t'))
                s->p++;
}

/* One run of other characters. */
static inline bool scan_word(Scan *s) {
        const char *start = s->p;

        while (s->p != s->end && *s->p != ' ' && *s->p != '\t' && *s->p != '\n')
                s->p++;
        return s->p != start;
}

static inline bool scan_decimal(Scan *s, uint64_t max, uint64_t *ret) {
        const char *p = s->p;
        uint64_t n = 0;

        for (; p != s->end && *p >= '0' && *p <= '9'; p++) {
                uint64_t digit = (uint64_t) (*p - '0');

                if (digit > max || n > (max - digit) / 10)
                        return false;
                n = n * 10 + digit;
        }
        if (p == s->p)
                return false;
        s->p = p;
        *ret = n;
        return true;
}

static inline int scan_hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return -1;
}

/* 1 to `digits` hexadecimal digits (at most 16), and no further one. */
static inline bool scan_hex(Scan *s, unsigned digits, uint64_t *ret) {
        const char *p = s->p;
        uint64_t n = 0;

        for (int d; p != s->end && (d = scan_hex_digit(*p)) >= 0; p++) {
                if ((unsigned) (p - s->p) >= digits)
                        return false;
                n = n << 4 | (uint64_t) d;
        }
        if (p == s->p)
                return false;
        s->p = p;
        *ret = n;
        return true;
}
