/* SPDX-License-Identifier: MIT */
#pragma once

/* What the files of the ledger share: ledger.c (the map), ledger-look.c (looks), ledger-sweep.c and ledger-judge.c (judgement), ledger-process.c (processes),
 * ledger-crowd.c (what is told of many at once), ledger-holder.c (their descriptors), ledger-holder-change.c and ledger-heir.c (what is told of these),
 * ledger-note.c (notices), ledger-budget.c (how much may be told), ledger-condition.c (what makes us work less well), ledger-stall.c (what stands still),
 * ledger-expect.c (what is missing), ledger-baseline.c (what lives on), ledger-event.c (making events), ledger-fold.c (sums instead), ledger-save.c and
 * ledger-record.c (from one run to the next), books.c and books-hooked.c. */

#include "detect/budget.h"
#include "detect/connection.h"
#include "detect/event-sum.h"
#include "detect/ledger.h"

#define FIRST_LOOKS 3 /* dumps skip a living socket, but not in so many looks in a row */
#define TABLES_MAX 8192 /* of all namespaces: twice what limits.namespaces can ask for, since some are left behind */

/* Openings of one namespace since its zero, active and passive apart, and a third column for those whose
 * direction is unknown. Signed, never clamped. */
enum {
        BOOK_ACTIVE,
        BOOK_PASSIVE,
        BOOK_UNKNOWN,
        _BOOK_MAX,
};

typedef struct Book {
        Netns netns;
        bool kernel_known;
        Openings zero, now;      /* the kernel's counters */
        Openings uncertain;      /* what they moved by while the tables were read, at both ends */
        Openings zero_uncertain; /* ... of it at the first reading */
        int64_t recorded[_BOOK_MAX], reported[_BOOK_MAX];
        int64_t unwanted[_BOOK_MAX]; /* recorded, and judged to be of nobody who is told of: with hooks, where that is not known before */
        bool hooked_known;
        Hooked hooked_zero, hooked; /* when `zero` was read, and now */
        unsigned deaf;           /* readings in a row at which hooks had seen less than the kernel */
        bool adrift;             /* what was recorded is not what hooks have counted */
        uint64_t unattributable; /* destroy messages of sockets without peer */
        uint64_t missed;         /* closes of connections that were never in the map */
} Book;

/* What is told of processes and can be told of many at once: in the order in which it is. */
typedef enum CrowdKind {
        CROWD_MATCHED,
        CROWD_INHERITED,
        CROWD_GONE,
        _CROWD_KIND_MAX,
} CrowdKind;

/* Children of one process that run the same program under the same rule. */
struct Crowd {
        UT_hash_handle hh; /* Ledger.crowds, by key */
        char *key;
        uint32_t parent; /* pid; 0: of any */
        char *parent_entity, *parent_comm; /* NULL: not known */
        size_t members; /* Actors that are in it */
        uint64_t since; /* its minute began; 0: not yet */
        unsigned singly[_CROWD_KIND_MAX]; /* told in this minute */
        EventSum sums[_CROWD_KIND_MAX];
};

/* What a rule expects, and the last of its connections that ended: what a process that gave up has left. */
typedef struct Expectation {
        size_t found;       /* in this judgement */
        uint64_t oldest;    /* of these: when the one was seen that was not seen for longest */
        uint64_t met_at;    /* there were enough at this time, or later; 0: never yet */
        uint64_t unmet_at;  /* there were not, by this time; 0: there are */
        uint64_t unmet_seen; /* beginning of the last looks that found so */
        bool told;
        Connection *other;  /* in this judgement: the youngest in another state */
        Connection *last;   /* a copy, out of the map; NULL: none has ended */
        TableState last_table;
        uint64_t last_ended; /* by then */
        uint8_t last_end;    /* End */
        int last_error;      /* positive errno; 0: unknown */
} Expectation;

struct Ledger {
        LedgerOptions options;
        const RuleSet *rules;
        ledger_emit_t emit;
        void *userdata;
        uint64_t secret[2]; /* of keys */
        uint64_t boot[2];   /* of ids */
        uint64_t seq;
        uint64_t counts[_EVENT_KIND_MAX];

        TableState **tables;
        size_t table_count;
        TableState *current; /* between look_begin and look_end */
        uint32_t cycle;      /* judgements so far */
        bool looked;         /* a look began since the last judgement */
        bool reloaded;       /* the rules changed since the last judgement */

        SocketMap sockets;   /* key of a socket: Connection or Slot */
        SocketMap inodes;    /* inode: list of Holder */
        SocketMap listeners; /* namespace and TCP or UDP port: key of a listening socket */
        Pool connection_pool, holder_pool;
        size_t connections;
        size_t suspects;
        size_t kept;         /* closed slots that the sweep left for their destroy messages */
        Connection *pending, **pending_tail;
        size_t unheld;
        Stray *strays;
        size_t stray_count;
        uint64_t *peer_again; /* keys of connections whose other end is asked for once more */
        size_t peer_again_count;
        size_t over_limit;   /* rows that found no room since the last judgement */
        struct {
                uint64_t fitted; /* when all did, last; 0: never yet */
                uint64_t since, most; /* of the overrun that goes on; most 0: none */
        } limits[_LIMIT_MAX];
        struct {
                bool holds;
                uint64_t since;
                int error;
        } conditions[_CONDITION_MAX];
        Budget budget;       /* while it is spent, nothing is told singly that need not be */
        uint64_t written[RULES_MAX]; /* of Budget.written, by rules */
        uint64_t thrift;     /* events that were summed up since it is */

        Actor *actors;       /* by pid */
        Crowd *crowds;       /* by key */
        Actor *walked;       /* between holders_begin and holders_end */
        Holder **walk_place; /* among its holders: of walk_fd, the last that was named */
        int walk_fd;
        uint64_t walk_t0;    /* of that walk */
        Gain *gains;         /* that it has shown, of connections that are told */
        size_t gain_count;
        SocketMap let_go;    /* inode: Connection that is let_go, released or unheld */
        size_t sought;       /* rows of such since the last judgement */
        bool everyone;       /* all descriptors of all processes were walked since */
        size_t heirs;        /* Actors with heir_of */
        size_t matched_actors;
        size_t holders, unkept; /* of all Actors: how many are remembered, and are not */
        uint32_t held_since; /* the youngest Holder.since */
        size_t denied;       /* newly, since the last judgement */
        uint32_t denied_pid; /* the last of them */
        uint64_t scan_t0, previous_scan_t0; /* of the current or last scan of processes, of the complete one before; 0: none yet */
        bool scanning;       /* between processes_begin and processes_end */
        bool scan_complete;  /* the last one was */
        bool unread, unread_now; /* processes that are not known could not be read: in the last scan, in this one */
        bool announcing;     /* a process-matched waits for the hash of an executable */
        bool scan_judged;    /* some process was judged since the last scan ended */

        Expectation *expectations; /* one a rule; NULL: none expects anything */

        Book *books;
        size_t book_count;
        uint64_t lost_openings, healed_openings; /* with hooks: without a notice; of those the ones that their end has told */
        Book closed;         /* sums of the books of namespaces that are gone */
        Text unbalanced;     /* rows of the last audit-balance */

        Fold *fold;          /* borrowed; NULL: everything is told singly */
        uint64_t fold_resets; /* because it was full */
        int64_t fold_shift;  /* of the times in it */
        Text peers;          /* of the last connection-summary */

        uint64_t heal_at, heal_distance, healed_at;
        uint64_t baseline_from; /* the first judgement: what was there was told by then; 0: none yet */
        uint64_t baseline_before, baseline_now; /* the judgement before, and this one */
        uint64_t resumed;    /* what was told before this time, another run has told; 0: none has */

        Event event; /* the one that is being made */
};

/* ledger.c */
uint64_t ledger_key(const Ledger *l, uint64_t netns, const Socket *s);
TableState *ledger_table_known(const Ledger *l, const Netns *netns, TableKind kind); /* NULL: no look was there */
TableState *ledger_table(Ledger *l, const Netns *netns, TableKind kind); /* NULL: out of memory or too many */
Connection *ledger_connection(const Ledger *l, uint64_t key);
/* A new entry for the key, in place of what was there; NULL: over the limit or out of memory. */
Connection *ledger_add(Ledger *l, uint64_t key, const Socket *s, TableState *t);
/* What stays in the map for a while of a socket that ended. */
uint64_t ledger_closed_slot(const TableState *t, bool by_look);
/* What stays of one that nobody watches. */
uint64_t ledger_foreign_slot(const Connection *c);
/* Take it out of the map and free it. The slot becomes `instead` (0: none). */
void ledger_drop(Ledger *l, Connection *c, uint64_t instead);
void ledger_pend(Ledger *l, Connection *c);
/* What work on c will need is asked of the memory some steps before, so that it is at hand then: in the order of this list. Of 100,000 connections hardly
 * anything is still in a cache. Nothing but time depends on it. NULL is nothing. */
typedef enum FetchStep {
        FETCH_ITSELF,
        FETCH_SLOTS,   /* where it, and its holders, are in the maps */
        FETCH_HOLDERS, /* and what is known of its other end */
        _FETCH_MAX,
} FetchStep;
void ledger_fetch(const Ledger *l, const Connection *c, FetchStep step);
/* It is not there any more: tell what is to be told, and drop it. */
void ledger_vanish(Ledger *l, Connection *c, uint64_t not_before, uint64_t not_after, const Notice *notice, uint64_t instead);
/* A row that listens: its port is remembered, for directions and for what is not yet accepted. */
void ledger_note_listener(Ledger *l, const TableState *t, const Socket *row, uint64_t key);
/* The watched listener of a port; NULL: none, or not watched. */
Connection *ledger_listener(const Ledger *l, const Netns *netns, unsigned transport, unsigned family, const Endpoint *local);
/* Does another socket than `except` listen there? */
bool ledger_listens(const Ledger *l, const Netns *netns, unsigned transport, unsigned family, const Endpoint *local, uint64_t except);
bool ledger_is_ephemeral(const Ledger *l, uint16_t port);
/* A UDP socket on an ephemeral port is a client that has only sent. */
bool ledger_is_listener(const Ledger *l, const Socket *s);

/* ledger-decide.c */
/* The first rule that tells it, or RULE_NONE. Sets its direction, and its primary holder where a rule is found. */
uint16_t ledger_decide(Ledger *l, Connection *c, bool *ret_listener);
/* The holder that speaks for a rule: the oldest that matches it. NULL: none does. */
Holder *ledger_holder_for(const Ledger *l, const Connection *c, size_t rule);
void ledger_attribute(Connection *c, Actor *a, int fd, Attribution how);

/* ledger-process.c */
Actor *ledger_actor(const Ledger *l, uint32_t pid);
Actor *actor_reference(Actor *a);
Actor *actor_release(Actor *a);
void ledger_processes_free(Ledger *l);
/* NULL: not known. A pid that was given again is no parent. */
const Actor *ledger_actor_parent(const Ledger *l, const Actor *a);
/* Its entity, of pid and start. */
void ledger_actor_identify(const Ledger *l, Actor *a);
/* When the last scan began that is over and was complete; 0: none. */
uint64_t ledger_last_scan(const Ledger *l);
/* n: the notice that said so; NULL: a scan. */
void ledger_actor_gone(Ledger *l, Actor *a, uint64_t not_before, uint64_t not_after, const Notice *n);
/* process-matched, seen to be so at t1; where the hash of its executable is asked for, not before ledger_announce() (ledger-exe.c). */
void ledger_actor_announce(Ledger *l, Actor *a, uint64_t t1);
void ledger_announce(Ledger *l);
/* As ledger_process_see(), for a notice. */
int ledger_process_note(Ledger *l, const Notice *n);

/* ledger-crowd.c */
/* An event about a, as it would be told: it is, or it goes into a sum. */
void ledger_say_process(Ledger *l, Event *e, Actor *a);
/* The sums whose minute is over, or all of them. */
void ledger_tell_crowds(Ledger *l, uint64_t now, bool all);
/* The one with this key, else a new one; copies. NULL: out of memory. */
Crowd *ledger_crowd(Ledger *l, const char *key, uint32_t parent, const char *entity, const char *comm);
/* From now on a is in c; NULL: in none. */
void ledger_crowd_join(Actor *a, Crowd *c);
void ledger_crowds_free(Ledger *l);

/* ledger-stall.c */
/* A row of c, before c takes it over; first: there was none before. */
void ledger_see_stall(Ledger *l, Connection *c, const Socket *row, const TableState *t, bool first);
/* A row that nobody has accepted: its listener is looked after. */
void ledger_see_waiting(Ledger *l, const Socket *row, TableState *t, uint64_t key);
void ledger_judge_stall(Ledger *l, Connection *c);
/* What was told of c and not taken back, until `until`. */
void ledger_event_stall(Event *e, const Connection *c, uint64_t until);

/* ledger-expect.c */
/* Out of memory: nothing is expected. old, now: what was kept of a rule goes on with the rule of the same name. */
void ledger_expect_rules(Ledger *l, const RuleSet *old, const RuleSet *now);
void ledger_expect_free(Ledger *l, const RuleSet *rules);
/* c vanishes. */
void ledger_expect_ended(Ledger *l, const Connection *c, uint64_t not_after, const Notice *notice);
void ledger_judge_expectations(Ledger *l, uint64_t now);

/* ledger-holder.c */
Holder *ledger_holders(const Ledger *l, uint32_t inode);
/* The process is gone, with all that it held. */
void ledger_holders_gone(Ledger *l, Actor *a, uint64_t not_before, uint64_t not_after);

/* ledger-holder-change.c */
/* A change that its next event names; one back and forth is none. */
void ledger_note_holder(Ledger *l, Connection *c, const Holder *h, bool gained, uint64_t not_before, uint64_t not_after);
/* It has just been put in front of the list of its inode. -ENOMEM. */
int ledger_holder_gained(Ledger *l, Holder *h);
/* It is in no list any more. exited: with its process. */
void ledger_holder_lost(Ledger *l, Holder *h, uint64_t not_before, uint64_t not_after, bool exited);
/* Has somebody let go of a connection of this table, and no dump since has shown whether the kernel keeps it? */
bool ledger_holders_open(Ledger *l, const TableState *t);
/* From now on changes of its holders are noted. */
void ledger_holders_watch(Ledger *l, Connection *c);
/* It is out of the map. */
void ledger_holders_forget(Ledger *l, Connection *c);
/* There is a change that can be told now. Where its last holder let go of it, and everybody was asked, it is `released` from now on. */
bool ledger_holders_changed(const Ledger *l, Connection *c);

/* ledger-heir.c */
/* What a walk of a that is over has shown: inherited, or a change of holders each. */
void ledger_settle_gains(Ledger *l, Actor *a, uint64_t now);
/* Tell what it inherited, if that is due. */
void ledger_settle_heir(Ledger *l, Actor *a, uint64_t t0);
/* It counts as nobody's heir any more, told or not. */
void ledger_heir_end(Ledger *l, Actor *a);
/* Who inherited is to be looked at once more, before that is told. */
void ledger_heirs_due(Ledger *l, uint64_t now);

/* ledger-condition.c */
/* As ledger_condition(), for somebody who has more to say: NULL: nothing is to be told. */
Event *ledger_condition_event(Ledger *l, LedgerCondition condition, bool holds, uint64_t now);

/* ledger-budget.c */
/* Time goes on: tell that the budget is spent, or no more. */
void ledger_judge_budget(Ledger *l, uint64_t now);

/* ledger-event.c */
const char *notice_seen_by(const Notice *n); /* NULL: it was seen in a look */
Event *ledger_event(Ledger *l, EventKind kind, uint64_t not_before, uint64_t not_after, const char *seen_by);
void ledger_event_connection(Ledger *l, Event *e, Connection *c);
void ledger_event_figures(Event *e, const Connection *c);
void ledger_event_address(Event *e, FieldId address, FieldId port, unsigned family, const Endpoint *endpoint);
void ledger_event_process(Ledger *l, Event *e, Actor *a, bool evidence);

/* ledger-fold.c */
extern const FoldSpec ledger_fold_coarse;
/* c is about to be told by an event of this kind, which opens it or not: count it instead, and tell nothing? Call before the event is made: it may tell others. */
bool ledger_folds(Ledger *l, Connection *c, EventKind kind, bool opens, uint64_t not_before, uint64_t not_after);
/* Will its next event be counted instead? rule: that will tell it, where nothing of it was told yet. */
bool ledger_will_fold(const Ledger *l, const Connection *c, uint16_t rule);
/* The same of a close that was missed. by: the listener of its port, which is told by a rule; NULL: none. */
bool ledger_folds_missed(Ledger *l, const Notice *n, const TableState *t, const Connection *by, const Rule *rule, Direction direction);

/* ledger-sweep.c */
void ledger_sweep(Ledger *l);

/* ledger-baseline.c */
/* A judgement at `now` begins. */
void ledger_baseline_begin(Ledger *l, uint64_t now);
/* Is it in this judgement that it is to be told once more? */
bool ledger_baseline_due(const Ledger *l, const Connection *c);

/* ledger-stray.c */
void ledger_note_stray(Ledger *l, const Holder *h);

/* ledger-peer.c */
OtherEnd *other_end_free(OtherEnd *other);
void ledger_event_peer(Ledger *l, Event *e, const Connection *c);

/* What TableState.gap says, until `to`. */
void ledger_gap_table(Ledger *l, const TableState *t, uint64_t to);
/* One event for all processes whose descriptors are newly denied (rule 5); the only one is named. */
void ledger_gap_denied(Ledger *l, uint64_t now);

/* books.c */
Book *ledger_book(Ledger *l, const Netns *netns); /* NULL: out of memory */
void ledger_book_opened(Ledger *l, Connection *c, bool reported);
/* A notice has told an opening; healed: it is that of an opening whose notice was lost. */
void ledger_book_recorded(Ledger *l, const Notice *n, const TableState *t, bool healed);
/* Its only record was of its end, and a look had shown before that it is of nobody who is watched. */
void ledger_book_foreign(Ledger *l, const Notice *n, const TableState *t);
unsigned ledger_book_column(unsigned direction);
int64_t ledger_book_kernel(const Book *b, unsigned column); /* since its zero; a counter that began anew goes below it */
void ledger_book_listen(Book *b); /* the kernel's counters were read anew */
/* What the sum, the event and a row of SOCKAUDIT_UNBALANCED have of hooks. */
void ledger_book_add_hooked(Book *sum, const Book *b);
void ledger_book_set_hooked(Event *e, const Book *sum);
void ledger_book_row_hooked(Text *t, const Book *b);
/* With hooks: is each link of the chain (rule 12) what it should be, but for what was going on while it was read? */
bool ledger_book_is_exact(const Ledger *l, const Book *b);
int ledger_missed(Ledger *l, const Notice *n, TableState *t);
/* ledger-missed.c: by itself, where somebody asks for that; else it is counted. */
void ledger_tell_missed(Ledger *l, const Notice *n, const TableState *t);
void ledger_books_free(Ledger *l);
