/* SPDX-License-Identifier: MIT */
#pragma once

/* Bytes and strings.
 *
 * Bytes is a borrowed run of bytes from outside (a process name, a path, a unix address): it may hold NUL,
 * newlines, terminal escapes and broken UTF-8. Text is a growing string of ours: always NUL-terminated,
 * always printable UTF-8 once text_escape() was used for everything that came from outside.
 *
 * A Text remembers that memory ran out instead of failing at each call: check text_error() once at the end. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

typedef struct Bytes {
        const char *data; /* NULL: unknown; not NUL-terminated */
        uint32_t size;
} Bytes;

typedef struct Text {
        char *data; /* NULL until the first append; read it through text_string() */
        size_t size;
        size_t allocated;
        bool failed;
} Text;

#define TEXT_NULL ((Text){})

/* Bytes of a C string; NULL gives unknown Bytes. */
Bytes bytes_of(const char *s);

void text_done(Text *t);
/* Empty it, keep its memory. */
void text_clear(Text *t);
/* Never NULL. */
const char *text_string(const Text *t);
/* -ENOMEM when an append failed since the last clear, else 0. */
int text_error(const Text *t);

void text_append(Text *t, const char *s);
void text_append_bytes(Text *t, const void *data, size_t size);
void text_printf(Text *t, const char *format, ...) _printf_(2, 3);

/* How text_escape() altered its input. */
typedef enum TextEscape {
        TEXT_ESCAPED = 1 << 0,   /* something was written as \xNN or \\ */
        TEXT_TRUNCATED = 1 << 1, /* it did not fit */
} TextEscape;

/* Append bytes from outside as printable UTF-8: control bytes, DEL, C1 controls, bidi and other invisible
 * format characters, line and paragraph separators, non-characters and invalid UTF-8 become \xNN byte for byte, a
 * backslash becomes two. At most `max` bytes are appended, cut between characters, never inside an escape.
 * Returns a set of TextEscape. */
unsigned text_escape(Text *t, Bytes in, size_t max);

/* The reverse: \xNN and \\ back into bytes. Returns the size written (never more than the input), or -EINVAL
 * for an escape that text_escape() does not write. */
int text_unescape(const char *in, size_t size, char *ret, size_t *ret_size);

#define _cleanup_text_ _cleanup_(text_done)
