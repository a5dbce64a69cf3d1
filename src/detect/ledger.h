/* SPDX-License-Identifier: MIT */
#pragma once

/* Ledger: the live map from socket to peer and holder, and the only place where connections live. Pure: no
 * clock, no /proc, no descriptor, no log. Looks feed it row by row, notices feed it one fact at a time, and
 * it makes events. All times are CLOCK_BOOTTIME microseconds given by the caller.
 *
 * One cycle of a polling daemon:
 *
 *     ledger_processes_begin()  ledger_process_touch() or _see() for each  ledger_processes_end()
 *     ledger_holders_begin()    ledger_hold() for each descriptor          ledger_holders_end()   per process
 *     ledger_look_begin()       ledger_see() for each row                  ledger_look_end()      per table
 *     ledger_unheld() > 0:      the holders walk again: a new socket has no holder yet
 *     ledger_peers()            who is at the other end? ledger_peer_answer()
 *     ledger_judge()            newcomers and changes become events
 *     ledger_question()         is what was absent really gone? (rule 4)
 *
 * The thirteen rules that this file keeps are in ARCHITECTURE.md; the scenarios in tests/scenario are named
 * after them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/look.h"
#include "collect/notice.h"
#include "collect/process.h"
#include "collect/socket.h"
#include "detect/event.h"
#include "detect/fold.h"
#include "detect/peer.h"
#include "detect/rule.h"

typedef struct Ledger Ledger;

/* Called for each event, in order of seq. Whatever the sinks do, the ledger goes on. */
typedef void (*ledger_emit_t)(void *userdata, const Event *e);

typedef struct LedgerOptions {
        char boot_id[33];             /* 32 hexadecimal digits; part of identities */
        uint32_t own_pid;             /* never matches, nor do its children; 0: none */
        size_t max_sockets;           /* of watched processes; 0: no limit */
        size_t max_holders;           /* descriptors of them; 0: no limit */
        uint64_t heal_interval;       /* first distance of healing looks; 0: 1 s */
        uint64_t baseline;            /* what lives on is told once more each; 0: never */
        uint16_t ephemeral_first, ephemeral_last; /* net.ipv4.ip_local_port_range; 0: 32768, 60999 */
        uint64_t budget;              /* bytes of the journal a day; 0: no limit */
        Cmdline cmdline;              /* what events say of command lines */
        bool tell_community_id;       /* and community ids */
        uint64_t secret[2];           /* random: keys must not be guessed by who chooses addresses */
        bool notices_exact;           /* openings are counted in the kernel (BPF): the books must balance */
} LedgerOptions;

/* rules: borrowed, until ledger_set_rules(). */
int ledger_new(Ledger **ret, const LedgerOptions *options, const RuleSet *rules, ledger_emit_t emit, void *userdata);
Ledger *ledger_free(Ledger *l);
DEFINE_CLEANUP(Ledger, ledger_free)

/* A reload: matches are made anew, what is told goes on, what begins to be told is `present`. Call before the next cycle;
 * processes must be seen (not touched) once more. The rules before must still be there, apart from these: what was told stays with the
 * rule of the same name. */
void ledger_set_rules(Ledger *l, const RuleSet *rules);
/* Those of LedgerOptions that a reload may change: limits, baseline, and what is told. What is in the map already stays, above a lower limit too. */
void ledger_set_options(Ledger *l, const LedgerOptions *o);

/* The map for the next run of this boot, appended to `out`: give it when nothing more is told. -ENOMEM. */
int ledger_save(Ledger *l, Text *out);
/* Into a ledger that is new: what was told goes on, and what changed meanwhile is told by the next looks, as after a reload. now: by which
 * it was saved. -EBADMSG: that is no map; or -ENOMEM: then the ledger is good for ledger_free() only. */
int ledger_restore(Ledger *l, Bytes saved, uint64_t now);

/* Connections of other tables than these (TABLE_BIT) leave without an event: after a reload, when no rule can tell anything of
 * them, and nobody looks there any more. */
void ledger_forget(Ledger *l, unsigned tables);

/* --- processes ------------------------------------------------------------------------------------- */

void ledger_processes_begin(Ledger *l, uint64_t t0);
/* It is still there: 1 its descriptors are wanted, 0 they are not, -ENOENT not known, or not under this name (NULL: whatever it is): read it
 * and call ledger_process_see(). */
int ledger_process_touch(Ledger *l, uint32_t pid, uint64_t start_ticks, const char *comm);
/* First sight, or judged again (rescan, exec): takes over the contents of p, which is left empty. 1 wanted, 0 not, -ENOMEM. */
int ledger_process_see(Ledger *l, Process *p);
/* It is there, but could not be read (no descriptor is left, no permission any more): what is known of it is kept, and that is a gap, told once. */
void ledger_process_unread(Ledger *l, uint32_t pid);
/* It has been seen to live in another network namespace than before. */
void ledger_process_moved(Ledger *l, uint32_t pid, uint32_t netns_inode);
/* Who was not touched nor seen is gone. complete: the list of processes was read to its end. */
void ledger_processes_end(Ledger *l, uint64_t t1, bool complete);
/* After notices of processes, when no scan follows: what they matched passes on, and is told. */
void ledger_processes_settle(Ledger *l, uint64_t now);
/* What is known of this pid; NULL: nothing. Valid until it is seen again or gone. */
const Process *ledger_process(const Ledger *l, uint32_t pid);

/* The hash of what it executes is asked for: its process-matched waits for that until the next judgement, unless it is told already. */
void ledger_exe_asked(Ledger *l, uint32_t pid);
/* That is it, of all who execute this file; NULL: it cannot be had. */
void ledger_exe_known(Ledger *l, const ExeFile *file, const uint8_t sha[EXE_SHA_SIZE]);
/* All that was asked is to be asked anew, when a process is read again. */
void ledger_exe_forgotten(Ledger *l);

/* Which of the processes: of those whose descriptors are wanted, unless it says otherwise. */
typedef enum LedgerProcesses {
        LEDGER_EVERYONE, /* also those whose descriptors are not wanted */
        LEDGER_ALL,
        LEDGER_UNWALKED, /* whose descriptors have not been walked yet, or are to be again */
} LedgerProcesses;

/* Is it watched: does anything that it opens matter? 1, 0, or -ENOENT: this process is not known. */
int ledger_wants(const Ledger *l, uint32_t pid, uint64_t start_ticks);
/* It has begun to end, and closes one descriptor after the other: what is missing in a walk of it now it gives up with its end, as NOTICE_EXIT will say. */
void ledger_process_ending(Ledger *l, uint32_t pid, uint64_t start_ticks);
bool ledger_is_ending(const Ledger *l, uint32_t pid);
/* Are its descriptors wanted? */
bool ledger_walks(const Ledger *l, uint32_t pid);
/* They may have changed since they were walked. */
void ledger_walk_again(Ledger *l, uint32_t pid);

/* A negative return of the callback ends it and is passed on. The callback may feed holders, and say who moved, but feed no processes. */
typedef int (*ledger_process_t)(void *userdata, const Process *p);
int ledger_processes(Ledger *l, LedgerProcesses which, ledger_process_t callback, void *userdata);

/* --- holders --------------------------------------------------------------------------------------- */

/* -ENOENT: no such process. */
int ledger_holders_begin(Ledger *l, uint32_t pid, uint64_t start_ticks, uint64_t t0);
int ledger_hold(Ledger *l, int fd, uint32_t inode);
/* OK: what was not named is held no more. Anything else keeps what was known; DENIED is told once (rule 5). ran: a number for Process.ran; 0: unknown. */
void ledger_holders_end(Ledger *l, uint64_t now, uint64_t ran, Coverage coverage);

/* --- looks ----------------------------------------------------------------------------------------- */

int ledger_look_begin(Ledger *l, const Netns *netns, TableKind table, uint64_t t0);
int ledger_see(Ledger *l, const Socket *row);
int ledger_look_end(Ledger *l, uint64_t t1, Coverage coverage);
/* It came to no end, and another one of this table follows before the judgement: what it has shown was there, and what not says nothing. */
int ledger_look_cancel(Ledger *l);

/* A walk: a look at several tables at once, whose rows are the sockets that watched processes hold, in any order, each of its netns. What it lacks is not held by them
 * (rule 4), and what others hold it never shows. Begin each table, then for each process ledger_holders_begin(), ledger_hold() and ledger_see() for each
 * descriptor, ledger_holders_end(). -EINVAL of ledger_see(): its table is not among them; 1: it is not known, and Socket.opened is wanted (SOCKET_UNKNOWN is no
 * answer, 0 is): show it once more. complete: false as ledger_look_cancel(). */
int ledger_walk_begin(Ledger *l, const Netns *netns, TableKind table, uint64_t t0);
void ledger_walk_end(Ledger *l, uint64_t t1, bool complete);
/* May this table be walked instead of dumped? Not before its first dump, and not while something is asked that holders cannot answer. */
bool ledger_walkable(Ledger *l, const Netns *netns, TableKind table);
/* Rows of its last complete dump. */
size_t ledger_dumped_rows(const Ledger *l, const Netns *netns, TableKind table);
/* Was the last walk complete, and enough? Else a dump is to follow: something waits to be accepted. */
bool ledger_walk_answers(const Ledger *l, const Netns *netns, TableKind table);

/* Are there connections in this namespace? Then it is to be looked at, though no watched process lives there any more. */
bool ledger_watches(const Ledger *l, const Netns *netns);

/* Does a connection wait at a watched TCP listener of this namespace, as the last look shows? Then the kernel's counters of those that it turned
 * away are wanted before the next judgement. */
bool ledger_waits(const Ledger *l, const Netns *netns);
void ledger_overflows(Ledger *l, const Netns *netns, const Overflows *now);

/* New rows since the last judgement that have an inode and no holder, or one whose parent was not walked since he was born. */
size_t ledger_unheld(const Ledger *l);

/* Rows since the last judgement of connections that their last holder let go of. Before that is told (nobody holds it, and the kernel
 * keeps it: it is on its way in a message), everybody is to be walked, watched or not: then call this. */
size_t ledger_sought(const Ledger *l);
void ledger_everyone_walked(Ledger *l);

void ledger_judge(Ledger *l, uint64_t now);

/* --- strays ---------------------------------------------------------------------------------------- */

/* A descriptor of a watched process whose socket no look has shown. */
typedef struct Stray {
        uint32_t pid;
        int fd;
        uint64_t start_ticks;
        uint32_t inode;
        uint8_t looks; /* that lacked it */
} Stray;

/* Between looks and judgement. Return 1 when it needs no more asking, 0 to be asked again after the next look (a few times); a
 * negative return ends it and is passed on. */
typedef int (*ledger_stray_t)(void *userdata, const Stray *s);
int ledger_strays(Ledger *l, ledger_stray_t take, void *userdata);

/* --- peers ----------------------------------------------------------------------------------------- */

/* Who is at the other end of this connection? */
typedef struct PeerQuestion {
        uint64_t key; /* for the answer */
        Netns netns;  /* of the socket */
        uint32_t inode, peer_inode, interface;
        uint8_t family, transport;
        Endpoint local, peer;
        PeerProcess this_end; /* who has this end; pid 0: unknown */
        uint32_t other; /* inode of the one TCP socket that the same looks have shown with these addresses swapped, in the same namespace; 0: none */
} PeerQuestion;

typedef struct PeerAnswer {
        uint64_t key;
        PeerBy by;
        PeerState state;
        uint32_t inode;       /* of the socket at the other end; 0: unknown */
        PeerProcess process;  /* must be known to the ledger; pid 0: unknown */
        uint32_t holder_count; /* descriptors that refer to it, when all processes were looked at; 0: unknown */
        const char *path;     /* unix name, as the kernel has it */
        uint8_t path_size;
} PeerAnswer;

/* Those that the next judgement tells and that have another end, once each. A negative return of the callback ends it and is passed on. */
typedef int (*ledger_peer_t)(void *userdata, const PeerQuestion *q);
int ledger_peers(Ledger *l, ledger_peer_t take, void *userdata);
/* Of the processes that are walked, who best stands for the holders of an inode: their number, and whether everybody is walked, so that
 * these are all. */
size_t ledger_peer_holder(const Ledger *l, uint32_t inode, const PeerProcess *this_end, PeerProcess *ret, bool *ret_all);
/* When the last complete walk of its descriptors began; 0: none yet, or it is not walked. */
uint64_t ledger_walked_at(const Ledger *l, uint32_t pid, uint64_t start_ticks);
/* -ENOENT: the connection is not there any more; -ENOMEM. */
int ledger_peer_answer(Ledger *l, const PeerAnswer *answer);

/* --- suspects -------------------------------------------------------------------------------------- */

typedef struct SuspectHolder {
        uint32_t pid;
        uint64_t start_ticks;
        int fd;
} SuspectHolder;

typedef struct Suspect {
        Socket socket; /* as it was last seen */
        Netns netns;
        unsigned absent;      /* looks in a row that lacked it */
        bool netns_gone;      /* the last look was told that the namespace is gone: nothing more can be asked there */
        size_t holder_count;  /* remembered ones, at most ELEMENTSOF(holders) */
        SuspectHolder holders[16];
} Suspect;

typedef enum Verdict {
        VERDICT_UNSURE, /* stays suspect */
        VERDICT_ALIVE,
        VERDICT_GONE,
} Verdict;

/* Ask about each suspect. GONE makes its event, bounded by the last look that showed it and *ret_when, a time after the
 * answer. */
typedef Verdict (*ledger_question_t)(void *userdata, const Suspect *s, uint64_t *ret_when);
void ledger_question(Ledger *l, ledger_question_t ask, void *userdata);
size_t ledger_suspects(const Ledger *l);

/* --- notices --------------------------------------------------------------------------------------- */

int ledger_note(Ledger *l, const Notice *notice);

/* Destroy messages come from this namespace and these tables (TABLE_BIT) from now on: call before the look that follows. 0 or negative
 * errno. */
int ledger_hears(Ledger *l, const Netns *netns, unsigned tables);

/* When a healing look is due after a loss (rule 13); UINT64_MAX: none. Told done by ledger_healed(). */
uint64_t ledger_heal_at(const Ledger *l);
void ledger_healed(Ledger *l, uint64_t now);

/* --- audit events ---------------------------------------------------------------------------------- */

/* Give an event made elsewhere (audit-started, ...) its seq and emit it. */
void ledger_say(Ledger *l, Event *e);

/* audit-gap over [from, to]; count: of what was not observed, 0: not counted. */
void ledger_gap(Ledger *l, const char *reason, uint64_t from, uint64_t to, uint64_t count);

/* Limits of the configuration whose overrun is a gap with two ends. */
typedef enum LedgerLimit {
        LIMIT_SOCKETS, /* the ledger's own */
        LIMIT_HOLDERS, /* so is this */
        LIMIT_PROCESSES,
        LIMIT_NAMESPACES,
        LIMIT_PEER_WALKS,
        _LIMIT_MAX,
} LedgerLimit;

/* So many did not fit just now; 0: all did. When it begins one audit-gap since they last all fitted, when it is over one of the whole span, with the
 * largest count. */
void ledger_over_limit(Ledger *l, LedgerLimit limit, uint64_t now, uint64_t count);

/* What makes the daemon work less well for a while. */
typedef enum LedgerCondition {
        CONDITION_BUDGET, /* the journal may not be given everything singly: the ledger tells this one by itself */
        CONDITION_OUTBOX, /* what waits for the journal is not kept on disk */
        CONDITION_MAP,    /* what the next start should know is not kept */
        CONDITION_LOOK,   /* looks fail */
        CONDITION_HOOKS,  /* programs in the kernel do not see any more what happens */
        _CONDITION_MAX,
} LedgerCondition;

/* It holds now, or does not: told when that begins (audit-degraded) and when it is over (audit-restored, with the span). error: why, positive errno;
 * 0: unknown. Not while another event is being made. */
void ledger_condition(Ledger *l, LedgerCondition condition, bool holds, int error, uint64_t now);

/* What an event that is being emitted takes of the journal, in bytes: it is of the budget. */
void ledger_spend(Ledger *l, const Event *e, uint64_t bytes);

/* What is kept back of processes, to be told in sums (ledger-crowd.c), is told now. */
void ledger_flush_processes(Ledger *l, uint64_t now);

/* --- sums ------------------------------------------------------------------------------------------ */

/* Where connections are counted of rules that fold them. Borrowed; NULL, or never called: they are told singly. */
void ledger_set_fold(Ledger *l, Fold *fold);

/* Which sums are told. */
typedef enum LedgerFolded {
        FOLDED_DUE,      /* whose span is over: call this after each judgement */
        FOLDED_MISSED,   /* closes of unknown sockets (rule 7): from time to time */
        FOLDED_OBSOLETE, /* whose rule is gone, or folds in another way: after ledger_set_rules(), and at the start */
        FOLDED_FULL,     /* all, since there is no room: the ledger does that by itself */
        FOLDED_STOP,     /* all, since they would be lost */
        FOLDED_BOOT,     /* all, of another boot */
} LedgerFolded;

/* As connection-summary, one or more for each combination. */
void ledger_tell_folded(Ledger *l, uint64_t now, LedgerFolded which);
/* All, of another boot, whose times were `shift` usec less than those of this one. */
void ledger_tell_folded_before(Ledger *l, uint64_t now, int64_t shift);

/* --- books ----------------------------------------------------------------------------------------- */

/* The kernel's counters of a namespace, as absolute values, before and after its tables were read: what they moved by meanwhile may be in these
 * tables or not. The second of the first reading is its zero; of a namespace that was born since the start (`born`) zero is. */
void ledger_books_kernel(Ledger *l, const Netns *netns, Openings before, Openings after, bool born);

/* The i-th namespace that has a book; false: there are no more. */
bool ledger_book_netns(const Ledger *l, size_t i, Netns *ret);

/* Openings of a namespace as hooks in the kernel count them, since they are there. */
typedef struct Hooked {
        Openings all;     /* by anybody */
        Openings watched; /* of those the ones of which a notice was made, or could not be made */
        uint64_t unsent;  /* of all.active: attempts that failed before anything was sent */
} Hooked;

/* Between the two readings of ledger_books_kernel(), which follows. before, after: around a reading of all notices that waited. lost: how many openings had no
 * room for a notice so far, in all namespaces. */
void ledger_books_hooked(Ledger *l, const Netns *netns, const Hooked *before, const Hooked *after, uint64_t lost);
/* Do hooks see what happens, as the kernel's own counters show? */
typedef enum Hearing {
        HEARING_GOOD,
        HEARING_DOUBTFUL, /* they have missed openings at the last reading */
        HEARING_DEAF,     /* ... and at the one before */
} Hearing;

/* ret_missed: how many openings, at least; unless GOOD. */
Hearing ledger_hearing(const Ledger *l, uint64_t *ret_missed);
/* There are none any more: the books are an estimate from now on. */
void ledger_hooks_are_gone(Ledger *l);
/* The books into an audit-balance that somebody else began and will give to ledger_say() before the next one (rule 12). Those of
 * namespaces that are gone are closed with it: they stay in the sums only. */
void ledger_balance(Ledger *l, Event *e);

typedef struct LedgerStatus {
        size_t sockets;   /* watched */
        size_t foreign;   /* known, but nobody's that is watched */
        size_t processes; /* that match a rule */
        size_t known;     /* processes, whether they match or not */
        size_t suspects;
        bool announcing;  /* a process-matched waits for the next judgement */
        uint64_t seq;     /* last given */
        uint64_t fold_resets;   /* so often all sums were told early, since there was no room for more */
        const uint64_t *counts; /* events so far, by kind */
} LedgerStatus;

void ledger_status(const Ledger *l, LedgerStatus *ret);
