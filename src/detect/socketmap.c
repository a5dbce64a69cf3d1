/* SPDX-License-Identifier: MIT */

#include "detect/socketmap.h"

#include <errno.h>
#include <stdlib.h>

#include "base/macro.h"

#define CAPACITY_MIN 64

void socketmap_done(SocketMap *m) {
        free(m->slots);
        *m = (SocketMap){};
}

/* Home slot of a key: the high half of a product, so that any capacity will do. */
static size_t home_of(const SocketMap *m, uint64_t key) {
        return (size_t) (((unsigned __int128) (key * 0x9e3779b97f4a7c15ULL) * m->capacity) >> 64);
}

static size_t next_of(const SocketMap *m, size_t i) {
        return i + 1 == m->capacity ? 0 : i + 1;
}

/* How far slot i is from the home of the key in it. */
static size_t distance_of(const SocketMap *m, size_t i) {
        size_t home = home_of(m, m->slots[i].key);

        return i >= home ? i - home : i + m->capacity - home;
}

static size_t index_of(const SocketMap *m, uint64_t key) {
        size_t i;

        if (m->count == 0)
                return SIZE_MAX;
        i = home_of(m, key);
        for (size_t distance = 0;; distance++, i = next_of(m, i)) {
                if (m->slots[i].key == key)
                        return i;
                if (m->slots[i].key == 0 || distance_of(m, i) < distance)
                        return SIZE_MAX;
        }
}

uint64_t *socketmap_find(const SocketMap *m, uint64_t key) {
        size_t i = index_of(m, key);

        return i == SIZE_MAX ? NULL : &m->slots[i].value;
}

/* A key that is not there, into a map that has room. */
static void insert(SocketMap *m, SocketSlot new) {
        size_t i = home_of(m, new.key);

        for (size_t distance = 0;; distance++, i = next_of(m, i)) {
                size_t there;

                if (m->slots[i].key == 0) {
                        m->slots[i] = new;
                        m->count++;
                        return;
                }
                there = distance_of(m, i);
                if (there < distance) {
                        /* The one that is nearer to its home gives way. */
                        SocketSlot displaced = m->slots[i];
                        m->slots[i] = new;
                        new = displaced;
                        distance = there;
                }
        }
}

static int resize(SocketMap *m, size_t capacity) {
        SocketMap bigger = { .slots = calloc(capacity, sizeof(SocketSlot)), .capacity = capacity };

        if (!bigger.slots)
                return -ENOMEM;
        for (size_t i = 0; i < m->capacity; i++)
                if (m->slots[i].key != 0)
                        insert(&bigger, m->slots[i]);
        free(m->slots);
        *m = bigger;
        return 0;
}

int socketmap_put(SocketMap *m, uint64_t key, uint64_t value) {
        uint64_t *there = socketmap_find(m, key);

        if (there) {
                *there = value;
                return 0;
        }
        if (m->count + 1 > m->capacity / 8 * 7) {
                int r = resize(m, MAX(m->capacity + m->capacity / 5, (size_t) CAPACITY_MIN));
                if (r < 0)
                        return r;
        }
        insert(m, (SocketSlot){ .key = key, .value = value });
        return 0;
}

/* Empty slot i and close the gap. */
static void remove_at(SocketMap *m, size_t i) {
        for (;;) {
                size_t next = next_of(m, i);

                if (m->slots[next].key == 0 || distance_of(m, next) == 0)
                        break;
                m->slots[i] = m->slots[next];
                i = next;
        }
        m->slots[i] = (SocketSlot){};
        m->count--;
}

bool socketmap_remove(SocketMap *m, uint64_t key) {
        size_t i = index_of(m, key);

        if (i == SIZE_MAX)
                return false;
        remove_at(m, i);
        return true;
}

void socketmap_visit(SocketMap *m, socketmap_visit_t visit, void *userdata) {
        size_t dead = 0;

        for (size_t i = 0; i < m->capacity; i++)
                if (m->slots[i].key != 0) {
                        visit(userdata, m->slots[i].key, &m->slots[i].value);
                        dead += m->slots[i].value == 0;
                }
        /* Closing a gap moves later slots, over the end of the array too: so the dead go in a second pass. */
        for (size_t i = 0; dead > 0 && i < m->capacity;)
                if (m->slots[i].key != 0 && m->slots[i].value == 0) {
                        remove_at(m, i);
                        dead--;
                } else
                        i++;
        if (m->capacity > CAPACITY_MIN && m->count < m->capacity / 4)
                (void) resize(m, MAX(m->count + m->count / 2, (size_t) CAPACITY_MIN));
}
