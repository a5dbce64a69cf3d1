/* SPDX-License-Identifier: MIT */

/* Ledger: the map itself: keys, tables, entries, life and reload.
 *
 * Model: a look marks what it shows (ledger-look.c). A judgement sweeps the map once for all tables looked at since
 * the last one: what is unmarked becomes suspect, what is new or changed is on the pending list and becomes an
 * event, what nobody watches shrinks to a slot of 16 bytes (ledger-judge.c). Nothing vanishes in a sweep; only a
 * notice (ledger-note.c), a row that says so (rule 8) or an answered question ends a connection.
 *
 * Invariants: a Connection is in the map under its key, or it is `out` and on the pending list; `suspects` is the
 * number of Connections with the bit; pointers into the map are not kept over a put. */

#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "detect/ledger-internal.h"

#define CACHE_LINE 64

static uint64_t hash_endpoint(uint64_t h, const Endpoint *e) {
        uint64_t half[2];

        memcpy(half, e->ip, sizeof(half));
        return hash_mix(hash_mix(h ^ half[0], half[1]), e->port);
}

/* Not 0. Without a cookie a connected TCP socket is its addresses, since an orphan has no inode; the others can share
 * their addresses (SO_REUSEPORT) and change them (connect() of a UDP socket), but have an inode as long as they are. */
uint64_t ledger_key(const Ledger *l, uint64_t netns, const Socket *s) {
        uint64_t h = hash_mix(l->secret[0] ^ netns, l->secret[1] + s->transport);

        if (s->cookie != 0)
                h = hash_mix(h ^ 1, s->cookie);
        else if (s->inode != 0 && (transport_on_wire(s->transport) != TRANSPORT_TCP || s->state == STATE_LISTEN))
                h = hash_mix(h ^ 2, s->inode);
        else
                h = hash_endpoint(hash_endpoint(h ^ s->family, &s->local), &s->peer);
        return h ?: 1;
}

/* Of a local address. A listener at any address, of either family, is at 0. */
static uint64_t listener_key(const Ledger *l, uint64_t netns, unsigned transport, unsigned family, Endpoint local) {
        transport = transport_on_wire(transport); /* who does not speak MPTCP is accepted as TCP */
        (void) endpoint_normalise((Family) family, &local);
        return hash_endpoint(hash_mix(l->secret[0] ^ netns, l->secret[1] ^ transport), &local) ?: 1;
}

/* The key of the socket that listens where `local` is: at that very address, or at any. NULL: none. */
static const uint64_t *find_listener(const Ledger *l, uint64_t netns, unsigned transport, unsigned family, const Endpoint *local) {
        const Endpoint any = { .port = local->port };
        const uint64_t *key = socketmap_find(&l->listeners, listener_key(l, netns, transport, family, *local));

        return key ?: socketmap_find(&l->listeners, listener_key(l, netns, transport, FAMILY_IPV6, any));
}

bool ledger_is_ephemeral(const Ledger *l, uint16_t port) {
        return port >= l->options.ephemeral_first && port <= l->options.ephemeral_last;
}

bool ledger_is_listener(const Ledger *l, const Socket *s) {
        return socket_is_listener(s) && (s->state == STATE_LISTEN || !ledger_is_ephemeral(l, s->local.port));
}

void ledger_note_listener(Ledger *l, const TableState *t, const Socket *row, uint64_t key) {
        if (row->family != FAMILY_UNIX && ledger_is_listener(l, row))
                /* Out of memory costs a direction, no connection. */
                (void) socketmap_put(&l->listeners, listener_key(l, t->netns.id, row->transport, row->family, row->local), key);
}

bool ledger_listens(const Ledger *l, const Netns *netns, unsigned transport, unsigned family, const Endpoint *local, uint64_t except) {
        const uint64_t *key = find_listener(l, netns->id, transport, family, local);

        return key && *key != except && socketmap_find(&l->sockets, *key);
}

Connection *ledger_listener(const Ledger *l, const Netns *netns, unsigned transport, unsigned family, const Endpoint *local) {
        const uint64_t *key = find_listener(l, netns->id, transport, family, local);

        return key ? ledger_connection(l, *key) : NULL;
}

static void table_init(TableState *t, const Netns *netns, TableKind kind, size_t index) {
        *t = (TableState){ .netns = *netns, .kind = kind, .index = (uint16_t) index };
}

TableState *ledger_table_known(const Ledger *l, const Netns *netns, TableKind kind) {
        for (size_t i = 0; i < l->table_count; i++)
                if (l->tables[i]->life == TABLE_LIVE && l->tables[i]->netns.id == netns->id && l->tables[i]->kind == kind)
                        return l->tables[i];
        return NULL;
}

TableState *ledger_table(Ledger *l, const Netns *netns, TableKind kind) {
        TableState *t = ledger_table_known(l, netns, kind), *unused = NULL, **tables;

        if (t)
                return t;
        for (size_t i = 0; i < l->table_count; i++)
                if (l->tables[i]->life == TABLE_FREE)
                        unused = l->tables[i];
        if (unused) {
                table_init(unused, netns, kind, unused->index);
                return unused;
        }
        if (l->table_count == TABLES_MAX)
                return NULL;
        tables = reallocarray(l->tables, l->table_count + 1, sizeof(*tables));
        if (!tables)
                return NULL;
        l->tables = tables;
        t = malloc(sizeof(*t));
        if (!t)
                return NULL;
        table_init(t, netns, kind, l->table_count);
        l->tables[l->table_count++] = t;
        return t;
}

bool ledger_watches(const Ledger *l, const Netns *netns) {
        for (size_t i = 0; i < l->table_count; i++)
                if (l->tables[i]->netns.id == netns->id && l->tables[i]->connections > 0)
                        return true;
        return false;
}

Connection *ledger_connection(const Ledger *l, uint64_t key) {
        uint64_t *value = socketmap_find(&l->sockets, key);

        return value && slot_kind(*value) == SLOT_CONNECTION ? slot_connection(*value) : NULL;
}

void ledger_pend(Ledger *l, Connection *c) {
        if (c->pending)
                return;
        c->pending = true;
        c->next_pending = NULL;
        *l->pending_tail = c;
        l->pending_tail = &c->next_pending;
}

void ledger_fetch(const Ledger *l, const Connection *c, FetchStep step) {
        if (!c)
                return;
        if (step == FETCH_ITSELF)
                for (size_t i = 0; i < sizeof(*c); i += CACHE_LINE)
                        __builtin_prefetch((const char *) c + i);
        else if (step == FETCH_SLOTS) {
                socketmap_prefetch(&l->sockets, c->key);
                socketmap_prefetch(&l->inodes, c->inode);
        } else {
                __builtin_prefetch(ledger_holders(l, c->inode));
                __builtin_prefetch(c->other);
        }
}

/* The same after a restart, where there is a cookie; another one for another use of the socket. Addresses alone come again. */
static uint64_t connection_id(const Ledger *l, uint64_t key, const Socket *s, const TableState *t) {
        uint64_t h = hash_mix(l->boot[0] ^ t->netns.id, s->cookie ?: key);

        if (s->cookie == 0)
                h = hash_mix(h, t->t0);
        else if (s->transport == TRANSPORT_TCP && s->peer.port != 0)
                h = hash_endpoint(hash_endpoint(h, &s->local), &s->peer);
        return hash_mix(h, l->boot[1]);
}

Connection *ledger_add(Ledger *l, uint64_t key, const Socket *s, TableState *t) {
        Connection *c;

        if (l->options.max_sockets > 0 && l->connections >= l->options.max_sockets) {
                l->over_limit++;
                return NULL;
        }
        c = connection_new(&l->connection_pool, key, s, t);
        if (!c)
                return NULL;
        if (socketmap_put(&l->sockets, key, (uintptr_t) c) < 0)
                return connection_free(c);
        c->mark = t->look;
        c->id = connection_id(l, key, s, t);
        l->connections++;
        t->connections++;
        ledger_pend(l, c);
        return c;
}

/* Leaves the map; freed now, or when the pending list comes to it. */
static void connection_out(Ledger *l, Connection *c) {
        if (c->suspect)
                l->suspects--;
        c->suspect = false;
        c->out = true;
        l->connections--;
        c->table->connections--;
        c->primary = actor_release(c->primary);
        c->other = other_end_free(c->other);
        ledger_holders_forget(l, c);
        if (!c->pending)
                connection_free(c);
}

uint64_t ledger_closed_slot(const TableState *t, bool by_look) {
        return slot_pack((Slot){ .kind = SLOT_CLOSED, .mark = t->look, .absent = by_look, .known = true, .table = t->index });
}

void ledger_drop(Ledger *l, Connection *c, uint64_t instead) {
        uint64_t *value = socketmap_find(&l->sockets, c->key);

        if (value && slot_connection(*value) == c) {
                if (instead != 0)
                        *value = instead;
                else
                        (void) socketmap_remove(&l->sockets, c->key);
        }
        connection_out(l, c);
}

static void boot_numbers(const char *boot_id, uint64_t ret[2]) {
        char half[17] = {};

        for (int i = 0; i < 2; i++) {
                memcpy(half, boot_id + (strlen(boot_id) == 32 ? 16 * i : 0), 16);
                if (parse_hex64(half, &ret[i]) < 0)
                        ret[i] = 0;
        }
}

int ledger_new(Ledger **ret, const LedgerOptions *options, const RuleSet *rules, ledger_emit_t emit, void *userdata) {
        Ledger *l = calloc(1, sizeof(Ledger));

        if (!l)
                return -ENOMEM;
        l->options = *options;
        if (l->options.heal_interval == 0)
                l->options.heal_interval = USEC_PER_SEC;
        if (l->options.ephemeral_last == 0) {
                l->options.ephemeral_first = 32768;
                l->options.ephemeral_last = 60999;
        }
        l->rules = rules;
        l->emit = emit;
        l->userdata = userdata;
        l->secret[0] = options->secret[0];
        l->secret[1] = options->secret[1];
        boot_numbers(l->options.boot_id, l->boot);
        ledger_expect_rules(l, NULL, rules);
        budget_limit(&l->budget, options->budget);
        l->pending_tail = &l->pending;
        l->connection_pool.size = sizeof(Connection);
        l->holder_pool.size = sizeof(Holder);
        l->heal_at = UINT64_MAX;
        *ret = l;
        return 0;
}

static void free_slot(void *userdata, uint64_t key, uint64_t *value) {
        Ledger *l = userdata;

        (void) key;
        if (slot_kind(*value) == SLOT_CONNECTION)
                connection_out(l, slot_connection(*value));
}

Ledger *ledger_free(Ledger *l) {
        if (!l)
                return NULL;
        socketmap_visit(&l->sockets, free_slot, l);
        while (l->pending) {
                Connection *c = l->pending;
                l->pending = c->next_pending;
                ledger_holders_forget(l, c);
                c->primary = actor_release(c->primary); /* of one that another use replaced in the map */
                c->other = other_end_free(c->other);
                connection_free(c);
        }
        ledger_expect_free(l, l->rules);
        ledger_processes_free(l);
        ledger_crowds_free(l);
        ledger_books_free(l);
        pool_done(&l->connection_pool);
        pool_done(&l->holder_pool);
        socketmap_done(&l->sockets);
        socketmap_done(&l->inodes);
        socketmap_done(&l->let_go);
        free(l->gains);
        socketmap_done(&l->listeners);
        for (size_t i = 0; i < l->table_count; i++)
                free(l->tables[i]);
        free(l->tables);
        text_done(&l->peers);
        free(l->peer_again);
        free(l->strays);
        free(l);
        return NULL;
}

typedef struct Reload {
        Ledger *ledger;
        const RuleSet *old;
} Reload;

/* The number that a rule has now; -1: it is there no more. */
static int rule_now(const Reload *reload, int old) {
        const RuleSet *rules = reload->ledger->rules;

        for (size_t i = 0; old >= 0 && i < rules->count; i++)
                if (strcmp(rules->rules[i].name, reload->old->rules[old].name) == 0)
                        return (int) i;
        return -1;
}

static void reload_slot(void *userdata, uint64_t key, uint64_t *value) {
        const Reload *reload = userdata;
        Connection *c;
        int rule;

        (void) key;
        if (slot_kind(*value) != SLOT_CONNECTION)
                return;
        c = slot_connection(*value);
        c->recheck = true;
        rule = rule_now(reload, c->rule == RULE_NONE ? -1 : c->rule);
        c->rule = rule < 0 ? RULE_NONE : (uint16_t) rule;
}

void ledger_set_rules(Ledger *l, const RuleSet *rules) {
        Reload reload = { .ledger = l, .old = l->rules };

        ledger_expect_rules(l, l->rules, rules);
        l->rules = rules;
        l->reloaded = true;
        memset(l->written, 0, sizeof(l->written));
        socketmap_visit(&l->sockets, reload_slot, &reload);
        for (Actor *a = l->actors; a; a = a->hh.next) {
                a->stale = true;
                a->matched = (RuleBits){};
                a->rule = rule_now(&reload, a->rule);
        }
}

void ledger_set_options(Ledger *l, const LedgerOptions *o) {
        l->options.max_sockets = o->max_sockets;
        l->options.max_holders = o->max_holders;
        l->options.baseline = o->baseline;
        budget_limit(&l->budget, o->budget);
        l->options.cmdline = o->cmdline;
        l->options.tell_community_id = o->tell_community_id;
}

typedef struct Forget {
        Ledger *ledger;
        unsigned tables;
} Forget;

static void forget_slot(void *userdata, uint64_t key, uint64_t *value) {
        const Forget *f = userdata;
        Slot slot = slot_unpack(*value);
        Connection *c = slot.kind == SLOT_CONNECTION ? slot_connection(*value) : NULL;
        const TableState *t = c ? c->table : f->ledger->tables[slot.table];

        if (f->tables & TABLE_BIT(t->kind))
                return;
        if (c)
                connection_out(f->ledger, c);
        *value = 0;
}

void ledger_forget(Ledger *l, unsigned tables) {
        Forget forget = { .ledger = l, .tables = tables };

        socketmap_visit(&l->sockets, forget_slot, &forget);
        for (size_t i = 0; i < l->table_count; i++) {
                TableState *t = l->tables[i];

                if (tables & TABLE_BIT(t->kind))
                        continue;
                /* A later look there is a first one. */
                t->covered = t->complete = false;
                t->previous_t0 = t->older_t0 = 0;
        }
}

void ledger_status(const Ledger *l, LedgerStatus *ret) {
        /* A connection that was replaced waits outside the map. */
        size_t inside = MIN(l->connections, l->sockets.count), foreign = l->sockets.count - inside;

        *ret = (LedgerStatus){
                .sockets = l->connections,
                .foreign = foreign,
                .processes = l->matched_actors,
                .known = HASH_COUNT(l->actors),
                .suspects = l->suspects,
                .announcing = l->announcing,
                .seq = l->seq,
                .fold_resets = l->fold_resets,
                .counts = l->counts,
        };
}
