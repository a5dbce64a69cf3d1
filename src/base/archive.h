/* SPDX-License-Identifier: MIT */
#pragma once

/* Archive: values into bytes, and the same bytes into values again. What a record is made of is written down once, as a row of calls, and works
 * both ways: saving, each call appends the value that it is given; loading, it sets it. The bytes are those of this machine: no other one reads them.
 *
 * What is loaded may be anything. A value that cannot be, or an end that comes too early, makes the archive `bad`, and from then on everything loads as
 * zero: check it once at the end, and before what was loaded is used as a number of something. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

typedef struct Archive {
        Text *out;        /* saving; NULL: loading */
        const char *data; /* loading: what is left */
        size_t size;
        bool bad;
} Archive;

static inline bool archive_loads(const Archive *a) {
        return a->out == NULL;
}

/* A value of a type without pointers and padding. */
#define ARCHIVE(a, value) archive_bytes(a, &(value), sizeof(value))
void archive_bytes(Archive *a, void *value, size_t size);

/* The same; what is loaded must be true of it, else the archive is bad. False: it is bad, or was before. */
bool archive_check(Archive *a, bool ok);

/* A number less than `limit`. */
void archive_below(Archive *a, uint8_t *value, unsigned limit);

/* A bit: what it is, or was. */
bool archive_bit(Archive *a, bool value);

/* A string on the heap, or NULL; of at most ARCHIVE_STRING_MAX bytes, longer ones are cut. Loading, the one before is not freed. */
#define ARCHIVE_STRING_MAX 8192
void archive_string(Archive *a, char **value);

/* How many records follow, of at least `least` bytes each; 0 when it is bad. */
size_t archive_count(Archive *a, size_t count, size_t least);
