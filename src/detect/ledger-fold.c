/* SPDX-License-Identifier: MIT */

/* Ledger: what is told in sums. A rule with `fold` has the openings of its connections counted, but for the first ones of each combination; a connection whose
 * opening was counted has its changes and its end counted, too, and one that was told singly is told singly to its end, also after a reload or a restart. One that
 * stalls is told singly from then on, so that who reads that hears how it went on.
 *
 * Sums are told when their span is over, and before that when a reload changes how they are folded, at the end where they would be lost, and when there is no room
 * for more: then all of them are, and the table begins anew. */

#include <errno.h>
#include <string.h>

#include "detect/ledger-internal.h"

#define PEERS_SIZE_MAX 3900
#define SUM(what) (1u << FOLD_##what)

/* Of what was folded since the budget was spent, or when its rule asked for it, and ends when no rule does. */
const FoldSpec ledger_fold_coarse = {
        .by = 1 << FOLD_BY_EXE | 1 << FOLD_BY_UNIT | 1 << FOLD_BY_USER | 1 << FOLD_BY_DIRECTION | 1 << FOLD_BY_LOCAL_PORT,
        .every = 600 * USEC_PER_SEC,
};

/* --- counting -------------------------------------------------------------------------------------- */

/* NULL: a reload took its rule away. */
static const Rule *rule_of(const Ledger *l, const Connection *c) {
        return c->rule == RULE_NONE ? NULL : &l->rules->rules[c->rule];
}

static const FoldSpec *spec_of(const Rule *rule) {
        return rule && rule->fold.by != 0 ? &rule->fold : &ledger_fold_coarse;
}

/* In which sums an event of this kind counts as one. */
static unsigned sums_of(EventKind kind) {
        static const unsigned sums[_EVENT_KIND_MAX] = {
                [EVENT_CONNECTION_PRESENT] = SUM(PRESENT),
                [EVENT_CONNECTION_APPEARED] = SUM(OPENED),
                [EVENT_CONNECTION_CHANGED] = SUM(CHANGES),
                [EVENT_CONNECTION_VANISHED] = SUM(CLOSED),
                [EVENT_CONNECTION_COMPLETED] = SUM(OPENED) | SUM(CLOSED),
                [EVENT_CONNECTION_FAILED] = SUM(FAILED),
        };

        return sums[kind];
}

static bool ends(EventKind kind) {
        return sums_of(kind) & (SUM(CLOSED) | SUM(FAILED));
}

static void set_process(FoldFacts *x, const Process *p) {
        x->names[FOLD_EXE] = bytes_of(p->exe);
        x->names[FOLD_COMM] = bytes_of(p->comm);
        x->names[FOLD_UNIT] = bytes_of(p->unit);
        x->names[FOLD_USER_UNIT] = bytes_of(p->user_unit);
        x->names[FOLD_CONTAINER] = bytes_of(p->container);
        x->uid = p->uid;
}

static void set_addresses(FoldFacts *x, unsigned family, const Endpoint *local, const Endpoint *peer) {
        if (family != FAMILY_IPV4 && family != FAMILY_IPV6)
                return;
        x->local_port = local->port;
        x->peer_port = peer->port;
        if (peer->port == 0 && endpoint_is_any(peer))
                return;
        x->peer.family = (uint8_t) family;
        memcpy(x->peer.ip, peer->ip, sizeof(x->peer.ip));
}

static FoldFacts facts_of(const Connection *c, const Rule *rule, const FoldSpec *spec) {
        FoldFacts x = {
                .names = { [FOLD_RULE] = bytes_of(rule ? rule->name : NULL) },
                .uid = PROCESS_UNKNOWN,
                .direction = c->direction,
                .transport = c->transport,
        };

        if (c->primary)
                set_process(&x, &c->primary->process);
        set_addresses(&x, c->family, &c->local, &c->peer);
        if (c->family == FAMILY_UNIX && c->other && c->other->path_size > 0) {
                x.peer.family = FAMILY_UNIX;
                x.peer.path = (Bytes){ c->other->path, c->other->path_size };
        }
        /* Of who connects it is any port. */
        if (spec == &ledger_fold_coarse && c->direction != DIRECTION_INGRESS)
                x.local_port = 0;
        return x;
}

static FoldSums one(unsigned sums, uint64_t not_before, uint64_t not_after) {
        FoldSums one = {};

        one.last = MAX(not_after, (uint64_t) 1);
        one.first = not_before == 0 ? one.last : MIN(not_before, one.last);
        for (FoldSum s = 0; s < _FOLD_SUM_MAX; s++)
                one.n[s] = sums >> s & 1;
        return one;
}

static void add_bytes(FoldSums *sums, uint64_t sent, uint64_t received) {
        sums->n[FOLD_BYTES_SENT] = sent == SOCKET_UNKNOWN ? 0 : sent;
        sums->n[FOLD_BYTES_RECEIVED] = received == SOCKET_UNKNOWN ? 0 : received;
}

/* 1; 0: it is one of the first, which are told singly; or as fold_add(). */
static int try(Ledger *l, const FoldSpec *spec, const FoldFacts *x, const FoldSums *more, bool opens) {
        uint32_t group;
        int r = fold_group(l->fold, spec, x, more->last, &group);

        if (r < 0)
                return r;
        if (opens && fold_takes_first(l->fold, group))
                return 0;
        r = fold_add(l->fold, group, &x->peer, more);
        return r < 0 ? r : 1;
}

static bool add(Ledger *l, const FoldSpec *spec, const FoldFacts *x, const FoldSums *more, bool opens) {
        int r = try(l, spec, x, more, opens);

        if (r == -ENOSPC) {
                ledger_tell_folded(l, more->last, FOLDED_FULL);
                fold_reset(l->fold);
                l->fold_resets++;
                r = try(l, spec, x, more, opens);
        }
        return r > 0;
}

/* The budget is spent, and it need not be told singly: whatever its rule says, it is counted with what is like it in few things. */
static bool is_thrifty(const Ledger *l, EventKind kind) {
        return l->budget.spent && event_kind_info(kind)->priority == 6;
}

bool ledger_folds(Ledger *l, Connection *c, EventKind kind, bool opens, uint64_t not_before, uint64_t not_after) {
        const Rule *rule = rule_of(l, c);
        bool foldable = rule && l->fold && c->told_as == TOLD_CONNECTION, thrifty = foldable && is_thrifty(l, kind), counted;
        const FoldSpec *spec;
        FoldFacts facts;
        FoldSums sums;

        if (opens) {
                c->coarse = thrifty;
                c->folded = thrifty || (foldable && rule->fold.by != 0);
        }
        if (!l->fold || !(c->folded || (thrifty && kind == EVENT_CONNECTION_CHANGED)))
                return false;
        spec = c->folded && !c->coarse ? spec_of(rule) : &ledger_fold_coarse;
        if (spec == &ledger_fold_coarse && kind == EVENT_CONNECTION_FAILED)
                return false;
        facts = facts_of(c, rule, spec);
        sums = one(sums_of(kind), not_before, not_after);
        if (ends(kind))
                add_bytes(&sums, c->bytes_sent, c->bytes_received);
        counted = add(l, spec, &facts, &sums, opens);
        c->folded = c->folded && counted;
        l->thrift += counted && thrifty && spec == &ledger_fold_coarse;
        return counted;
}

bool ledger_will_fold(const Ledger *l, const Connection *c, uint16_t rule) {
        const Rule *r;
        FoldFacts facts;

        if (!l->fold || c->told)
                return l->fold && c->folded;
        r = &l->rules->rules[rule];
        if (r->fold.by == 0)
                return false;
        facts = facts_of(c, r, &r->fold);
        return !fold_wants_first(l->fold, &r->fold, &facts);
}

/* Of what nobody knows whose it was, until the next balance. */
static const FoldSpec missed_at_listener = { .by = 1 << FOLD_BY_NETNS | 1 << FOLD_BY_TRANSPORT | 1 << FOLD_BY_DIRECTION | 1 << FOLD_BY_LOCAL_PORT };
static const FoldSpec missed_with_peer = { .by = 1 << FOLD_BY_NETNS | 1 << FOLD_BY_TRANSPORT | 1 << FOLD_BY_PEER | 1 << FOLD_BY_PEER_PORT };

bool ledger_folds_missed(Ledger *l, const Notice *n, const TableState *t, const Connection *by, const Rule *rule, Direction direction) {
        const FoldSpec *spec = rule ? (l->budget.spent ? &ledger_fold_coarse : spec_of(rule)) : direction == DIRECTION_INGRESS ? &missed_at_listener : &missed_with_peer;
        FoldSums sums = one(SUM(MISSED), n->not_before, n->not_after);
        FoldFacts x = {
                .names = { [FOLD_RULE] = bytes_of(rule ? rule->name : NULL) },
                .netns = t->netns.id,
                .netns_inode = t->netns.inode,
                .uid = PROCESS_UNKNOWN,
                .direction = (uint8_t) direction,
                .transport = n->socket.transport,
        };

        if (!l->fold)
                return false;
        if (by && by->primary)
                set_process(&x, &by->primary->process);
        set_addresses(&x, n->socket.family, &n->socket.local, &n->socket.peer);
        add_bytes(&sums, n->socket.bytes_sent, n->socket.bytes_received);
        return add(l, spec, &x, &sums, true);
}

/* --- telling --------------------------------------------------------------------------------------- */

typedef struct Wanted {
        const Ledger *ledger;
        LedgerFolded which;
        uint64_t now;
} Wanted;

/* Its rule is there no more, or folds in another way. */
static bool is_obsolete(const Ledger *l, const Fold *f, const FoldGroup *g) {
        const FoldSpec spec = { g->by, g->every, g->first };
        Bytes name = fold_name(f, g->names[FOLD_RULE]);

        for (size_t i = 0; i < l->rules->count; i++) {
                const Rule *rule = &l->rules->rules[i];

                if (strlen(rule->name) == name.size && memcmp(rule->name, name.data, name.size) == 0)
                        return !foldspec_equal(spec_of(rule), &spec);
        }
        return true;
}

static bool is_wanted(void *userdata, const Fold *f, const FoldGroup *g, uint64_t since) {
        const Wanted *w = userdata;

        switch (w->which) {
        case FOLDED_DUE:
                return g->every != 0 && w->now >= since && w->now - since >= g->every;
        case FOLDED_MISSED:
                return g->every == 0;
        case FOLDED_OBSOLETE:
                return g->every != 0 && is_obsolete(w->ledger, f, g);
        case FOLDED_FULL:
        case FOLDED_STOP:
        case FOLDED_BOOT:
        default:
                return true;
        }
}

static void set_group(Event *e, const Fold *f, const FoldGroup *g) {
        static const FieldId names[_FOLD_NAME_MAX] = {
                [FOLD_RULE] = EVENT_FIELD_RULE, [FOLD_EXE] = EVENT_FIELD_EXE,             [FOLD_COMM] = EVENT_FIELD_COMM,
                [FOLD_UNIT] = EVENT_FIELD_UNIT, [FOLD_USER_UNIT] = EVENT_FIELD_USER_UNIT, [FOLD_CONTAINER] = EVENT_FIELD_CONTAINER,
        };
        const struct {
                FieldId id;
                uint64_t value;
        } numbers[] = {
                { EVENT_FIELD_NETNS, g->netns_inode }, { EVENT_FIELD_DIRECTION, g->direction },   { EVENT_FIELD_TRANSPORT, g->transport },
                { EVENT_FIELD_LOCAL_PORT, g->local_port }, { EVENT_FIELD_PEER_PORT, g->peer_port },
        };

        for (FoldName n = 0; n < _FOLD_NAME_MAX; n++)
                event_set_bytes(e, names[n], fold_name(f, g->names[n]));
        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                if (numbers[i].value != 0)
                        event_set_number(e, numbers[i].id, numbers[i].value);
        if (g->uid != PROCESS_UNKNOWN)
                event_set_number(e, EVENT_FIELD_UID, g->uid);
}

static void set_peer(Event *e, const Fold *f, const FoldRow *row) {
        if (row->family == 0)
                return;
        event_set_number(e, EVENT_FIELD_FAMILY, row->family);
        if (row->family == FAMILY_UNIX)
                event_set_bytes(e, EVENT_FIELD_PEER_PATH, fold_name(f, row->path));
        else
                event_set_bytes(e, EVENT_FIELD_PEER_ADDRESS, (Bytes){ (const char *) row->ip, row->family == FAMILY_IPV4 ? 4 : 16 });
}

static void peer_name(Text *t, const Fold *f, const FoldRow *row) {
        char buffer[ENDPOINT_TEXT_MAX];
        Endpoint peer = {};
        Bytes path = fold_name(f, row->path);

        if (row->family == FAMILY_IPV4 || row->family == FAMILY_IPV6) {
                memcpy(peer.ip, row->ip, sizeof(peer.ip));
                text_append(t, endpoint_ip((Family) row->family, &peer, buffer));
        } else if (path.size == 0)
                text_append(t, "-");
        else if (path.data[0] != 0 && path.data[0] != '@')
                (void) text_escape(t, path, PEERS_SIZE_MAX / 2);
        else {
                text_append(t, path.data[0] == 0 ? "@" : "\\x40"); /* as SOCKAUDIT_PEER_PATH has it */
                (void) text_escape(t, (Bytes){ path.data + 1, path.size - 1 }, PEERS_SIZE_MAX / 2);
        }
}

/* One that was missed was opened as well. */
static void peer_line(Text *t, const Fold *f, const FoldRow *row) {
        const uint64_t *n = row->sums.n;
        const unsigned long long opened = n[FOLD_OPENED] + n[FOLD_MISSED];

        text_append(t, t->size > 0 ? "\n" : "");
        peer_name(t, f, row);
        text_printf(t, " %llu %llu %llu %llu", opened, (unsigned long long) n[FOLD_BYTES_SENT], (unsigned long long) n[FOLD_BYTES_RECEIVED],
                    (unsigned long long) n[FOLD_FAILED]);
}

/* Of the rows of one combination from `from` to before `count`, those that fit into one event: up to where. */
static size_t put_peers(Text *t, const Fold *f, size_t from, size_t count) {
        const FoldRow *first = fold_row(f, from);
        size_t i;

        text_clear(t);
        for (i = from; i < count && fold_row(f, i)->group == first->group; i++) {
                size_t before = t->size;

                peer_line(t, f, fold_row(f, i));
                if (t->size <= PEERS_SIZE_MAX || i == from)
                        continue;
                t->data[t->size = before] = 0;
                break;
        }
        return i;
}

static void sum_up(FoldSums *sums, const Fold *f, size_t from, size_t to) {
        *sums = fold_row(f, from)->sums;
        for (size_t i = from + 1; i < to; i++) {
                const FoldSums *more = &fold_row(f, i)->sums;

                for (FoldSum s = 0; s < _FOLD_SUM_MAX; s++)
                        sums->n[s] += more->n[s];
                sums->first = MIN(sums->first, more->first);
                sums->last = MAX(sums->last, more->last);
        }
}

static void set_sums(Event *e, const FoldSums *sums, int64_t shift) {
        static const FieldId fields[_FOLD_SUM_MAX] = {
                [FOLD_OPENED] = EVENT_FIELD_OPENED,   [FOLD_CLOSED] = EVENT_FIELD_CLOSED,         [FOLD_FAILED] = EVENT_FIELD_FAILED,
                [FOLD_MISSED] = EVENT_FIELD_MISSED,   [FOLD_PRESENT] = EVENT_FIELD_PRESENT,       [FOLD_CHANGES] = EVENT_FIELD_CHANGES,
                [FOLD_BYTES_SENT] = EVENT_FIELD_BYTES_SENT, [FOLD_BYTES_RECEIVED] = EVENT_FIELD_BYTES_RECEIVED,
        };

        for (FoldSum s = 0; s < _FOLD_SUM_MAX; s++)
                if (sums->n[s] != 0)
                        event_set_number(e, fields[s], sums->n[s]);
        event_set_number(e, EVENT_FIELD_SPAN_FIRST, sums->first + (uint64_t) shift);
        event_set_number(e, EVENT_FIELD_SPAN_LAST, sums->last + (uint64_t) shift);
}

/* One event of the rows from `from` on. Returns where the next begins. */
static size_t tell(Ledger *l, size_t from, size_t count, uint64_t now, LedgerFolded which) {
        static const char *const early[] = {
                [FOLDED_OBSOLETE] = "reload", [FOLDED_FULL] = "full", [FOLDED_STOP] = "stop", [FOLDED_BOOT] = "boot",
        };
        const FoldRow *row = fold_row(l->fold, from);
        const FoldGroup *g = fold_group_of(l->fold, row);
        size_t to = put_peers(&l->peers, l->fold, from, count);
        FoldSums sums;
        Event *e;

        sum_up(&sums, l->fold, from, to);
        /* When it is full, somebody else may know of a later time. */
        e = ledger_event(l, EVENT_CONNECTION_SUMMARY, 0, which == FOLDED_FULL ? MAX(now, sums.last) : now, NULL);
        set_group(e, l->fold, g);
        set_sums(e, &sums, l->fold_shift);
        if (g->by >> FOLD_BY_PEER & 1)
                set_peer(e, l->fold, row);
        else {
                event_set_number(e, EVENT_FIELD_PEER_COUNT, to - from);
                event_set_bytes(e, EVENT_FIELD_PEERS, bytes_of(text_string(&l->peers)));
        }
        if (early[which])
                event_set_word(e, EVENT_FIELD_EARLY, early[which]);
        fold_tell_begin(l->fold, from, to, l->seq + 1);
        ledger_say(l, e);
        fold_tell_end(l->fold, from, to);
        return to;
}

void ledger_tell_folded(Ledger *l, uint64_t now, LedgerFolded which) {
        Wanted w = { .ledger = l, .which = which, .now = now };
        size_t count;

        if (!l->fold || (which == FOLDED_DUE && now < fold_due(l->fold)))
                return;
        count = fold_select(l->fold, is_wanted, &w);
        for (size_t i = 0; i < count;)
                i = tell(l, i, count, now, which);
        fold_forget(l->fold, now);
}

void ledger_set_fold(Ledger *l, Fold *fold) {
        l->fold = fold;
}

void ledger_tell_folded_before(Ledger *l, uint64_t now, int64_t shift) {
        if (!l->fold)
                return;
        l->fold_shift = shift;
        ledger_tell_folded(l, now, FOLDED_BOOT);
        fold_reset(l->fold);
        l->fold_shift = 0;
}
