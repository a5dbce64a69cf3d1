/* SPDX-License-Identifier: MIT */
#pragma once

/* Rule: which processes and which of their sockets are told, and how. The configuration's `watch` list in
 * memory; config.c fills it, the ledger asks it. Pure.
 *
 * A connection is decided by the first rule whose `match` holds for one of its holders (or that has no
 * match) and whose `sockets` holds for the connection. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/process.h"
#include "collect/socket.h"
#include "detect/addressset.h"
#include "detect/stall.h"

#define RULES_MAX 256

const char *direction_name(unsigned direction);
Direction direction_from_name(const char *name);

/* What a `connection-changed` may be about. */
typedef enum Change {
        CHANGE_STATE = 1 << 0,
        CHANGE_PEER = 1 << 1,
        CHANGE_HOLDERS = 1 << 2,
        CHANGE_ALL = 7,
} Change;

typedef struct Strings {
        char **items;
        size_t count;
} Strings;

/* Takes a copy. -ENOMEM. */
int strings_add(Strings *s, const char *item);
void strings_done(Strings *s);

typedef struct UidRange {
        uint32_t first, last;
} UidRange;

/* Of a process. A list means any of, several keys mean all of; an empty Match holds for every process. */
typedef struct Match {
        Strings comm, exe, cmdline, unit, cgroup; /* globs, fnmatch(3) without flags; unit: system or user unit */
        UidRange *uids;                           /* real uid; `user` names are resolved into these at load */
        size_t uid_count;
        struct Match *not;                        /* NULL: excludes nothing */
} Match;

void match_done(Match *m);
bool match_process(const Match *m, const Process *p);

typedef struct SocketFilter {
        uint32_t transports; /* bits 1 << Transport; 0: all */
        uint32_t families;   /* bits 1 << Family; 0: all */
        uint32_t states;     /* bits 1 << State; 0: all */
        uint32_t directions; /* bits 1 << Direction; 0: all */
        AddressSet *local, *peer; /* NULL: all */
        int listen;          /* 1 only listeners, 0 none, -1 both (default) */
} SocketFilter;

void socketfilter_done(SocketFilter *f);
bool socketfilter_match(const SocketFilter *f, const Socket *s, Direction direction, bool listener);

/* So many connections of a rule there should be. */
typedef struct Expected {
        uint64_t min;   /* 0: nothing is expected */
        uint64_t wait;  /* usec: there may be fewer for so long */
        uint64_t state; /* State that they are to be in */
} Expected;

/* By what the connections in one sum are alike. */
typedef enum FoldBy {
        FOLD_BY_EXE,
        FOLD_BY_COMM,
        FOLD_BY_UNIT,
        FOLD_BY_USER,
        FOLD_BY_CONTAINER,
        FOLD_BY_PEER,
        FOLD_BY_PEER_PORT,
        FOLD_BY_LOCAL_PORT,
        FOLD_BY_DIRECTION,
        FOLD_BY_TRANSPORT,
        FOLD_BY_NETNS, /* no rule asks for it: of what is missed */
        _FOLD_BY_MAX,
} FoldBy;

const char *fold_by_name(unsigned by);

/* Connections that are not told singly but in sums. */
typedef struct FoldSpec {
        unsigned by;    /* bits 1 << FoldBy; 0: nothing is folded */
        uint64_t every; /* usec: the span of a sum; 0: until it is asked for */
        uint64_t first; /* so many of each combination are told singly before */
} FoldSpec;

static inline bool foldspec_equal(const FoldSpec *a, const FoldSpec *b) {
        return a->by == b->by && a->every == b->every && a->first == b->first;
}

typedef struct Rule {
        char *name;
        char *text;       /* as configured, in one line of YAML; NULL: unknown */
        Match *match;     /* NULL: sockets of any process */
        bool descendants; /* children of a matching process match too; default yes */
        bool processes;   /* who matches is told; default yes */
        SocketFilter sockets;
        unsigned changed;      /* Change bits */
        uint64_t state_after;  /* usec: a state that lasts shorter is not told singly */
        uint64_t stall[_STALL_MAX]; /* usec by StallKind: nothing has moved for so long; 0: not told */
        Expected expect;
        FoldSpec fold;
        bool missed_each;      /* tell closes of unknown sockets one by one */
} Rule;

typedef struct RuleSet {
        Rule *rules; /* in the order of the configuration */
        size_t count;
        Match *excludes; /* processes never looked at */
        size_t exclude_count;
        bool any_process; /* a rule without match exists: every process is looked at */
} RuleSet;

void ruleset_done(RuleSet *r);

/* Set of rules whose `match` held for a process. */
typedef struct RuleBits {
        uint64_t bits[RULES_MAX / 64];
} RuleBits;

static inline bool rulebits_has(const RuleBits *b, size_t i) {
        return b->bits[i / 64] >> (i % 64) & 1;
}
static inline void rulebits_add(RuleBits *b, size_t i) {
        b->bits[i / 64] |= 1ULL << (i % 64);
}

bool ruleset_excludes(const RuleSet *r, const Process *p);
/* The rules whose match holds for p now; those of `parent` that pass to descendants are added (NULL: no parent known). Returns the
 * number of the first rule with a match that holds, or -1. */
int ruleset_match(const RuleSet *r, const Process *p, const RuleBits *parent, RuleBits *ret);
