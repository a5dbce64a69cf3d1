/* SPDX-License-Identifier: MIT */

#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

Bytes bytes_of(const char *s) {
        return (Bytes){ .data = s, .size = s ? (uint32_t) strlen(s) : 0 };
}

void text_done(Text *t) {
        free(t->data);
        *t = TEXT_NULL;
}

void text_clear(Text *t) {
        t->size = 0;
        t->failed = false;
        if (t->data)
                t->data[0] = 0;
}

const char *text_string(const Text *t) {
        return t->data ? t->data : "";
}

int text_error(const Text *t) {
        return t->failed ? -ENOMEM : 0;
}

/* Room for `more` bytes and the NUL. */
static bool text_reserve(Text *t, size_t more) {
        size_t want = t->size + more + 1;
        char *p;

        if (t->failed)
                return false;
        if (want <= t->allocated)
                return true;
        want = MAX(want, t->allocated * 2);
        want = MAX(want, (size_t) 64);
        p = realloc(t->data, want);
        if (!p) {
                t->failed = true;
                return false;
        }
        t->data = p;
        t->allocated = want;
        return true;
}

void text_append_bytes(Text *t, const void *data, size_t size) {
        if (!text_reserve(t, size))
                return;
        if (size > 0)
                memcpy(t->data + t->size, data, size);
        t->size += size;
        t->data[t->size] = 0;
}

void text_append(Text *t, const char *s) {
        text_append_bytes(t, s, strlen(s));
}

void text_printf(Text *t, const char *format, ...) {
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(NULL, 0, format, ap);
        va_end(ap);
        if (n < 0 || !text_reserve(t, (size_t) n)) {
                t->failed = true;
                return;
        }
        va_start(ap, format);
        (void) vsnprintf(t->data + t->size, (size_t) n + 1, format, ap);
        va_end(ap);
        t->size += (size_t) n;
}

/* One character of UTF-8 as RFC 3629 has it: its size and code point, or 0 where there is none (truncated, overlong,
 * surrogate, above U+10FFFF). */
static size_t utf8_decode(const unsigned char *s, size_t n, uint32_t *ret) {
        static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
        uint32_t c;
        size_t size;

        if (s[0] < 0x80) {
                *ret = s[0];
                return 1;
        }
        if (s[0] >= 0xc2 && s[0] <= 0xdf)
                size = 2;
        else if (s[0] >= 0xe0 && s[0] <= 0xef)
                size = 3;
        else if (s[0] >= 0xf0 && s[0] <= 0xf4)
                size = 4;
        else
                return 0;
        if (size > n)
                return 0;
        c = s[0] & (0x7fu >> size);
        for (size_t i = 1; i < size; i++) {
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
                c = c << 6 | (s[i] & 0x3f);
        }
        if (c < least[size] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
                return 0;
        *ret = c;
        return size;
}

/* What a terminal or a reader would act on, hide or reorder instead of showing. */
static bool is_printable(uint32_t c) {
        static const struct {
                uint32_t first, last;
        } hidden[] = {
                { 0x0000, 0x001f }, /* C0 controls */
                { 0x007f, 0x009f }, /* DEL, C1 controls */
                { 0x00ad, 0x00ad }, /* soft hyphen */
                { 0x061c, 0x061c }, /* arabic letter mark */
                { 0x115f, 0x1160 }, /* hangul fillers */
                { 0x17b4, 0x17b5 }, /* khmer inherent vowels */
                { 0x180b, 0x180f }, /* mongolian selectors */
                { 0x200b, 0x200f }, /* zero width, direction marks */
                { 0x2028, 0x202e }, /* separators, bidi embeddings */
                { 0x2060, 0x206f }, /* word joiner, bidi isolates, deprecated */
                { 0x3164, 0x3164 }, /* hangul filler */
                { 0xe000, 0xf8ff }, /* private use */
                { 0xfdd0, 0xfdef }, /* non-characters */
                { 0xfe00, 0xfe0f }, /* variation selectors */
                { 0xfeff, 0xfeff }, /* byte order mark */
                { 0xffa0, 0xffa0 }, /* halfwidth filler */
                { 0xfff0, 0xfffb }, /* interlinear annotation */
                { 0x1d173, 0x1d17a }, /* musical format controls */
                { 0xe0000, 0x10ffff }, /* tags, selectors, private use */
        };

        if ((c & 0xfffe) == 0xfffe)
                return false;
        for (size_t i = 0; i < ELEMENTSOF(hidden) && c >= hidden[i].first; i++)
                if (c <= hidden[i].last)
                        return false;
        return true;
}

unsigned text_escape(Text *t, Bytes in, size_t max) {
        static const char digits[] = "0123456789abcdef";
        const unsigned char *s = (const unsigned char *) in.data;
        unsigned altered = 0;
        size_t used = 0;

        for (size_t i = 0; i < in.size;) {
                uint32_t c = 0;
                size_t size = utf8_decode(s + i, in.size - i, &c), need;
                bool plain = size > 0 && c != '\\' && is_printable(c);
                char out[16];

                if (size == 0)
                        size = 1;
                if (plain) {
                        need = size;
                        memcpy(out, s + i, size);
                } else if (c == '\\') {
                        need = 2;
                        memcpy(out, "\\\\", 2);
                } else {
                        need = 0;
                        for (size_t k = 0; k < size; k++) {
                                out[need++] = '\\';
                                out[need++] = 'x';
                                out[need++] = digits[s[i + k] >> 4];
                                out[need++] = digits[s[i + k] & 15];
                        }
                }
                if (used + need > max)
                        return altered | TEXT_TRUNCATED;
                if (!plain)
                        altered |= TEXT_ESCAPED;
                text_append_bytes(t, out, need);
                used += need;
                i += size;
        }
        return altered;
}

static int hex_value(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return -1;
}

int text_unescape(const char *in, size_t size, char *ret, size_t *ret_size) {
        size_t n = 0;

        for (size_t i = 0; i < size; i++) {
                int high, low;

                if (in[i] != '\\') {
                        ret[n++] = in[i];
                        continue;
                }
                if (i + 1 < size && in[i + 1] == '\\') {
                        ret[n++] = '\\';
                        i++;
                        continue;
                }
                if (i + 3 >= size || in[i + 1] != 'x')
                        return -EINVAL;
                high = hex_value(in[i + 2]);
                low = hex_value(in[i + 3]);
                if (high < 0 || low < 0)
                        return -EINVAL;
                ret[n++] = (char) (high << 4 | low);
                i += 3;
        }
        *ret_size = n;
        return 0;
}
