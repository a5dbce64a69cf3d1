/* SPDX-License-Identifier: MIT */

/* Ledger: the map in a row of bytes, between two runs of one boot (rule 11).
 *
 * What is saved is what the looks of the next run are compared with: when each table was last looked at; the connections of those who are watched, and what
 * their later events say of them; the processes that these name, or that were told themselves; and of every other socket that it was there. So what happened meanwhile
 * is found by the same machinery as between two looks, with the last look before the stop as the one before. Holders are not saved: the first walk finds them, and
 * what changed of them meanwhile is not told. Nor is a namespace whose id was made from its inode, which another one may have by now. */

#include <errno.h>
#include <stdlib.h>

#include "detect/ledger-record.h"

#define CONNECTION_LEAST 128 /* bytes of a record, at least */
#define ACTOR_LEAST 64
#define SLOT_LEAST (2 * sizeof(uint64_t))

/* --- tables ---------------------------------------------------------------------------------------- */

static bool is_saved(const TableState *t) {
        return t->life == TABLE_LIVE && netns_has_cookie(t->netns.id);
}

/* A table that is not saved leaves its number free. */
static void save_tables(Image *i) {
        Ledger *l = i->ledger;

        (void) archive_count(&i->archive, l->table_count, 1);
        for (size_t k = 0; k < l->table_count; k++)
                if (archive_bit(&i->archive, is_saved(l->tables[k])))
                        image_table(i, l->tables[k]);
}

static int load_tables(Image *i) {
        size_t count = archive_count(&i->archive, 0, 1);
        Ledger *l = i->ledger;

        if (!archive_check(&i->archive, count <= TABLES_MAX))
                return -EBADMSG;
        l->tables = calloc(count + 1, sizeof(*l->tables));
        if (!l->tables)
                return -ENOMEM;
        while (l->table_count < count) {
                TableState *t = calloc(1, sizeof(TableState));

                if (!t)
                        return -ENOMEM;
                *t = (TableState){ .index = (uint16_t) l->table_count, .life = TABLE_FREE };
                l->tables[l->table_count++] = t;
                if (!archive_bit(&i->archive, false))
                        continue;
                image_table(i, t);
                t->life = TABLE_LIVE;
        }
        return 0;
}

/* --- processes ------------------------------------------------------------------------------------- */

/* It is read once more at the first scan, as after a reload. One that was gone already is there for those alone who name it. */
static int load_actor(Image *i) {
        Archive *a = &i->archive;
        Actor *x = calloc(1, sizeof(Actor));
        bool known;

        if (!x)
                return -ENOMEM;
        i->actors[i->actor_count++] = x;
        process_init(&x->process);
        x->rule = -1;
        x->references = 1;
        x->stale = true;
        known = archive_bit(a, false);
        ARCHIVE(a, x->process.pid);
        ARCHIVE(a, x->process.start_ticks);
        ledger_actor_identify(i->ledger, x);
        image_actor(i, x);
        if (!archive_check(a, known || !x->crowd))
                return 0;
        if (!archive_check(a, !known || (x->process.pid != 0 && !ledger_actor(i->ledger, x->process.pid))) || !known)
                return 0;
        HASH_ADD(hh, i->ledger->actors, process.pid, sizeof(x->process.pid), x);
        if (!x->hh.tbl)
                return -ENOMEM;
        x->references++;
        i->ledger->matched_actors += x->announced;
        return 0;
}

static int load_actors(Image *i) {
        size_t count = archive_count(&i->archive, 0, ACTOR_LEAST);
        int r = 0;

        i->actors = calloc(count + 1, sizeof(*i->actors));
        if (!i->actors)
                return -ENOMEM;
        while (i->actor_count < count && r >= 0)
                r = load_actor(i);
        return r;
}

static void save_actors(Image *i) {
        (void) archive_count(&i->archive, i->actor_count, ACTOR_LEAST);
        for (size_t k = 0; k < i->actor_count; k++) {
                Actor *x = i->actors[k];

                (void) archive_bit(&i->archive, ledger_actor(i->ledger, x->process.pid) == x);
                ARCHIVE(&i->archive, x->process.pid);
                ARCHIVE(&i->archive, x->process.start_ticks);
                image_actor(i, x);
        }
}

/* --- connections ----------------------------------------------------------------------------------- */

static TableState *live_table(Image *i, uint16_t number) {
        Ledger *l = i->ledger;

        return archive_check(&i->archive, number < l->table_count && l->tables[number]->life == TABLE_LIVE) ? l->tables[number] : NULL;
}

static int load_connection(Image *i) {
        Ledger *l = i->ledger;
        uint64_t key = 0;
        uint16_t number = 0;
        TableState *t;
        Connection *c;
        Socket s;

        socket_init(&s);
        image_socket(i, &key, &number, &s);
        t = live_table(i, number);
        if (!t || !archive_check(&i->archive, key != 0 && s.family != 0 && !socketmap_find(&l->sockets, key)))
                return -EBADMSG;
        c = connection_new(&l->connection_pool, key, &s, t);
        if (!c)
                return -ENOMEM;
        if (socketmap_put(&l->sockets, key, (uintptr_t) c) < 0) {
                connection_free(c);
                return -ENOMEM;
        }
        l->connections++;
        t->connections++;
        c->newcomer = false;
        c->recheck = true;
        c->judged = l->cycle;
        return image_connection(i, c);
}

static void save_connection(Image *i, Connection *c) {
        uint64_t key = c->key;
        uint16_t table = c->table->index;
        Socket s;

        connection_socket(c, &s);
        image_socket(i, &key, &table, &s);
        (void) image_connection(i, c);
}

static int load_connections(Image *i) {
        int r = 0;

        for (size_t n = archive_count(&i->archive, 0, CONNECTION_LEAST); n > 0 && r >= 0 && !i->archive.bad; n--)
                r = load_connection(i);
        return r;
}

/* --- other sockets --------------------------------------------------------------------------------- */

/* What stands in the map for a socket that nobody watches, that was not judged yet, or which has ended; 0: it is not saved. */
static uint64_t slot_of(const Ledger *l, uint64_t value) {
        const Connection *c = slot_kind(value) == SLOT_CONNECTION ? slot_connection(value) : NULL;

        if (!c)
                return is_saved(l->tables[slot_unpack(value).table]) ? value : 0;
        if (!c->newcomer || c->ended || !is_saved(c->table))
                return 0;
        return ledger_foreign_slot(c);
}

static int load_slots(Image *i) {
        for (size_t n = archive_count(&i->archive, 0, SLOT_LEAST); n > 0; n--) {
                uint64_t key, value;
                Slot slot;

                ARCHIVE(&i->archive, key);
                ARCHIVE(&i->archive, value);
                slot = slot_unpack(value);
                if (!live_table(i, slot.table) ||
                    !archive_check(&i->archive, key != 0 && (slot.kind == SLOT_FOREIGN || slot.kind == SLOT_CLOSED) &&
                                                        !socketmap_find(&i->ledger->sockets, key)))
                        return -EBADMSG;
                if (socketmap_put(&i->ledger->sockets, key, slot_pack(slot)) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* --- saving ---------------------------------------------------------------------------------------- */

static Connection *judged_connection(uint64_t value) {
        Connection *c = slot_kind(value) == SLOT_CONNECTION ? slot_connection(value) : NULL;

        return c && !c->newcomer && !c->ended && is_saved(c->table) ? c : NULL;
}

static void take_actor(Image *i, Actor *a) {
        Actor **actors;

        if (!a || a->saved != 0)
                return;
        actors = array_grow(i->actors, i->actor_count, sizeof(*actors));
        if (!actors) {
                i->archive.bad = true;
                return;
        }
        i->actors = actors;
        i->actors[i->actor_count++] = a;
        a->saved = (uint32_t) i->actor_count;
}

static void count_slot(void *userdata, uint64_t key, uint64_t *value) {
        Image *i = userdata;
        Connection *c = judged_connection(*value);

        (void) key;
        i->connections += c != NULL;
        i->slots += slot_of(i->ledger, *value) != 0;
        take_actor(i, c ? c->primary : NULL);
        take_actor(i, c && c->other ? c->other->process : NULL);
}

static void save_judged(void *userdata, uint64_t key, uint64_t *value) {
        Connection *c = judged_connection(*value);

        (void) key;
        if (c)
                save_connection(userdata, c);
}

static void save_slot(void *userdata, uint64_t key, uint64_t *value) {
        Image *i = userdata;
        uint64_t word = slot_of(i->ledger, *value);

        if (word == 0)
                return;
        ARCHIVE(&i->archive, key);
        ARCHIVE(&i->archive, word);
}

/* What is of the whole ledger. */
static void image_whole(Image *i, uint64_t *scan_t0) {
        Ledger *l = i->ledger;

        ARCHIVE(&i->archive, l->secret);
        ARCHIVE(&i->archive, *scan_t0);
        ARCHIVE(&i->archive, l->baseline_from);
        ARCHIVE(&i->archive, l->baseline_now);
        image_budget(i, &l->budget);
}

int ledger_save(Ledger *l, Text *out) {
        Image i = { .archive = { .out = out }, .ledger = l };
        uint64_t scan_t0 = ledger_last_scan(l);

        for (Actor *a = l->actors; a; a = a->hh.next)
                if (a->announced)
                        take_actor(&i, a);
        socketmap_visit(&l->sockets, count_slot, &i);
        image_whole(&i, &scan_t0);
        (void) image_rules(&i);
        save_tables(&i);
        save_actors(&i);
        (void) archive_count(&i.archive, i.connections, CONNECTION_LEAST);
        socketmap_visit(&l->sockets, save_judged, &i);
        (void) archive_count(&i.archive, i.slots, SLOT_LEAST);
        socketmap_visit(&l->sockets, save_slot, &i);
        for (size_t k = 0; k < i.actor_count; k++)
                i.actors[k]->saved = 0;
        free(i.actors);
        return i.archive.bad ? -ENOMEM : text_error(out);
}

/* --- loading --------------------------------------------------------------------------------------- */

int ledger_restore(Ledger *l, Bytes saved, uint64_t now) {
        Image i = { .archive = { .data = saved.data, .size = saved.size }, .ledger = l, .now = now };
        int r;

        l->cycle = 1; /* not that of the first look at a table of old */
        l->resumed = now;
        l->reloaded = true;
        image_whole(&i, &l->scan_t0);
        l->scan_complete = l->scan_t0 != 0;
        if (!archive_check(&i.archive, l->scan_t0 <= now && l->baseline_from <= now && l->baseline_now <= now))
                return -EBADMSG;
        r = image_rules(&i);
        if (r >= 0)
                r = load_tables(&i);
        if (r >= 0)
                r = load_actors(&i);
        if (r >= 0)
                r = load_connections(&i);
        if (r >= 0)
                r = load_slots(&i);
        for (size_t k = 0; k < i.actor_count; k++)
                actor_release(i.actors[k]);
        free(i.actors);
        free(i.rules);
        return r < 0 ? r : archive_check(&i.archive, i.archive.size == 0) ? 0 : -EBADMSG;
}
