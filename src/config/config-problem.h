/* SPDX-License-Identifier: MIT */
#pragma once

/* Problems: what is wrong with a configuration, with its place, until all of it is known. Private to config*.c. */

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* Where: the file (by its order of reading and its name, borrowed) and a place in it, from 1. line 0: the file as a whole. */
typedef struct Place {
        unsigned order;
        const char *file;
        unsigned line, column;
} Place;

typedef struct Problem {
        unsigned order, line, column;
        size_t number; /* of arrival: keeps the sort stable */
        char *text;    /* the whole line */
} Problem;

typedef struct Problems {
        Problem *items;
        size_t count;
        size_t errors; /* also those that were not kept */
        size_t unkept;
        bool failed;   /* out of memory */
} Problems;

void problems_done(Problems *p);

/* path: of the key, may be empty. The format must not print anything raw that comes from outside: see
 * problem_quote(). */
void problems_error(Problems *p, const Place *place, const char *path, const char *format, ...) _printf_(4, 5);
void problems_warn(Problems *p, const Place *place, const char *path, const char *format, ...) _printf_(4, 5);

/* A value in quotes, escaped and cut to a bearable length. */
#define PROBLEM_QUOTE_MAX 80
const char *problem_quote(const char *value, size_t size, char buffer[PROBLEM_QUOTE_MAX]);

/* Sorted by place, a line each. -ENOMEM or 0. */
int problems_print(Problems *p, Text *messages);
