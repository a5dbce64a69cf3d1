/* SPDX-License-Identifier: MIT */
#pragma once

/* SocketMap: 64-bit keys to 64-bit values, 16 bytes a slot: a foreign socket costs the ledger one slot and nothing
 * else. It doubles when it is 87 % full, so that filling it is cheap, and gives back what it has too much when it is trimmed: then
 * it is at least two thirds full. Open addressing, linear probing, Robin Hood order, so that a miss ends early at this load. Keys are hashes already mixed with a secret (ledger), 0 is
 * no key, and a value is never 0. Pointers to values are valid until the next put or remove. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct SocketSlot {
        uint64_t key, value;
} SocketSlot;

typedef struct SocketMap {
        SocketSlot *slots;
        size_t capacity, count;
} SocketMap;

void socketmap_done(SocketMap *m);

/* NULL: not there. */
uint64_t *socketmap_find(const SocketMap *m, uint64_t key);
/* This key will be asked for soon: its slot comes from memory meanwhile. */
void socketmap_prefetch(const SocketMap *m, uint64_t key);
/* Insert or replace. -ENOMEM (nothing changed). */
int socketmap_put(SocketMap *m, uint64_t key, uint64_t value);
/* False: was not there. */
bool socketmap_remove(SocketMap *m, uint64_t key);

/* Give back what is empty beyond a third. The caller does it now and then, when growth is over. */
void socketmap_trim(SocketMap *m);

/* Call back for each slot; a value that the callback sets to 0 is removed. It must not put or remove. */
typedef void (*socketmap_visit_t)(void *userdata, uint64_t key, uint64_t *value);
void socketmap_visit(SocketMap *m, socketmap_visit_t visit, void *userdata);

/* Mix two numbers into one key (a folded 128-bit product, as in wyhash, public domain, Wang Yi); chain it for more. */
static inline uint64_t hash_mix(uint64_t a, uint64_t b) {
        unsigned __int128 p = (unsigned __int128) (a ^ 0x9e3779b97f4a7c15ULL) * (b ^ 0xe7037ed1a0b428dbULL);

        return (uint64_t) p ^ (uint64_t) (p >> 64);
}
