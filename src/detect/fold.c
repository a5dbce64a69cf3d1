/* SPDX-License-Identifier: MIT */

#include "detect/fold.h"

#include <errno.h>
#include <string.h>

#include "detect/fold-internal.h"

uint64_t fold_hash(uint64_t h, const void *data, size_t size) {
        const char *p = data;

        h = hash_mix(h, size);
        for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
                uint64_t part = 0;

                memcpy(&part, p + i, MIN(sizeof(part), size - i));
                h = hash_mix(h, part);
        }
        return h;
}

int64_t fold_origin(const Fold *f, const char **ret_boot) {
        *ret_boot = f->head->boot;
        return f->head->offset;
}

void fold_set_origin(Fold *f, const char *boot, int64_t offset) {
        STORE_LAST(f->head->offset, offset);
        memcpy(f->head->boot, boot, sizeof(f->head->boot));
}

uint32_t fold_capacity(const Fold *f) {
        return f->head->rows;
}

/* --- names ----------------------------------------------------------------------------------------- */

Bytes fold_name(const Fold *f, uint32_t name) {
        Bytes b = {};

        if (name == 0)
                return b;
        memcpy(&b.size, f->names + name, sizeof(b.size));
        b.data = f->names + name + sizeof(b.size);
        return b;
}

/* The number of these bytes. */
static int keep_name(Fold *f, Bytes b, uint32_t *ret) {
        FoldHead *h = f->head;
        uint64_t key, *found;
        int r;

        *ret = 0;
        if (!b.data)
                return 0;
        b.size = MIN(b.size, (uint32_t) FOLD_NAME_SIZE_MAX);
        key = fold_hash(h->secret[0], b.data, b.size) ?: 1;
        found = socketmap_find(&f->name_index, key);
        if (found) {
                *ret = (uint32_t) *found;
                return 0;
        }
        if (sizeof(b.size) + b.size > h->names - h->names_used)
                return -ENOSPC;
        r = socketmap_put(&f->name_index, key, h->names_used);
        if (r < 0)
                return r;
        *ret = (uint32_t) h->names_used;
        memcpy(f->names + h->names_used, &b.size, sizeof(b.size));
        memcpy(f->names + h->names_used + sizeof(b.size), b.data, b.size);
        STORE_LAST(h->names_used, h->names_used + sizeof(b.size) + b.size);
        return 0;
}

/* --- combinations ---------------------------------------------------------------------------------- */

static bool has(unsigned by, FoldBy what) {
        return by >> what & 1;
}

/* Which names are part of a combination; the rule always is. */
static bool has_name(unsigned by, FoldName name) {
        static const FoldBy asked[_FOLD_NAME_MAX] = {
                [FOLD_EXE] = FOLD_BY_EXE,   [FOLD_COMM] = FOLD_BY_COMM,           [FOLD_UNIT] = FOLD_BY_UNIT,
                [FOLD_USER_UNIT] = FOLD_BY_UNIT, [FOLD_CONTAINER] = FOLD_BY_CONTAINER,
        };

        return name == FOLD_RULE || has(by, asked[name]);
}

static uint64_t hash_peer(uint64_t h, const FoldPeer *peer) {
        h = fold_hash(hash_mix(h, peer->family), peer->ip, sizeof(peer->ip));
        return peer->path.data ? fold_hash(h, peer->path.data, peer->path.size) : h;
}

/* All but names and key. */
static FoldGroup group_of(const FoldSpec *spec, const FoldFacts *x, uint64_t now) {
        unsigned by = spec->by;
        bool netns = has(by, FOLD_BY_NETNS);

        return (FoldGroup){
                .by = by,
                .every = spec->every,
                .first = (uint32_t) spec->first,
                .used_at = now,
                .netns = netns ? x->netns : 0,
                .netns_inode = netns ? x->netns_inode : 0,
                .uid = has(by, FOLD_BY_USER) ? x->uid : PROCESS_UNKNOWN,
                .local_port = has(by, FOLD_BY_LOCAL_PORT) ? x->local_port : 0,
                .peer_port = has(by, FOLD_BY_PEER_PORT) ? x->peer_port : 0,
                .direction = has(by, FOLD_BY_DIRECTION) ? x->direction : 0,
                .transport = has(by, FOLD_BY_TRANSPORT) ? x->transport : 0,
        };
}

static uint64_t key_of_group(const Fold *f, const FoldGroup *g, const FoldFacts *x) {
        const uint64_t numbers[] = { g->by, g->every, g->first, g->netns, g->uid, g->local_port, g->peer_port, g->direction, g->transport };
        uint64_t h = fold_hash(f->head->secret[1], numbers, sizeof(numbers));

        for (FoldName n = 0; n < _FOLD_NAME_MAX; n++)
                if (has_name(g->by, n) && x->names[n].data)
                        h = fold_hash(h ^ n, x->names[n].data, x->names[n].size);
        return (has(g->by, FOLD_BY_PEER) ? hash_peer(h, &x->peer) : h) ?: 1;
}

static int group_put(Fold *f, const FoldGroup *new, uint64_t key, uint32_t *ret) {
        FoldHead *h = f->head;
        bool again = f->free_group_count > 0;
        uint32_t i = again ? f->free_groups[f->free_group_count - 1] : h->group_count;
        int r;

        if (i == h->rows)
                return -ENOSPC;
        r = socketmap_put(&f->group_index, key, i + 1);
        if (r < 0)
                return r;
        f->groups[i] = *new;
        STORE_LAST(f->groups[i].key, key);
        if (again)
                f->free_group_count--;
        else
                STORE_LAST(h->group_count, i + 1);
        f->notes[i] = (struct FoldNote){};
        f->due = MIN(f->due, new->used_at + FOLD_FORGET);
        *ret = i;
        return 0;
}

int fold_group(Fold *f, const FoldSpec *spec, const FoldFacts *facts, uint64_t now, uint32_t *ret) {
        FoldGroup g = group_of(spec, facts, now);
        uint64_t key = key_of_group(f, &g, facts), *found = socketmap_find(&f->group_index, key);
        int r = 0;

        if (found) {
                *ret = (uint32_t) *found - 1;
                f->groups[*ret].used_at = now;
                return 0;
        }
        for (FoldName n = 0; n < _FOLD_NAME_MAX && r >= 0; n++)
                if (has_name(g.by, n))
                        r = keep_name(f, facts->names[n], &g.names[n]);
        return r < 0 ? r : group_put(f, &g, key, ret);
}

bool fold_wants_first(const Fold *f, const FoldSpec *spec, const FoldFacts *facts) {
        FoldGroup g = group_of(spec, facts, 0);
        const uint64_t *found = socketmap_find(&f->group_index, key_of_group(f, &g, facts));
        uint32_t told = found ? f->groups[*found - 1].told : 0;

        return told < g.first;
}

bool fold_takes_first(Fold *f, uint32_t group) {
        FoldGroup *g = &f->groups[group];

        if (g->told >= g->first)
                return false;
        g->told++;
        return true;
}

/* --- rows ------------------------------------------------------------------------------------------ */

void fold_note_row(Fold *f, const FoldRow *row) {
        const FoldGroup *g = &f->groups[row->group];
        uint64_t *since = &f->notes[row->group].since;

        *since = *since == 0 ? row->sums.first : MIN(*since, row->sums.first);
        if (g->every != 0)
                f->due = MIN(f->due, *since + g->every);
}

void fold_redo(Fold *f) {
        FoldHead *h = f->head;

        if (!h->redo.valid)
                return;
        f->rows[h->redo.row].sums = h->redo.sums;
        STORE_LAST(h->redo.valid, 0);
}

static int row_put(Fold *f, uint32_t group, const FoldPeer *peer, uint64_t key, uint32_t *ret) {
        FoldHead *h = f->head;
        bool again = f->free_row_count > 0;
        uint32_t i = again ? f->free_rows[f->free_row_count - 1] : h->row_count, path;
        int r = i == h->rows ? -ENOSPC : keep_name(f, peer->path, &path);

        if (r >= 0)
                r = socketmap_put(&f->row_index, key, i + 1);
        if (r < 0)
                return r;
        f->rows[i] = (FoldRow){ .key = key, .group = group, .path = path, .family = peer->family };
        memcpy(f->rows[i].ip, peer->ip, sizeof(peer->ip));
        if (again)
                f->free_row_count--;
        else
                STORE_LAST(h->row_count, i + 1);
        *ret = i;
        return 0;
}

int fold_add(Fold *f, uint32_t group, const FoldPeer *peer, const FoldSums *more) {
        uint64_t key = hash_peer(f->groups[group].key, peer) ?: 1, *found = socketmap_find(&f->row_index, key);
        FoldSums *new = &f->head->redo.sums;
        uint32_t i = found ? (uint32_t) *found - 1 : 0;
        int r = found ? 0 : row_put(f, group, peer, key, &i);

        if (r < 0)
                return r;
        *new = f->rows[i].sums;
        for (FoldSum s = 0; s < _FOLD_SUM_MAX; s++)
                new->n[s] += more->n[s];
        new->first = new->last == 0 ? more->first : MIN(new->first, more->first);
        new->last = MAX(new->last, more->last);
        f->head->redo.row = i;
        STORE_LAST(f->head->redo.valid, 1);
        fold_redo(f);
        fold_note_row(f, &f->rows[i]);
        return 0;
}

static void row_free(Fold *f, uint32_t i) {
        FoldRow *row = &f->rows[i];

        (void) socketmap_remove(&f->row_index, row->key);
        STORE_LAST(row->sums.last, 0);
        row->batch = 0;
        f->free_rows[f->free_row_count++] = i;
}

/* --- telling --------------------------------------------------------------------------------------- */

uint64_t fold_due(const Fold *f) {
        return f->due;
}

static int compare_bytes(Bytes a, Bytes b) {
        uint32_t size = MIN(a.size, b.size);

        return (size > 0 ? memcmp(a.data, b.data, size) : 0) ?: CMP(a.size, b.size);
}

static int compare_rows(const void *a, const void *b, void *userdata) {
        const Fold *f = userdata;
        const FoldRow *x = &f->rows[*(const uint32_t *) a], *y = &f->rows[*(const uint32_t *) b];
        int d = CMP(x->group, y->group);

        d = d ?: CMP(x->family, y->family);
        d = d ?: memcmp(x->ip, y->ip, sizeof(x->ip));
        return d ?: compare_bytes(fold_name(f, x->path), fold_name(f, y->path));
}

/* When it is to be told, or forgotten. */
static uint64_t due_of(const Fold *f, uint32_t group) {
        const FoldGroup *g = &f->groups[group];
        uint64_t since = f->notes[group].since;

        if (since == 0)
                return g->used_at + FOLD_FORGET;
        return g->every != 0 ? since + g->every : UINT64_MAX;
}

/* Which are wanted; and when the first one of the others is due. */
static void select_groups(Fold *f, fold_wanted_t wanted, void *userdata) {
        f->due = UINT64_MAX;
        for (uint32_t i = 0; i < f->head->group_count; i++) {
                const FoldGroup *g = &f->groups[i];
                struct FoldNote *note = &f->notes[i];

                note->wanted = g->key != 0 && note->since != 0 && wanted(userdata, f, g, note->since);
                if (note->wanted)
                        note->since = 0;
                if (g->key != 0)
                        f->due = MIN(f->due, due_of(f, i));
        }
}

size_t fold_select(Fold *f, fold_wanted_t wanted, void *userdata) {
        size_t count = 0;

        select_groups(f, wanted, userdata);
        for (uint32_t i = 0; i < f->head->row_count; i++)
                if (f->rows[i].sums.last != 0 && f->notes[f->rows[i].group].wanted)
                        f->selected[count++] = i;
        qsort_r(f->selected, count, sizeof(uint32_t), compare_rows, f);
        return count;
}

const FoldRow *fold_row(const Fold *f, size_t number) {
        return &f->rows[f->selected[number]];
}

const FoldGroup *fold_group_of(const Fold *f, const FoldRow *row) {
        return &f->groups[row->group];
}

void fold_tell_begin(Fold *f, size_t from, size_t to, uint64_t seq) {
        for (size_t i = from; i < to; i++)
                f->rows[f->selected[i]].batch = seq;
        STORE_LAST(f->head->telling, seq);
}

void fold_tell_end(Fold *f, size_t from, size_t to) {
        for (size_t i = from; i < to; i++)
                row_free(f, f->selected[i]);
        STORE_LAST(f->head->telling, 0);
}

void fold_recover(Fold *f, bool told, const char *run) {
        FoldHead *h = f->head;

        for (uint32_t i = 0; i < h->row_count; i++) {
                FoldRow *row = &f->rows[i];

                if (row->sums.last != 0 && told && h->telling != 0 && row->batch == h->telling)
                        row_free(f, i);
                row->batch = 0;
        }
        STORE_LAST(h->telling, 0);
        memcpy(h->run, run, sizeof(h->run));
}

void fold_forget(Fold *f, uint64_t now) {
        for (uint32_t i = 0; i < f->head->group_count; i++) {
                FoldGroup *g = &f->groups[i];

                if (g->key == 0 || f->notes[i].since != 0 || g->used_at + FOLD_FORGET > now)
                        continue;
                (void) socketmap_remove(&f->group_index, g->key);
                STORE_LAST(g->key, 0);
                f->free_groups[f->free_group_count++] = i;
        }
}

void fold_reset(Fold *f) {
        FoldHead *h = f->head;

        socketmap_done(&f->group_index);
        socketmap_done(&f->row_index);
        socketmap_done(&f->name_index);
        f->free_group_count = f->free_row_count = 0;
        f->due = UINT64_MAX;
        STORE_LAST(h->row_count, 0);
        STORE_LAST(h->group_count, 0);
        STORE_LAST(h->names_used, FOLD_NAMES_BEGIN);
}
