/* SPDX-License-Identifier: MIT */
#pragma once

/* Pool: objects of one size, of which there may be many, cut from chunks of 2 MB without a header each. A chunk that is empty again goes back to the
 * kernel, but for the last one. All but the first are huge pages (pages.h), where there are any: a small pool takes no more memory than it uses. */

#include <stddef.h>

typedef struct PoolChunk PoolChunk;

typedef struct Pool {
        size_t size;     /* of an object, a multiple of 8; the rest is 0 at first */
        PoolChunk *open; /* chunks that have room */
        size_t chunks;
} Pool;

/* Zeroed; NULL: out of memory. The pool must stay where it is as long as it has objects. */
void *pool_get(Pool *p);
/* Into the pool that it came from; NULL is nothing. */
void pool_put(void *object);
/* It has no objects any more. */
void pool_done(Pool *p);
