/* SPDX-License-Identifier: MIT */

#include "base/archive.h"

#include <stdlib.h>
#include <string.h>

void archive_bytes(Archive *a, void *value, size_t size) {
        if (a->out) {
                text_append_bytes(a->out, value, size);
                return;
        }
        if (!archive_check(a, size <= a->size)) {
                memset(value, 0, size);
                return;
        }
        if (size > 0)
                memcpy(value, a->data, size);
        a->data += size;
        a->size -= size;
}

bool archive_check(Archive *a, bool ok) {
        a->bad |= !ok;
        return !a->bad;
}

void archive_below(Archive *a, uint8_t *value, unsigned limit) {
        ARCHIVE(a, *value);
        if (!archive_check(a, *value < limit))
                *value = 0;
}

bool archive_bit(Archive *a, bool value) {
        uint8_t bit = value;

        archive_below(a, &bit, 2);
        return bit;
}

void archive_string(Archive *a, char **value) {
        uint16_t size = a->out && *value ? (uint16_t) MIN(strlen(*value), (size_t) ARCHIVE_STRING_MAX) : 0;

        if (!archive_bit(a, *value != NULL)) {
                if (!a->out)
                        *value = NULL;
                return;
        }
        ARCHIVE(a, size);
        if (a->out) {
                archive_bytes(a, *value, size);
                return;
        }
        *value = archive_check(a, size <= a->size) ? malloc(size + 1U) : NULL;
        if (!archive_check(a, *value != NULL))
                return;
        archive_bytes(a, *value, size);
        (*value)[size] = 0;
        archive_check(a, strlen(*value) == size);
}

size_t archive_count(Archive *a, size_t count, size_t least) {
        uint64_t n = count;

        ARCHIVE(a, n);
        return archive_check(a, a->out || n <= a->size / least) ? (size_t) n : 0;
}
