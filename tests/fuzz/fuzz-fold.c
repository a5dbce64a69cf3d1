/* SPDX-License-Identifier: MIT */

/* Sums that another run has left, with some bytes changed: four bytes a change, three of them say where. They are refused, or can be told, counted on, opened again, and
 * then are the same. */

#include <stdlib.h>
#include <string.h>

#include "detect/fold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROWS 8
#define RUN "0123456789abcdef0123456789abcdef"

static const FoldSpec spec = { .by = 1 << FOLD_BY_EXE | 1 << FOLD_BY_UNIT, .every = 60, .first = 1 };

static int add(Fold *f, const char *exe, uint8_t peer) {
        FoldFacts x = { .names = { [FOLD_EXE] = bytes_of(exe), [FOLD_RULE] = bytes_of("web") }, .peer = { .family = FAMILY_IPV4, .ip = { 127, 0, 0, peer } } };
        FoldSums one = { .n = { 1, 2, 3, 4, 5, 6, 7, 8 }, .first = 10, .last = 20 };
        uint32_t group;
        int r;

        if (peer % 2) {
                x.peer = (FoldPeer){ .family = FAMILY_UNIX };
                x.peer.path = bytes_of("/run/x");
        }
        r = fold_group(f, &spec, &x, 20, &group);
        return r < 0 ? r : fold_add(f, group, &x.peer, &one);
}

static bool all(void *userdata, const Fold *f, const FoldGroup *g, uint64_t since) {
        return true;
}

/* Reads all that it leads to. */
static uint64_t digest(Fold *f) {
        size_t count = fold_select(f, all, NULL);
        uint64_t sum = count;

        for (size_t i = 0; i < count; i++) {
                const FoldRow *row = fold_row(f, i);
                const FoldGroup *g = fold_group_of(f, row);
                Bytes b = fold_name(f, row->path);

                for (uint32_t k = 0; k < b.size; k++)
                        sum = sum * 31 + (uint8_t) b.data[k];
                for (FoldName n = 0; n < _FOLD_NAME_MAX; n++) {
                        b = fold_name(f, g->names[n]);
                        for (uint32_t k = 0; k < b.size; k++)
                                sum = sum * 31 + (uint8_t) b.data[k];
                }
                for (FoldSum s = 0; s < _FOLD_SUM_MAX; s++)
                        sum = sum * 31 + row->sums.n[s];
        }
        return sum;
}

static void *make(size_t size) {
        static const uint64_t secret[2] = { 5, 6 };
        void *memory = calloc(1, size);
        Fold *f;

        if (!memory || fold_new(&f, memory, ROWS, secret, RUN) < 0)
                abort();
        for (uint8_t i = 1; i < 5; i++)
                if (add(f, i % 3 ? "/a" : "/bb", i) < 0)
                        abort();
        (void) fold_select(f, all, NULL);
        fold_tell_begin(f, 1, 2, 7);
        fold_free(f);
        return memory;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static void *good, *memory;
        size_t whole = fold_size(ROWS);
        uint64_t before;
        Fold *f;

        if (!good) {
                good = make(whole);
                memory = malloc(whole);
        }
        if (!memory)
                abort();
        memcpy(memory, good, whole);
        for (size_t i = 0; i + 4 <= size; i += 4)
                ((uint8_t *) memory)[(data[i] | (size_t) data[i + 1] << 8 | (size_t) data[i + 2] << 16) % whole] = data[i + 3];
        if (fold_open(&f, memory, whole) < 0)
                return 0;
        fold_recover(f, size % 2, RUN);
        before = digest(f);
        fold_free(f);
        if (fold_open(&f, memory, whole) < 0)
                abort(); /* it was good */
        fold_recover(f, true, RUN);
        if (digest(f) != before)
                abort();
        (void) add(f, "/ccc", 9);
        (void) add(f, "/a", 1);
        fold_forget(f, UINT64_MAX);
        for (size_t i = 0, count = fold_select(f, all, NULL); i < count; i++) {
                fold_tell_begin(f, i, i + 1, i + 1);
                fold_tell_end(f, i, i + 1);
        }
        fold_reset(f);
        if (add(f, "/a", 2) < 0)
                abort();
        fold_free(f);
        return 0;
}
