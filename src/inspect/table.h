/* SPDX-License-Identifier: MIT */
#pragma once

/* Table: rows and columns for a terminal or a pipe. Fits the width of a terminal by cutting the columns that
 * may be cut; elsewhere nothing is cut. Cells must be safe to print (text_escape()); an empty cell is written as "-".
 *
 * The columns that a verb has are an array of TableColumn; which of them are shown is a list of indexes. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/macro.h"
#include "base/text.h"

typedef struct TableColumn {
        const char *name;    /* for --columns */
        const char *heading;
        const char *help;
        bool right;          /* numbers */
        size_t cut;          /* may be cut to fit a terminal, but not below this width; 0: may not */
} TableColumn;

#define TABLE_COLUMNS_MAX 64

/* What to show: indexes of columns, in order. */
typedef struct TableChoice {
        size_t columns[TABLE_COLUMNS_MAX];
        size_t count;
} TableChoice;

/* "a,b,c". -EINVAL with what is wrong, and the list of names, in `message` (as it was given: still to be escaped). */
int table_choose(const TableColumn *columns, size_t count, const char *names, TableChoice *ret, Text *message);

typedef struct Table Table;

int table_new(Table **ret, const TableColumn *columns, const TableChoice *choice, bool headings);
Table *table_free(Table *t);
DEFINE_CLEANUP(Table, table_free)

/* A row whose cells are in the order of the choice. Copied. */
int table_add(Table *t, const Text *cells);
int table_print(Table *t, FILE *f);
