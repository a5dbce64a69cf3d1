/* SPDX-License-Identifier: MIT */

/* Fold: making one in empty memory, and opening what another run has left. That is believed only as a whole: every number in it that leads to another place
 * must lead to one that is there. */

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "detect/fold-internal.h"

static size_t names_room(uint32_t rows) {
        return (size_t) rows * FOLD_NAMES_PER_ROW + FOLD_NAMES_LEAST;
}

size_t fold_size(uint32_t rows) {
        return sizeof(FoldHead) + rows * (sizeof(FoldGroup) + sizeof(FoldRow)) + names_room(rows);
}

static uint32_t head_crc(const FoldHead *h) {
        Crc32c c;

        crc32c_init(&c);
        return crc32c(&c, 0, h, offsetof(FoldHead, crc));
}

int fold_attach(Fold **ret, void *memory, uint32_t rows) {
        Fold *f = calloc(1, sizeof(*f));

        if (!f)
                return -ENOMEM;
        f->head = memory;
        f->groups = (FoldGroup *) (f->head + 1);
        f->rows = (FoldRow *) (f->groups + rows);
        f->names = (char *) (f->rows + rows);
        f->due = UINT64_MAX;
        f->notes = calloc(rows, sizeof(*f->notes));
        f->free_groups = calloc(rows, sizeof(uint32_t));
        f->free_rows = calloc(rows, sizeof(uint32_t));
        f->selected = calloc(rows, sizeof(uint32_t));
        if (!f->notes || !f->free_groups || !f->free_rows || !f->selected) {
                fold_free(f);
                return -ENOMEM;
        }
        *ret = f;
        return 0;
}

Fold *fold_free(Fold *f) {
        if (!f)
                return NULL;
        socketmap_done(&f->group_index);
        socketmap_done(&f->row_index);
        socketmap_done(&f->name_index);
        free(f->notes);
        free(f->free_groups);
        free(f->free_rows);
        free(f->selected);
        free(f);
        return NULL;
}

int fold_new(Fold **ret, void *memory, uint32_t rows, const uint64_t secret[2], const char *run) {
        int r = fold_attach(ret, memory, rows);
        FoldHead *h = memory;

        if (r < 0)
                return r;
        *h = (FoldHead){ .version = FOLD_VERSION, .rows = rows, .names = names_room(rows), .secret = { secret[0], secret[1] },
                         .names_used = FOLD_NAMES_BEGIN };
        memcpy(h->run, run, sizeof(h->run));
        memcpy(h->magic, FOLD_MAGIC, sizeof(h->magic));
        h->crc = head_crc(h);
        return 0;
}

/* --- what another run has left --------------------------------------------------------------------- */

static int check_head(const FoldHead *h, size_t size) {
        static const char nothing[sizeof(h->magic)];

        if (size >= sizeof(*h) && memcmp(h->magic, nothing, sizeof(h->magic)) == 0)
                return -ENODATA;
        if (size < sizeof(*h) || memcmp(h->magic, FOLD_MAGIC, sizeof(h->magic)) != 0)
                return -EINVAL;
        if (h->version != FOLD_VERSION)
                return -EPROTONOSUPPORT;
        if (h->crc != head_crc(h) || h->rows == 0 || h->rows > FOLD_ROWS_MAX || h->names != names_room(h->rows) || size != fold_size(h->rows))
                return -EBADMSG;
        if (h->group_count > h->rows || h->row_count > h->rows || h->names_used < FOLD_NAMES_BEGIN || h->names_used > h->names)
                return -EBADMSG;
        if (h->redo.valid > 1 || (h->redo.valid == 1 && (h->redo.row >= h->row_count || h->redo.sums.last == 0)))
                return -EBADMSG;
        for (size_t i = 0; i < sizeof(h->run); i++)
                if (!strchr("0123456789abcdef", h->run[i]) || h->run[i] == 0)
                        return -EBADMSG;
        return 0;
}

/* Names are one behind the other, each with its size before it. */
static bool index_names(Fold *f, int *ret_error) {
        uint64_t at = FOLD_NAMES_BEGIN;

        while (at + sizeof(uint32_t) <= f->head->names_used) {
                Bytes b;

                memcpy(&b.size, f->names + at, sizeof(b.size));
                b.data = f->names + at + sizeof(b.size);
                if (b.size > FOLD_NAME_SIZE_MAX || b.size > f->head->names_used - at - sizeof(b.size))
                        return false;
                *ret_error = socketmap_put(&f->name_index, fold_hash(f->head->secret[0], b.data, b.size) ?: 1, at);
                if (*ret_error < 0)
                        return false;
                at += sizeof(b.size) + b.size;
        }
        return at == f->head->names_used;
}

/* 0: none. */
static bool is_name(const Fold *f, uint32_t name) {
        Bytes b;
        uint64_t *found;

        if (name == 0)
                return true;
        if (name < FOLD_NAMES_BEGIN || name + sizeof(uint32_t) > f->head->names_used)
                return false;
        b = fold_name(f, name);
        if (b.size > f->head->names_used - name - sizeof(uint32_t))
                return false;
        found = socketmap_find(&f->name_index, fold_hash(f->head->secret[0], b.data, b.size) ?: 1);
        return found && *found == name;
}

static bool is_group(const Fold *f, const FoldGroup *g) {
        if (g->by >> _FOLD_BY_MAX != 0 || g->direction >= _DIRECTION_MAX || g->transport >= _TRANSPORT_MAX || socketmap_find(&f->group_index, g->key))
                return false;
        for (FoldName n = 0; n < _FOLD_NAME_MAX; n++)
                if (!is_name(f, g->names[n]))
                        return false;
        return true;
}

static bool is_row(const Fold *f, const FoldRow *r) {
        return r->group < f->head->group_count && f->groups[r->group].key != 0 && r->key != 0 && !socketmap_find(&f->row_index, r->key) &&
                is_name(f, r->path) && r->family < _FAMILY_MAX && r->sums.first != 0 && r->sums.first <= r->sums.last;
}

static int index_groups(Fold *f) {
        int r = 0;

        for (uint32_t i = 0; i < f->head->group_count && r >= 0; i++) {
                if (f->groups[i].key == 0)
                        f->free_groups[f->free_group_count++] = i;
                else
                        r = is_group(f, &f->groups[i]) ? socketmap_put(&f->group_index, f->groups[i].key, i + 1) : -EBADMSG;
        }
        f->due = f->head->group_count > 0 ? 0 : UINT64_MAX; /* the first question finds out */
        return r;
}

/* With the sums that the row of redo is to have, which are written only when everything is believed. */
static int index_rows(Fold *f) {
        int r = 0;

        for (uint32_t i = 0; i < f->head->row_count && r >= 0; i++) {
                FoldRow row = f->rows[i];

                if (f->head->redo.valid && f->head->redo.row == i)
                        row.sums = f->head->redo.sums;
                if (row.sums.last == 0)
                        f->free_rows[f->free_row_count++] = i;
                else {
                        r = is_row(f, &row) ? socketmap_put(&f->row_index, row.key, i + 1) : -EBADMSG;
                        if (r >= 0)
                                fold_note_row(f, &row);
                }
        }
        return r;
}

int fold_open(Fold **ret, void *memory, size_t size) {
        _cleanup_(fold_freep) Fold *f = NULL;
        const FoldHead *h = memory;
        int r = check_head(h, size);

        if (r >= 0)
                r = fold_attach(&f, memory, h->rows);
        if (r < 0)
                return r;
        if (!index_names(f, &r))
                return r < 0 ? r : -EBADMSG;
        r = index_groups(f);
        if (r >= 0)
                r = index_rows(f);
        if (r < 0)
                return r;
        fold_redo(f);
        *ret = TAKE_PTR(f);
        return 0;
}

uint64_t fold_telling(const Fold *f, const char **ret_run) {
        *ret_run = f->head->run;
        return f->head->telling;
}
