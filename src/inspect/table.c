/* SPDX-License-Identifier: MIT */

/* Table, on libsmartcols. Its own escaping is off: cells are safe already, and it would write the backslash of our \xNN as \x5c.
 *
 * The width of characters needs a locale that knows UTF-8, which main() sets. */

#include "inspect/table.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <string.h>
#include <unistd.h>

struct Table {
        struct libscols_table *table;
        size_t columns;
};

static int choose_one(const TableColumn *columns, size_t count, const char *name, size_t size, TableChoice *c) {
        for (size_t i = 0; i < count; i++)
                if (strlen(columns[i].name) == size && memcmp(columns[i].name, name, size) == 0) {
                        if (c->count == TABLE_COLUMNS_MAX)
                                return -EINVAL;
                        c->columns[c->count++] = i;
                        return 0;
                }
        return -EINVAL;
}

int table_choose(const TableColumn *columns, size_t count, const char *names, TableChoice *ret, Text *message) {
        TableChoice c = {};

        for (const char *s = names;; s++) {
                size_t n = strcspn(s, ",");

                if (choose_one(columns, count, s, n, &c) < 0) {
                        text_append(message, "no column is named '");
                        text_append_bytes(message, s, n);
                        text_append(message, "'; there are");
                        for (size_t i = 0; i < count; i++)
                                text_printf(message, "%s %s", i > 0 ? "," : "", columns[i].name);
                        return -EINVAL;
                }
                s += n;
                if (!*s)
                        break;
        }
        *ret = c;
        return 0;
}

static int table_add_column(Table *t, const TableColumn *c, bool terminal) {
        int flags = (c->right ? SCOLS_FL_RIGHT : 0) | (c->cut && terminal ? SCOLS_FL_TRUNC : 0);

        return scols_table_new_column(t->table, c->heading, 0, flags) ? 0 : -ENOMEM;
}

int table_new(Table **ret, const TableColumn *columns, const TableChoice *choice, bool headings) {
        _cleanup_(table_freep) Table *t = calloc(1, sizeof(Table));
        bool terminal = isatty(STDOUT_FILENO);

        if (!t)
                return -ENOMEM;
        t->table = scols_new_table();
        if (!t->table)
                return -ENOMEM;
        (void) scols_table_enable_noencoding(t->table, 1);
        (void) scols_table_enable_noheadings(t->table, !headings);
        /* COLUMNS of the environment must not cut what goes into a pipe. */
        (void) scols_table_set_termforce(t->table, terminal ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
        for (size_t i = 0; i < choice->count; i++)
                if (table_add_column(t, &columns[choice->columns[i]], terminal) < 0)
                        return -ENOMEM;
        t->columns = choice->count;
        *ret = TAKE_PTR(t);
        return 0;
}

Table *table_free(Table *t) {
        if (!t)
                return NULL;
        scols_unref_table(t->table);
        free(t);
        return NULL;
}

int table_add(Table *t, const Text *cells) {
        struct libscols_line *line = scols_table_new_line(t->table, NULL);

        if (!line)
                return -ENOMEM;
        for (size_t i = 0; i < t->columns; i++) {
                int r = text_error(&cells[i]);

                if (r < 0)
                        return r;
                r = scols_line_set_data(line, i, cells[i].size > 0 ? text_string(&cells[i]) : "-");
                if (r < 0)
                        return r;
        }
        return 0;
}

int table_print(Table *t, FILE *f) {
        (void) scols_table_set_stream(t->table, f);
        return scols_print_table(t->table);
}
