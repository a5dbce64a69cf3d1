/* SPDX-License-Identifier: MIT */

/* Table, on libsmartcols. Its own escaping is off: cells are safe already, and it would write the backslash of our \xNN as \x5c. Its own
 * fitting is not used either: it cuts an address to "127.0" before it cuts a description.
 *
 * The width of characters needs a locale that knows UTF-8, which main() sets. */

#include "inspect/table.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

struct Table {
        struct libscols_table *table;
        bool terminal;
        size_t count;
        struct {
                size_t width; /* of the widest cell so far */
                size_t cut;   /* TableColumn.cut */
        } columns[TABLE_COLUMNS_MAX];
};

static void scols_unref_iterp(struct libscols_iter **i) {
        scols_free_iter(*i);
}

/* Columns on the screen that a string takes, and in *ret_bytes how many bytes of it fit `most` columns. */
static size_t text_width(const char *s, size_t most, size_t *ret_bytes) {
        mbstate_t state = {};
        size_t width = 0, bytes = 0, n;
        wchar_t c;

        for (const char *p = s; *p; p += n) {
                int w = 1;

                n = mbrtowc(&c, p, MB_CUR_MAX, &state);
                if (n == (size_t) -1 || n == (size_t) -2) {
                        state = (mbstate_t){};
                        n = 1;
                } else
                        w = wcwidth(c);
                width += w > 0 ? (size_t) w : 0;
                if (width <= most)
                        bytes = (size_t) (p - s) + n;
        }
        *ret_bytes = bytes;
        return width;
}

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

int table_new(Table **ret, const TableColumn *columns, const TableChoice *choice, bool headings) {
        _cleanup_(table_freep) Table *t = calloc(1, sizeof(Table));

        if (!t)
                return -ENOMEM;
        t->terminal = isatty(STDOUT_FILENO);
        t->table = scols_new_table();
        if (!t->table)
                return -ENOMEM;
        (void) scols_table_enable_noencoding(t->table, 1);
        (void) scols_table_enable_noheadings(t->table, !headings);
        (void) scols_table_set_termforce(t->table, SCOLS_TERMFORCE_NEVER); /* table_fit() does it */
        for (size_t i = 0; i < choice->count; i++) {
                const TableColumn *c = &columns[choice->columns[i]];

                if (!scols_table_new_column(t->table, c->heading, 0, c->right ? SCOLS_FL_RIGHT : 0))
                        return -ENOMEM;
                t->columns[i].width = headings ? strlen(c->heading) : 1;
                t->columns[i].cut = c->cut;
        }
        t->count = choice->count;
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
        for (size_t i = 0; i < t->count; i++) {
                const char *cell = cells[i].size > 0 ? text_string(&cells[i]) : "-";
                size_t bytes;
                int r;

                r = text_error(&cells[i]);
                r = r < 0 ? r : scols_line_set_data(line, i, cell);
                if (r < 0)
                        return r;
                if (t->terminal)
                        t->columns[i].width = MAX(t->columns[i].width, text_width(cell, SIZE_MAX, &bytes));
        }
        return 0;
}

/* Cut what is wider than its column, with a mark in the last place. */
static int cut_cell(struct libscols_cell *cell, size_t width) {
        _cleanup_text_ Text t = TEXT_NULL;
        const char *data = scols_cell_get_data(cell);
        size_t bytes;

        if (text_width(data, width - 1, &bytes) <= width)
                return 0;
        text_append_bytes(&t, data, bytes);
        text_append(&t, "\xe2\x80\xa6"); /* ellipsis */
        return text_error(&t) < 0 ? -ENOMEM : scols_cell_set_data(cell, text_string(&t));
}

/* Narrow the column that has most to spare, again and again, until the table fits or nothing may be cut any more: then lines are
 * longer than the screen. */
static void table_narrow(Table *t, size_t screen) {
        size_t sum = t->count > 0 ? t->count - 1 : 0; /* blanks between columns */

        for (size_t i = 0; i < t->count; i++)
                sum += t->columns[i].width;
        for (; sum > screen; sum--) {
                size_t best = t->count, most = 0;

                for (size_t i = 0; i < t->count; i++) {
                        size_t spare = t->columns[i].width - MIN(t->columns[i].width, t->columns[i].cut);

                        if (t->columns[i].cut > 0 && spare > most) {
                                best = i;
                                most = spare;
                        }
                }
                if (best == t->count)
                        break;
                t->columns[best].width--;
        }
}

static int table_fit(Table *t) {
        _cleanup_(scols_unref_iterp) struct libscols_iter *iter = scols_new_iter(SCOLS_ITER_FORWARD);
        struct libscols_line *line;

        if (!iter)
                return -ENOMEM;
        table_narrow(t, scols_table_get_termwidth(t->table));
        while (scols_table_next_line(t->table, iter, &line) == 0)
                for (size_t i = 0; i < t->count; i++) {
                        int r = t->columns[i].cut > 0 ? cut_cell(scols_line_get_cell(line, i), t->columns[i].width) : 0;

                        if (r < 0)
                                return r;
                }
        return 0;
}

int table_print(Table *t, FILE *f) {
        int r = t->terminal ? table_fit(t) : 0;

        if (r < 0)
                return r;
        (void) scols_table_set_stream(t->table, f);
        return scols_print_table(t->table);
}
