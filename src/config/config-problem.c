/* SPDX-License-Identifier: MIT */

/* Problems: collected in the order of finding, told in the order of the file, so that one run of `sockaudit
 * check` shows everything that is wrong. At most PROBLEMS_MAX are kept; a file that is wrong in thousands of
 * places gets the first of them and a count. */

#include "config/config-problem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PROBLEMS_MAX 64

void problems_done(Problems *p) {
        for (size_t i = 0; i < p->count; i++)
                free(p->items[i].text);
        free(p->items);
        *p = (Problems){};
}

static int problems_keep(Problems *p, const Place *place, char *text) {
        Problem *items = array_grow(p->items, p->count, sizeof(Problem));

        if (!items)
                return -ENOMEM;
        p->items = items;
        p->items[p->count] = (Problem){ place->order, place->line, place->column, p->count, text };
        p->count++;
        return 0;
}

_printf_(5, 0)
static void problems_add(Problems *p, const Place *place, const char *path, const char *word, const char *format, va_list ap) {
        _cleanup_text_ Text t = TEXT_NULL;
        _cleanup_free_ char *what = NULL, *line = NULL;

        if (p->count >= PROBLEMS_MAX) {
                p->unkept++;
                return;
        }
        if (vasprintf(&what, format, ap) < 0) {
                what = NULL;
                p->failed = true;
                return;
        }

        (void) text_escape(&t, bytes_of(place->file), 1024);
        if (place->line > 0)
                text_printf(&t, ":%u:%u", place->line, place->column);
        text_append(&t, ": ");
        if (path && *path)
                text_printf(&t, "%s: ", path);
        text_printf(&t, "%s%s", word, what);

        line = strdup(text_string(&t));
        if (text_error(&t) < 0 || !line || problems_keep(p, place, line) < 0)
                p->failed = true;
        else
                line = NULL;
}

void problems_error(Problems *p, const Place *place, const char *path, const char *format, ...) {
        va_list ap;

        p->errors++;
        va_start(ap, format);
        problems_add(p, place, path, "", format, ap);
        va_end(ap);
}

void problems_warn(Problems *p, const Place *place, const char *path, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        problems_add(p, place, path, "warning: ", format, ap);
        va_end(ap);
}

const char *problem_quote(const char *value, size_t size, char buffer[PROBLEM_QUOTE_MAX]) {
        _cleanup_text_ Text t = TEXT_NULL;
        unsigned escape;

        escape = text_escape(&t, (Bytes){ value, (uint32_t) size }, PROBLEM_QUOTE_MAX - sizeof("'...'"));
        (void) snprintf(buffer, PROBLEM_QUOTE_MAX, "'%s%s'", text_string(&t), escape & TEXT_TRUNCATED ? "..." : "");
        return buffer;
}

static int problem_compare(const void *a, const void *b) {
        const Problem *x = a, *y = b;

        return CMP(x->order, y->order) ?: CMP(x->line, y->line) ?: CMP(x->column, y->column) ?:
               CMP(x->number, y->number);
}

int problems_print(Problems *p, Text *messages) {
        if (p->count > 0)
                qsort(p->items, p->count, sizeof(Problem), problem_compare);
        for (size_t i = 0; i < p->count; i++)
                text_printf(messages, "%s\n", p->items[i].text);
        if (p->unkept > 0)
                text_printf(messages, "and %zu more\n", p->unkept);
        return p->failed ? -ENOMEM : text_error(messages);
}
