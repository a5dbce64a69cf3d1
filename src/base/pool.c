/* SPDX-License-Identifier: MIT */

#include "base/pool.h"

#include <stdint.h>
#include <string.h>

#include "base/pages.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#ifdef __SANITIZE_ADDRESS__

#include <stdlib.h>

/* Each by itself: so it shows what is used after it was put back, and what never was. */
void *pool_get(Pool *p) {
        return calloc(1, p->size);
}

void pool_put(void *object) {
        free(object);
}

void pool_done(Pool *p) {
        (void) p;
}

#else

typedef struct PoolFree {
        struct PoolFree *next;
} PoolFree;

struct PoolChunk {
        Pool *pool;
        PoolChunk *next, *previous; /* of those that have room */
        PoolFree *free;             /* what was put back */
        size_t used;                /* objects that are not free */
        size_t cut;                 /* objects that ever were; what is behind them was not touched yet */
};

/* Objects of a chunk. */
static size_t room_of(const Pool *p) {
        return (PAGES_HUGE - sizeof(PoolChunk)) / p->size;
}

static void chunk_open(Pool *p, PoolChunk *c) {
        c->previous = NULL;
        c->next = p->open;
        if (c->next)
                c->next->previous = c;
        p->open = c;
}

static void chunk_close(Pool *p, const PoolChunk *c) {
        if (c->next)
                c->next->previous = c->previous;
        if (c->previous)
                c->previous->next = c->next;
        else
                p->open = c->next;
}

static PoolChunk *chunk_new(Pool *p) {
        PoolChunk *c = pages_new(PAGES_HUGE, p->chunks > 0);

        if (!c)
                return NULL;
        c->pool = p;
        chunk_open(p, c);
        p->chunks++;
        return c;
}

static void chunk_free(Pool *p, PoolChunk *c) {
        chunk_close(p, c);
        p->chunks--;
        pages_free(c, PAGES_HUGE);
}

void *pool_get(Pool *p) {
        PoolChunk *c = p->open ?: chunk_new(p);
        void *object;

        if (!c)
                return NULL;
        if (c->free) {
                object = c->free;
                c->free = c->free->next;
                memset(object, 0, p->size);
        } else
                object = (char *) (c + 1) + p->size * c->cut++;
        if (++c->used == room_of(p))
                chunk_close(p, c);
        return object;
}

void pool_put(void *object) {
        PoolChunk *c = (PoolChunk *) ((uintptr_t) object & ~(PAGES_HUGE - 1));
        PoolFree *f = object;

        if (!object)
                return;
        if (c->used-- == room_of(c->pool))
                chunk_open(c->pool, c);
        f->next = c->free;
        c->free = f;
        if (c->used == 0 && c->pool->chunks > 1)
                chunk_free(c->pool, c);
}

void pool_done(Pool *p) {
        while (p->open)
                chunk_free(p, p->open);
}

#endif
