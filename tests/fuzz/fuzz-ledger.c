/* SPDX-License-Identifier: MIT */

/* The ledger against a small world whose history is known.
 *
 * The input drives the world (sockets are opened, closed, connected anew, change their state and holders; processes come, go and
 * are renamed) and those who observe it: scans, walks, looks that skip living sockets and take time while the world goes
 * on, notices that come late or are lost, questions, reloads, restarts. All that the ledger is told is true, if old; so what it says must be
 * true as well: each event about a connection is compared with what happened. Every use of a socket has a port of its own, by which
 * the events name it. In the end the world stands still, and the ledger must know it.
 *
 * Each history is played thrice: without a fold, with one, and with a budget that is spent now and then. Sums and single events together must be the same as single
 * events alone, by rule and peer. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/ledger.h"
#include "scenario/invariant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROCESSES 6
#define SOCKETS 10
#define USES_MAX 400
#define NOTICES_MAX 400
#define HISTORY_MAX 16

#define PEERS 3
#define EVENT_COST 1000
#define BUDGET_SMALL (24 * 5 * EVENT_COST) /* five events, and it is spent; until another limit is set */
#define BUDGET_LARGE (BUDGET_SMALL * 1000)
#define FOLD_ROWS 6 /* so that it is full now and then */
#define RUN "0123456789abcdef0123456789abcdef"

typedef enum Mode {
        MODE_LOOKS,
        MODE_TEXT, /* looks without cookies */
        MODE_DESTROY,
        MODE_BPF,
        MODE_TEXT_DESTROY, /* looks without cookies, and so the messages have none that help */
        _MODE_MAX,
} Mode;

typedef struct Use {
        uint64_t opened, closed; /* closed 0: lives */
        uint8_t states[HISTORY_MAX];
        uint64_t times[HISTORY_MAX];
        unsigned history;
        bool told, ended, established, freed;
        bool shown;       /* a look had it */
        unsigned skipped; /* looks in a row did not, though it lived */
} Use;

typedef struct WorldSocket {
        bool alive; /* is in a table */
        bool mini;  /* its mini-socket is */
        bool held;  /* reset, but not yet closed by who holds it: it is in no table, and not freed */
        bool answered; /* some use of it was established */
        uint64_t cookie;
        uint32_t inode;
        uint8_t transport;
        uint16_t use;
        uint8_t state;
        uint8_t holders; /* a bit a process */
} WorldSocket;

/* All that was told, singly or in sums. */
typedef struct Totals {
        uint64_t of_rule[4][_FOLD_SUM_MAX];
        uint64_t of_peer[4][PEERS][4]; /* opened and missed, sent, received, failed */
} Totals;

typedef struct World {
        const uint8_t *data;
        size_t size;
        Mode mode;
        uint64_t now, drained;
        struct {
                bool alive;
                uint64_t start;
                char comm;
        } processes[PROCESSES];
        WorldSocket sockets[SOCKETS];
        Use uses[USES_MAX];
        uint16_t use_count;
        uint64_t cookies;
        Notice notices[NOTICES_MAX];
        size_t notice_count;
        LedgerOptions options;
        Ledger *ledger;
        const RuleSet *rules;
        unsigned reloads;
        size_t asked;
        bool still; /* the end */
        bool lost_netns; /* a look was told that the namespace is gone: what was known of it is forgotten */
        Invariants invariants;
        Fold *fold; /* NULL: without */
        bool budget;
        Totals totals;
} World;

#define MUST(what)                                                              \
        do {                                                                    \
                if (!(what)) {                                                  \
                        fprintf(stderr, "line %d: not %s\n", __LINE__, #what);  \
                        abort();                                                \
                }                                                               \
        } while (0)

static uint8_t byte(World *w) {
        if (w->size == 0)
                return 0;
        w->size--;
        return *w->data++;
}

static void tick(World *w) {
        w->now += 1000;
}

/* --- the world ------------------------------------------------------------------------------------- */

static void record(const World *w, const WorldSocket *s, Socket *ret) {
        socket_init(ret);
        ret->cookie = w->mode == MODE_TEXT || w->mode == MODE_TEXT_DESTROY ? 0 : s->cookie;
        ret->netns = 1;
        ret->inode = s->holders != 0 || s->state == STATE_LISTEN ? s->inode : 0;
        ret->family = FAMILY_IPV4;
        ret->transport = s->transport;
        ret->state = s->state;
        ret->local.ip[0] = 10;
        if (s->state == STATE_LISTEN)
                ret->local.port = s->use;
        else {
                ret->local.port = 443;
                ret->peer.ip[0] = 11;
                ret->peer.ip[3] = (uint8_t) (s->use % PEERS);
                ret->bytes_sent = s->use * 7u;
                ret->bytes_received = s->use * 3u;
                ret->peer.port = s->use;
        }
        ret->timer = s->mini ? TIMER_TIME_WAIT : TIMER_NONE;
}

static void notice(World *w, NoticeKind kind, const WorldSocket *s) {
        Notice *n;

        bool destroys = w->mode == MODE_DESTROY || w->mode == MODE_TEXT_DESTROY;

        if (w->mode == MODE_BPF ? kind == NOTICE_DESTROY : !destroys || kind != NOTICE_DESTROY)
                return;
        if (w->notice_count == NOTICES_MAX)
                w->notice_count = 0; /* lost */
        n = &w->notices[w->notice_count++];
        *n = (Notice){ .kind = kind, .source = w->mode == MODE_BPF ? NOTICE_BY_BPF : NOTICE_BY_DESTROY,
                       .not_before = w->now, .not_after = w->now };
        record(w, s, &n->socket);
        if (kind == NOTICE_DESTROY) {
                n->socket.answered = s->answered ? ANSWERED_YES : ANSWERED_NO;
                n->socket.state = STATE_CLOSE;
                n->socket.inode = 0;
        }
        if (kind == NOTICE_CLOSE && (s->use & 1))
                n->opened = w->uses[s->use].opened;
}

static void set_state(World *w, WorldSocket *s, uint8_t state) {
        Use *u = &w->uses[s->use];

        s->state = state;
        u->established |= state != STATE_SYN_SENT;
        s->answered |= u->established;
        u->states[u->history % HISTORY_MAX] = state;
        u->times[u->history++ % HISTORY_MAX] = w->now;
}

static void begin_use(World *w, WorldSocket *s, uint8_t state) {
        if (w->use_count == USES_MAX - 1)
                return;
        s->use = ++w->use_count;
        s->alive = true;
        s->mini = false;
        w->uses[s->use].opened = w->now;
        set_state(w, s, state);
        notice(w, NOTICE_OPEN, s);
}

static void end_use(World *w, WorldSocket *s) {
        if (!s->alive)
                return;
        s->alive = false;
        w->uses[s->use].closed = w->now;
        notice(w, NOTICE_CLOSE, s);
}

static void free_socket(World *w, WorldSocket *s) {
        w->uses[s->use].freed = true;
        notice(w, NOTICE_DESTROY, s);
        s->held = false;
        s->holders = 0;
}

static void world_open(World *w, uint8_t b) {
        WorldSocket *s = &w->sockets[b % SOCKETS];

        if (s->alive)
                return;
        if (s->held)
                free_socket(w, s);
        *s = (WorldSocket){ .cookie = ++w->cookies, .inode = (uint32_t) (1000 + w->cookies), .transport = TRANSPORT_TCP,
                            .holders = (uint8_t) (b >> 4 & 7) };
        begin_use(w, s, b % 7 == 0 ? STATE_LISTEN : b % 2 ? STATE_ESTABLISHED : STATE_SYN_SENT);
}

static void world_close(World *w, uint8_t b) {
        WorldSocket *s = &w->sockets[b % SOCKETS];

        if (!s->alive)
                return;
        end_use(w, s);
        free_socket(w, s);
        s->mini = b >> 7 && s->state != STATE_LISTEN;
}

/* By the other side: it is in no table any more, but its holder has it until he looks. */
static void world_reset(World *w, uint8_t b) {
        WorldSocket *s = &w->sockets[b % SOCKETS];

        if (s->alive && s->state != STATE_LISTEN) {
                end_use(w, s);
                s->held = true;
        } else if (s->held)
                free_socket(w, s);
}

/* connect(AF_UNSPEC) and connect(): another use of the same socket. */
static void world_reconnect(World *w, uint8_t b) {
        WorldSocket *s = &w->sockets[b % SOCKETS];

        if (!s->alive || s->state == STATE_LISTEN || s->holders == 0)
                return;
        end_use(w, s);
        tick(w);
        begin_use(w, s, STATE_ESTABLISHED);
}

static void world_state(World *w, uint8_t b) {
        static const uint8_t states[] = { STATE_ESTABLISHED, STATE_CLOSE_WAIT, STATE_LAST_ACK, STATE_FIN_WAIT_1 };
        WorldSocket *s = &w->sockets[b % SOCKETS];
        uint8_t state = states[b >> 6];

        if (!s->alive || s->state == STATE_LISTEN || s->state == state)
                return;
        set_state(w, s, state);
        notice(w, NOTICE_STATE, s);
}

static void world_hold(World *w, uint8_t b) {
        WorldSocket *s = &w->sockets[b % SOCKETS];

        if (s->alive)
                s->holders ^= (uint8_t) (1 << (b >> 4) % PROCESSES);
}

static void world_process(World *w, uint8_t b) {
        unsigned i = b % PROCESSES;

        if (b & 0x80)
                w->processes[i].comm = "abcd"[b >> 5 & 3];
        else {
                w->processes[i].alive = !w->processes[i].alive;
                w->processes[i].start = w->now / 10000;
                for (size_t k = 0; k < SOCKETS; k++)
                        w->sockets[k].holders &= (uint8_t) ~(1 << i);
        }
}

static void world_step(World *w, uint8_t op, uint8_t b) {
        static void (*const steps[])(World *w, uint8_t b) = {
                world_open, world_open, world_close, world_reconnect, world_state, world_hold, world_process, world_reset,
        };

        tick(w);
        steps[op % ELEMENTSOF(steps)](w, b);
        tick(w);
}

/* --- who observes it ------------------------------------------------------------------------------- */

static void scan(World *w, uint8_t b) {
        bool partial = !w->still && b % 8 == 7;

        ledger_processes_begin(w->ledger, w->now);
        for (unsigned i = 0; i < PROCESSES; i++) {
                _cleanup_process_ Process p = {};

                if (!w->processes[i].alive || (partial && i > 2))
                        continue;
                tick(w);
                if (b % 2 == 0 && ledger_process_touch(w->ledger, 100 + i, w->processes[i].start, NULL) >= 0)
                        continue;
                process_init(&p);
                p.pid = 100 + i;
                p.start_ticks = w->processes[i].start;
                p.start_usec = p.start_ticks * 10000;
                p.parent = i > 0 ? 100 + (b >> 3) % i : 0;
                p.comm = strndup(&w->processes[i].comm, 1);
                MUST(ledger_process_see(w->ledger, &p) >= 0);
        }
        tick(w);
        ledger_processes_end(w->ledger, w->now, !partial);
}

static void walk(World *w, uint8_t b) {
        unsigned i = b % PROCESSES;
        Coverage coverage = { .state = b >> 5 == 7 && !w->still ? COVERAGE_DENIED : COVERAGE_OK };

        tick(w);
        if (ledger_holders_begin(w->ledger, 100 + i, w->processes[i].start, w->now) < 0)
                return;
        for (unsigned k = 0; k < SOCKETS && w->processes[i].alive; k++)
                if (w->sockets[k].holders >> i & 1)
                        MUST(ledger_hold(w->ledger, (int) (3 + k), w->sockets[k].inode) >= 0);
        ledger_holders_end(w->ledger, w->now, 0, coverage);
}

static void drain(World *w, uint8_t b) {
        size_t lost = b >> 4 == 15 && !w->still ? w->notice_count : 0;

        tick(w);
        for (size_t i = lost; i < w->notice_count; i++) {
                Notice *n = &w->notices[i];

                if (n->kind == NOTICE_DESTROY) {
                        n->not_before = w->drained;
                        n->not_after = w->now;
                }
                MUST(ledger_note(w->ledger, n) >= 0);
        }
        if (lost > 0)
                MUST(ledger_note(w->ledger, &(Notice){ .kind = NOTICE_LOST, .count = lost, .not_before = w->drained,
                                                       .not_after = w->now }) == 0);
        w->notice_count = 0;
        w->drained = w->now;
}

/* A dump skips a living socket now and then. Once or twice in a row, and not one that none had yet: the ledger takes its absence
 * then for a bound of its opening, which is known to be wrong as rarely as that happens. */
static bool skips(const World *w, Use *u, uint8_t b) {
        bool skip = u->shown && u->skipped < 2 && b % 8 == 7 && !w->still;

        u->skipped = skip ? u->skipped + 1 : 0;
        u->shown = true;
        return skip;
}

/* Rows are read a few at a time and handed over later, as from the buffer of a socket: the world goes on meanwhile. */
static void look(World *w, uint8_t b) {
        static const CoverageState coverages[] = { COVERAGE_OK, COVERAGE_OK, COVERAGE_OK, COVERAGE_OK,
                                                   COVERAGE_OK, COVERAGE_INTERRUPTED, COVERAGE_DENIED, COVERAGE_GONE };
        Coverage coverage = { .state = w->still ? COVERAGE_OK : coverages[b % 8] };
        Netns netns = { .id = 1, .inode = 4026531840 };
        Socket rows[SOCKETS];
        size_t count = 0;

        for (unsigned i = 0; i < USES_MAX && coverage.state == COVERAGE_GONE; i++)
                w->uses[i].shown = false; /* with the namespace they are forgotten */
        tick(w);
        MUST(ledger_look_begin(w->ledger, &netns, TABLE_TCP, w->now) == 0);
        for (unsigned k = 0; k < SOCKETS && coverage.state != COVERAGE_GONE; k++) {
                uint8_t c = w->still ? 0 : byte(w);

                tick(w);
                if ((w->sockets[k].alive || w->sockets[k].mini) && !skips(w, &w->uses[w->sockets[k].use], c))
                        record(w, &w->sockets[k], &rows[count++]);
                if (c >> 6 == 1)
                        world_step(w, c, byte(w));
                if (c >> 6 == 2)
                        drain(w, c);
                if (c >> 6 == 3)
                        while (count > 0)
                                MUST(ledger_see(w->ledger, &rows[--count]) >= 0);
        }
        while (count > 0)
                MUST(ledger_see(w->ledger, &rows[--count]) >= 0);
        tick(w);
        w->lost_netns |= coverage.state == COVERAGE_GONE;
        MUST(ledger_look_end(w->ledger, w->now, coverage) == 0);
}

static Verdict answer(void *userdata, const Suspect *s, uint64_t *ret_when) {
        World *w = userdata;
        const Use *u = &w->uses[s->socket.peer.port ?: s->socket.local.port];

        w->asked++;
        tick(w);
        if (!w->still && byte(w) % 4 == 0)
                return VERDICT_UNSURE;
        *ret_when = w->now;
        return u->closed != 0 ? VERDICT_GONE : VERDICT_ALIVE;
}

static void question(World *w) {
        LedgerStatus before, after;

        ledger_status(w->ledger, &before);
        w->asked = 0;
        ledger_question(w->ledger, answer, w);
        ledger_status(w->ledger, &after);
        MUST(w->asked <= before.suspects);
        MUST(before.suspects == ledger_suspects(w->ledger) || after.suspects < before.suspects);
        MUST(after.suspects <= before.suspects);
}

static int answer_peer(void *userdata, const PeerQuestion *q) {
        World *w = userdata;
        PeerAnswer a = { .key = q->key, .by = PEER_BY_TUPLE, .state = (PeerState) (w->now / 1000 % _PEER_STATE_MAX), .path = "x", .path_size = 1 };
        bool all;

        MUST(q->key != 0 && q->transport != TRANSPORT_UNKNOWN && q->peer.port != 0);
        a.holder_count = (uint32_t) ledger_peer_holder(w->ledger, q->inode, &q->this_end, &a.process, &all);
        MUST(ledger_peer_answer(w->ledger, &a) == 0);
        return 0;
}

static void judge(World *w, uint8_t b) {
        tick(w);
        if (b & 4)
                MUST(ledger_peers(w->ledger, answer_peer, w) == 0);
        ledger_judge(w->ledger, w->now);
        if (b % 2 == 0)
                question(w);
        ledger_tell_folded(w->ledger, w->now, FOLDED_DUE);
}

/* --- rules ----------------------------------------------------------------------------------------- */

static char name_a[] = "a", name_b[] = "b", name_any[] = "any";
static char *globs_a[] = { name_a }, *globs_b[] = { name_b };
static Match match_a = { .comm = { globs_a, 1 } }, match_b = { .comm = { globs_b, 1 } };
static Rule rules_ab[] = {
        { .name = name_a, .match = &match_a, .descendants = true, .processes = true, .changed = CHANGE_ALL, .sockets.listen = -1,
          .fold = { 1 << FOLD_BY_COMM, 20000, 1 } },
        { .name = name_b, .match = &match_b, .processes = true, .changed = CHANGE_ALL, .state_after = 30000, .sockets.listen = -1, .missed_each = true,
          .sockets.states = 1 << STATE_ESTABLISHED | 1 << STATE_LISTEN },
};
static Rule rules_any[] = {
        { .name = name_b, .match = &match_b, .descendants = true, .processes = true, .changed = 0, .sockets.listen = -1 },
        { .name = name_any, .changed = CHANGE_ALL, .sockets.listen = -1, .missed_each = true,
          .fold = { 1 << FOLD_BY_COMM | 1 << FOLD_BY_PEER, 10000, 0 } },
};
static Rule rules_b[] = {
        { .name = name_b, .match = &match_b, .processes = true, .changed = CHANGE_STATE, .sockets.listen = 0, .fold = { 1 << FOLD_BY_DIRECTION, 50000, 2 } },
};
static const RuleSet rulesets[] = {
        { .rules = rules_ab, .count = ELEMENTSOF(rules_ab), .excludes = NULL },
        { .rules = rules_any, .count = ELEMENTSOF(rules_any), .any_process = true },
        { .rules = rules_b, .count = ELEMENTSOF(rules_b) },
};

static void reload(World *w, uint8_t b) {
        w->reloads++;
        w->rules = &rulesets[b % ELEMENTSOF(rulesets)];
        ledger_set_rules(w->ledger, w->rules);
        invariants_reload(&w->invariants);
        ledger_tell_folded(w->ledger, w->now, FOLDED_OBSOLETE);
        if (w->budget) {
                w->options.budget = w->options.budget == BUDGET_SMALL ? BUDGET_LARGE : BUDGET_SMALL;
                ledger_set_options(w->ledger, &w->options);
        }
}

/* --- what it says ---------------------------------------------------------------------------------- */

static uint64_t number(const Event *e, FieldId id) {
        return event_has(e, id) ? e->values[id].number : 0;
}

static Use *use_of(World *w, const Event *e) {
        uint64_t port = event_has(e, EVENT_FIELD_PEER_PORT) ? number(e, EVENT_FIELD_PEER_PORT)
                                                            : number(e, EVENT_FIELD_LOCAL_PORT);

        MUST(port > 0 && port <= w->use_count);
        return &w->uses[port];
}

static void check_closed(const Use *u, const Event *e) {
        MUST(u->closed != 0);
        MUST(number(e, EVENT_FIELD_NOT_BEFORE) <= u->closed);
        MUST(u->closed <= number(e, EVENT_FIELD_NOT_AFTER));
}

/* It entered this state within the bounds; where only its holders changed, it was there. */
static void check_changed(const Use *u, const Event *e) {
        Bytes changed = e->values[EVENT_FIELD_CHANGED].bytes;
        bool found = u->history > HISTORY_MAX;

        if (!memmem(changed.data, changed.size, "state", 5)) {
                MUST(u->opened <= number(e, EVENT_FIELD_NOT_AFTER));
                MUST(u->closed == 0 || u->closed >= number(e, EVENT_FIELD_NOT_BEFORE));
                return;
        }
        for (unsigned i = 0; i < MIN(u->history, (unsigned) HISTORY_MAX); i++)
                found |= u->states[i] == number(e, EVENT_FIELD_STATE) &&
                         u->times[i] >= number(e, EVENT_FIELD_NOT_BEFORE) &&
                         u->times[i] <= number(e, EVENT_FIELD_NOT_AFTER);
        MUST(found);
}

static void check_connection(World *w, const Event *e) {
        Use *u = use_of(w, e);
        uint64_t not_before = number(e, EVENT_FIELD_NOT_BEFORE), not_after = number(e, EVENT_FIELD_NOT_AFTER);

        MUST(!u->ended || w->mode == MODE_BPF);
        switch ((int) e->kind) {
        case EVENT_CONNECTION_PRESENT:
        case EVENT_LISTENER_PRESENT:
        case EVENT_SOCKET_PRESENT:
                MUST(not_before == 0);
                MUST(u->opened <= not_after);
                u->told = true;
                break;
        case EVENT_CONNECTION_APPEARED:
        case EVENT_LISTENER_APPEARED:
        case EVENT_SOCKET_APPEARED:
                MUST(not_before != 0);
                MUST(not_before <= u->opened && u->opened <= not_after);
                u->told = true;
                break;
        case EVENT_CONNECTION_CHANGED:
                MUST(u->told);
                check_changed(u, e);
                break;
        case EVENT_CONNECTION_COMPLETED:
                MUST(!u->told || w->mode == MODE_BPF);
                MUST(number(e, EVENT_FIELD_OPENED_NOT_BEFORE) <= u->opened && u->opened <= number(e, EVENT_FIELD_OPENED_AT));
                check_closed(u, e);
                u->ended = true;
                break;
        case EVENT_CONNECTION_FAILED:
                MUST(!u->established);
                check_closed(u, e);
                u->ended = true;
                break;
        default:
                MUST(u->told);
                check_closed(u, e);
                u->ended = true;
        }
}

/* One by one: freed, a connection once, not told otherwise, and not a second time. (Without cookies two uses can look like one.) */
static void check_missed(World *w, const Event *e) {
        Use *u = use_of(w, e);

        MUST(w->mode == MODE_BPF ? u->closed != 0 : u->freed && u->established);
        MUST(u->closed <= number(e, EVENT_FIELD_NOT_AFTER));
        if (w->mode != MODE_DESTROY || w->lost_netns)
                return;
        MUST(!u->told && !u->ended);
        u->ended = true;
}

/* 0: none. */
static unsigned rule_of(const Event *e) {
        const Bytes b = e->values[EVENT_FIELD_RULE].bytes;

        if (!event_has(e, EVENT_FIELD_RULE))
                return 0;
        return b.size == 3 ? 3 : b.data[0] == 'a' ? 1 : 2;
}

static void count_single(Totals *t, const Event *e) {
        static const unsigned sums[_EVENT_KIND_MAX] = {
                [EVENT_CONNECTION_PRESENT] = 1 << FOLD_PRESENT,
                [EVENT_CONNECTION_APPEARED] = 1 << FOLD_OPENED,
                [EVENT_CONNECTION_CHANGED] = 1 << FOLD_CHANGES,
                [EVENT_CONNECTION_VANISHED] = 1 << FOLD_CLOSED,
                [EVENT_CONNECTION_COMPLETED] = 1 << FOLD_OPENED | 1 << FOLD_CLOSED,
                [EVENT_CONNECTION_FAILED] = 1 << FOLD_FAILED,
                [EVENT_CONNECTION_MISSED] = 1 << FOLD_MISSED,
        };
        unsigned rule = rule_of(e), is = sums[e->kind];
        uint64_t *peer;

        for (FoldSum s = 0; s < _FOLD_SUM_MAX; s++)
                t->of_rule[rule][s] += is >> s & 1;
        if (is == 0 || !event_has(e, EVENT_FIELD_PEER_ADDRESS))
                return;
        peer = t->of_peer[rule][(uint8_t) e->values[EVENT_FIELD_PEER_ADDRESS].bytes.data[3]];
        peer[0] += (is & (1 << FOLD_OPENED | 1 << FOLD_MISSED)) != 0;
        peer[3] += (is & 1 << FOLD_FAILED) != 0;
        if (is & (1 << FOLD_CLOSED | 1 << FOLD_MISSED | 1 << FOLD_FAILED)) {
                peer[1] += number(e, EVENT_FIELD_BYTES_SENT);
                peer[2] += number(e, EVENT_FIELD_BYTES_RECEIVED);
        }
}

static void count_peers(Totals *t, const Event *e) {
        unsigned rule = rule_of(e), peers = 0;
        char text[4096], *rest = text;

        MUST(e->values[EVENT_FIELD_PEERS].bytes.size < sizeof(text));
        (void) snprintf(text, sizeof(text), "%.*s", (int) e->values[EVENT_FIELD_PEERS].bytes.size, e->values[EVENT_FIELD_PEERS].bytes.data);
        for (char *line; (line = strtok_r(rest, "\n", &rest)); peers++) {
                uint64_t n[4];
                unsigned last;

                MUST(sscanf(line, "11.0.0.%u %lu %lu %lu %lu", &last, &n[0], &n[1], &n[2], &n[3]) == 5 && last < PEERS);
                for (unsigned i = 0; i < 4; i++)
                        t->of_peer[rule][last][i] += n[i];
        }
        MUST(peers == number(e, EVENT_FIELD_PEER_COUNT));
}

static void count_summary(Totals *t, const Event *e) {
        static const FieldId fields[] = { EVENT_FIELD_OPENED, EVENT_FIELD_CLOSED, EVENT_FIELD_FAILED, EVENT_FIELD_MISSED, EVENT_FIELD_PRESENT, EVENT_FIELD_CHANGES };
        unsigned rule = rule_of(e);

        for (FoldSum s = 0; s < ELEMENTSOF(fields); s++)
                t->of_rule[rule][s] += number(e, fields[s]);
        MUST(number(e, EVENT_FIELD_SPAN_FIRST) <= number(e, EVENT_FIELD_SPAN_LAST) && number(e, EVENT_FIELD_SPAN_LAST) <= number(e, EVENT_FIELD_NOT_AFTER));
        if (event_has(e, EVENT_FIELD_PEERS)) {
                count_peers(t, e);
                return;
        }
        if (event_has(e, EVENT_FIELD_PEER_ADDRESS)) {
                uint64_t *peer = t->of_peer[rule][(uint8_t) e->values[EVENT_FIELD_PEER_ADDRESS].bytes.data[3]];

                peer[0] += number(e, EVENT_FIELD_OPENED) + number(e, EVENT_FIELD_MISSED);
                peer[1] += number(e, EVENT_FIELD_BYTES_SENT);
                peer[2] += number(e, EVENT_FIELD_BYTES_RECEIVED);
                peer[3] += number(e, EVENT_FIELD_FAILED);
        }
}

static void emit(void *userdata, const Event *e) {
        World *w = userdata;
        const char *wrong = invariants_check(&w->invariants, e);

        /* Of hooks, which nothing gives to the ledger yet, a CLOSE and an OPEN that are read many looks late can tell one connection twice. */
        if (wrong && w->mode != MODE_BPF) {
                fprintf(stderr, "%s: %s\n", event_kind_info(e->kind)->name, wrong);
                abort();
        }
        if (w->budget)
                ledger_spend(w->ledger, e, EVENT_COST);
        if (e->kind == EVENT_CONNECTION_SUMMARY)
                count_summary(&w->totals, e);
        else
                count_single(&w->totals, e);
        if (event_has(e, EVENT_FIELD_CONNECTION))
                check_connection(w, e);
        else if (e->kind == EVENT_CONNECTION_MISSED)
                check_missed(w, e);
}

/* --- from run to run ------------------------------------------------------------------------------- */

static void begin_run(World *w) {
        MUST(ledger_new(&w->ledger, &w->options, w->rules, emit, w) == 0);
        ledger_set_fold(w->ledger, w->fold);
        w->invariants.seq = 0;
}

static void hear(World *w) {
        if (w->mode == MODE_DESTROY || w->mode == MODE_TEXT_DESTROY)
                MUST(ledger_hears(w->ledger, &(Netns){ .id = 1, .inode = 4026531840 }, TABLE_BIT(TABLE_TCP)) == 0);
}

/* In memory that outlives the run. */
static void *fold_memory(void) {
        static void *memory;

        memory = memory ?: malloc(fold_size(FOLD_ROWS));
        MUST(memory != NULL);
        return memory;
}

static void begin_fold(World *w) {
        static const uint64_t secret[2] = { 5, 6 };

        MUST(fold_new(&w->fold, fold_memory(), FOLD_ROWS, secret, RUN) == 0);
}

static void reopen_fold(World *w) {
        fold_free(w->fold);
        MUST(fold_open(&w->fold, fold_memory(), fold_size(FOLD_ROWS)) == 0);
        fold_recover(w->fold, false, RUN);
}

/* A clean stop, and a start that finds the map. The world goes on meanwhile, and nobody hears of it. */
static void restart(World *w, uint8_t b) {
        _cleanup_text_ Text saved = TEXT_NULL;

        drain(w, 0);
        judge(w, 0); /* a stop comes between two cycles */
        MUST(ledger_save(w->ledger, &saved) == 0);
        ledger_free(w->ledger);
        for (unsigned n = b >> 4; n > 0; n--) {
                uint8_t op = byte(w);

                world_step(w, op, byte(w));
        }
        w->notice_count = 0;
        tick(w);
        w->drained = w->now;
        if (w->fold)
                reopen_fold(w);
        begin_run(w);
        MUST(ledger_restore(w->ledger, (Bytes){ saved.data, (uint32_t) saved.size }, w->now) == 0);
        hear(w);
}

/* --- the run --------------------------------------------------------------------------------------- */

static void balance(World *w, uint8_t b) {
        static Event e;
        const Netns netns = { .id = 1u + (b & 3u), .inode = 4026531840u + (b & 3u) };
        const Openings before = { w->now / 7, w->now / 11 }, after = { before.active + (b >> 4), before.passive + (b >> 6) };

        ledger_books_kernel(w->ledger, &netns, before, after, b & 8);
        event_init(&e, EVENT_AUDIT_BALANCE);
        ledger_balance(w->ledger, &e);
        MUST(number(&e, EVENT_FIELD_BALANCED_COUNT) <= number(&e, EVENT_FIELD_NAMESPACE_COUNT));
        ledger_say(w->ledger, &e);
}

static void step(World *w) {
        uint8_t op = byte(w), b = byte(w);

        switch (op % 16) {
        case 0:
                scan(w, b);
                break;
        case 1:
        case 2:
                walk(w, b);
                break;
        case 3:
        case 4:
        case 5:
                look(w, b);
                break;
        case 6:
        case 7:
                judge(w, b);
                break;
        case 8:
                drain(w, b);
                break;
        case 9:
                judge(w, 0); /* a reload comes between two cycles */
                reload(w, b);
                break;
        case 10:
                ledger_tell_folded(w->ledger, w->now, FOLDED_MISSED);
                balance(w, b);
                break;
        case 11:
                if (b % 4 == 0)
                        restart(w, b);
                else
                        world_step(w, op / 16, b);
                break;
        default:
                world_step(w, op / 16, b);
        }
}

/* The world stands still: after a few cycles nothing is doubtful, and what a rule for any process tells is told. */
static void settle(World *w) {
        LedgerStatus status;

        w->still = true;
        drain(w, 0);
        judge(w, 0);
        reload(w, 1);
        for (unsigned i = 0; i < 5; i++) {
                w->now += 1000000; /* what may be on its way is waited for */
                scan(w, 1);
                for (uint8_t k = 0; k < PROCESSES; k++)
                        walk(w, k);
                look(w, 0);
                judge(w, 0);
        }
        ledger_status(w->ledger, &status);
        MUST(status.suspects == 0);
        for (unsigned k = 0; k < SOCKETS; k++)
                if (w->sockets[k].alive && !w->fold)
                        MUST(w->uses[w->sockets[k].use].told);
        /* What a reload took out of the rules ends in silence. */
        for (unsigned i = 1; i <= w->use_count && w->reloads == 1; i++)
                MUST(!w->uses[i].told || w->uses[i].closed == 0 || w->uses[i].ended);
}

static void play(World *w, const uint8_t *data, size_t size, bool folds, bool budget) {
        *w = (World){ .data = data, .size = size, .now = 10000000, .drained = 10000000, .budget = budget };
        w->mode = byte(w) % _MODE_MAX;
        for (unsigned i = 0; i < PROCESSES; i++) {
                w->processes[i].alive = i % 2;
                w->processes[i].start = 100 + i;
                w->processes[i].comm = "abcd"[i % 4];
        }
        w->options = (LedgerOptions){
                .boot_id = "0123456789abcdef0123456789abcdef",
                .secret = { 3, 4 },
                .notices_exact = w->mode == MODE_BPF,
                .baseline = w->mode == MODE_LOOKS ? 50000 : 0, /* of 1 ms steps */
                .budget = budget ? BUDGET_SMALL : 0,
        };
        w->invariants.baseline = w->options.baseline > 0;
        w->rules = &rulesets[0];
        if (folds)
                begin_fold(w);
        begin_run(w);
        hear(w);
        while (w->size > 0)
                step(w);
        settle(w);
        ledger_tell_folded(w->ledger, w->now, FOLDED_STOP);
        ledger_free(w->ledger);
        fold_free(w->fold);
        invariants_done(&w->invariants);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        World *w = calloc(1, sizeof(World));
        Totals singly;

        if (!w)
                return 0;
        play(w, data, size, false, false);
        singly = w->totals;
        for (int budget = 0; budget < 2; budget++) {
                play(w, data, size, true, budget);
                MUST(memcmp(&singly, &w->totals, sizeof(singly)) == 0);
        }
        free(w);
        return 0;
}
