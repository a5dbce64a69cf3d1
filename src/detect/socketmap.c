/* SPDX-License-Identifier: MIT */

#include "detect/socketmap.h"

#include <errno.h>

#include "base/macro.h"
#include "base/pages.h"

#define CAPACITY_MIN 64

static void slots_free(SocketMap *m) {
        pages_free(m->slots, m->capacity * sizeof(SocketSlot));
}

void socketmap_done(SocketMap *m) {
        slots_free(m);
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

/* Where the key is, or where it would go, and how far that is from its home. The map has an empty slot. */
static bool locate(const SocketMap *m, uint64_t key, size_t *ret_i, size_t *ret_distance) {
        size_t i = home_of(m, key), distance;

        for (distance = 0;; distance++, i = next_of(m, i))
                if (m->slots[i].key == key || m->slots[i].key == 0 || distance_of(m, i) < distance)
                        break;
        *ret_i = i;
        *ret_distance = distance;
        return m->slots[i].key == key;
}

uint64_t *socketmap_find(const SocketMap *m, uint64_t key) {
        size_t i, distance;

        return m->count > 0 && locate(m, key, &i, &distance) ? &m->slots[i].value : NULL;
}

void socketmap_prefetch(const SocketMap *m, uint64_t key) {
        if (m->count > 0)
                __builtin_prefetch(&m->slots[home_of(m, key)]);
}

/* A key that is not there, into slot i, so far from its home, of a map that has room. */
static void insert_at(SocketMap *m, size_t i, size_t distance, SocketSlot new) {
        for (;; distance++, i = next_of(m, i)) {
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
        SocketMap other = { .slots = pages_new(capacity * sizeof(SocketSlot), true), .capacity = capacity };

        if (!other.slots)
                return -ENOMEM;
        for (size_t i = 0; i < m->capacity; i++)
                if (m->slots[i].key != 0)
                        insert_at(&other, home_of(&other, m->slots[i].key), 0, m->slots[i]);
        slots_free(m);
        *m = other;
        return 0;
}

static bool is_full(const SocketMap *m) {
        return m->count + 1 > m->capacity / 8 * 7;
}

int socketmap_put(SocketMap *m, uint64_t key, uint64_t value) {
        size_t i, distance;
        bool there;
        int r;

        if (is_full(m) && !socketmap_find(m, key)) {
                r = resize(m, MAX(m->capacity * 2, (size_t) CAPACITY_MIN));
                if (r < 0)
                        return r;
        }
        there = locate(m, key, &i, &distance);
        if (there)
                m->slots[i].value = value;
        else
                insert_at(m, i, distance, (SocketSlot){ .key = key, .value = value });
        return 0;
}

void socketmap_trim(SocketMap *m) {
        if (m->capacity > CAPACITY_MIN && m->count < m->capacity / 3 * 2)
                (void) resize(m, MAX(m->count + m->count / 10 * 3, (size_t) CAPACITY_MIN));
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
        size_t i, distance;

        if (m->count == 0 || !locate(m, key, &i, &distance))
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
}
