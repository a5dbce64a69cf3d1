/* SPDX-License-Identifier: MIT */
#pragma once

/* The entries of the ledger: TableState (one table of one namespace), Actor (a process), Holder (one of its
 * descriptors) and Connection (one use of a socket). Private to detect/ledger*.c and detect/books.c; sizes
 * matter here: there is one Connection and mostly one Holder for each watched socket. */

#include <stdbool.h>
#include <stdint.h>

#define HASH_NONFATAL_OOM 1 /* uthash exits otherwise; a failed add leaves hh.tbl NULL */
#include <uthash.h>

#include "base/pool.h"
#include "collect/look.h"
#include "collect/notice.h"
#include "collect/process.h"
#include "collect/socket.h"
#include "detect/event.h"
#include "detect/rule.h"
#include "detect/socketmap.h"
#include "detect/stall.h"

typedef struct TableState {
        Netns netns;
        TableKind kind;
        uint16_t index;     /* in Ledger.tables */
        uint8_t look;       /* number of the look, modulo 256: what it showed carries this mark */
        bool looked;        /* completely, since the last judgement */
        bool covered;       /* has had a complete look before the current one */
        bool complete;      /* the last look was */
        bool open;          /* a look goes on */
        bool walked;        /* the current or last look shows only what watched processes hold */
        bool unclear;       /* ... and that is not all that matters */
        bool blind;         /* there was a walk since the last complete look that was none: sockets of others are not known */
        Coverage gap;       /* not OK: not observed since gap_since */
        uint64_t gap_since;
        bool gone;          /* its namespace is, as the last look found */
        bool destroys;      /* destroy messages come from there */
        enum {
                TABLE_LIVE,
                TABLE_DEAD, /* gone and without connections: the next sweep takes its slots away */
                TABLE_FREE, /* nothing refers to it */
        } life;
        size_t connections;
        bool waiting;       /* the last look shows a connection that waits at a watched TCP listener */
        bool counted;       /* overflows is of now */
        Overflows overflows;
        uint32_t since;     /* Ledger.cycle of its first complete look */
        uint64_t t0, t1;    /* of the current or last look */
        uint64_t previous_t0; /* of the complete look before */
        uint64_t older_t0;  /* of the complete look before that */
        uint64_t dumped_t0; /* of the last complete look that was no walk */
        size_t rows, dumped_rows; /* of the current look, and of that one */
} TableState;

typedef struct Actor Actor;
typedef struct Crowd Crowd;
typedef struct Connection Connection;

typedef struct Holder {
        struct Holder *next_of_inode, *previous_of_inode; /* list head: Ledger.inodes */
        struct Holder *next_of_actor; /* ascending descriptors */
        Actor *actor;
        Connection *connection; /* that is told to this inode; NULL: none */
        uint32_t inode;
        int fd;
        uint32_t since; /* Ledger.cycle of the first looks after it came, or its process began to match */
        bool seen;      /* in the walk that is going on */
        bool inherited; /* by a fork, or with many others, of which one event tells: that it is let go of again before that is no news */
        bool counted;   /* ... and it is in Actor.inherited */
} Holder;

/* A walk has shown a Holder that was not there before. */
typedef struct Gain {
        Holder *holder;
        Actor *from; /* who had it before; NULL: nobody known */
        bool fork;   /* ... and is the parent */
} Gain;

struct Actor {
        UT_hash_handle hh; /* Ledger.actors, by pid */
        Process process;
        char entity[sizeof("-4294967295-18446744073709551615") + 32]; /* boot, pid and start: tells it from all others for ever */
        RuleBits matched; /* sticky */
        int rule;         /* first rule with a match that holds; -1: none */
        unsigned references; /* the table, and each Connection that names it */
        bool wanted;      /* its descriptors are to be walked */
        bool walked;      /* they were, once at least, and nothing says since that they have changed */
        bool fresh;       /* it began after we did, and its descriptors were not walked yet: what it holds it has gained */
        bool excluded;
        bool seen;        /* in the scan that is going on */
        bool stale;       /* the rules changed: it must be seen again */
        bool announced;   /* process-matched was told */
        bool announce;    /* process-matched is to be told */
        bool evidence_told; /* the fields that come only once were told */
        bool exe_told;    /* ... and the hash of its executable */
        bool denied;      /* its descriptors could not be read */
        uint32_t unkept;  /* descriptors that the last walk found beyond what is remembered */
        bool unread;      /* it was listed, but could not be read at all */
        bool ending;      /* its last thread ends */
        uint64_t seen_t0;   /* last scan that had it; 0: none */
        uint64_t judged_t0; /* last scan before it was last judged by the rules; 0: none */
        uint64_t announce_not_after;  /* process-matched waits for that hash, though it was seen to match by then; 0: it does not */
        uint64_t announce_when; /* ... it did at this time, as a notice says; 0: looks found it */
        uint64_t announce_not_before; /* it began to match after this time; 0: unknown */
        Holder *holders;
        uint64_t walked_t0; /* when the last complete walk of its descriptors began; 0: none yet */
        Actor *heir_of;     /* referenced: it got `inherited` sockets of this one, which is not told yet */
        size_t inherited;
        size_t passed;      /* of its sockets, to the process whose walk is being settled; else 0 */
        uint32_t saved;     /* its number while the map is being saved; else 0 */
        bool by_fork;
        Crowd *crowd;       /* in whose sums its process-matched is; NULL: it was told singly, or not */
        uint64_t inherited_not_before, inherited_not_after;
};

/* How the process of a connection is known (SOCKAUDIT_ATTRIBUTION). */
typedef enum Attribution {
        ATTRIBUTION_NONE,
        ATTRIBUTION_FD,
        ATTRIBUTION_OPENER,
        ATTRIBUTION_ACCEPTOR,
        ATTRIBUTION_CLOSER,
        ATTRIBUTION_LISTENER,
        ATTRIBUTION_CGROUP,
        _ATTRIBUTION_MAX,
} Attribution;

/* Which side closed first (SOCKAUDIT_CLOSED_BY): what the states that were seen prove. */
typedef enum Closer {
        CLOSER_UNKNOWN,
        CLOSER_LOCAL, /* FIN_WAIT_2: the other side has taken our end, and told none of its own */
        CLOSER_PEER,  /* CLOSE_WAIT, LAST_ACK */
        CLOSER_BOTH,  /* CLOSING: the ends crossed */
        _CLOSER_MAX,
} Closer;

/* What was found of the other end, when it was asked for. */
typedef struct OtherEnd {
        Actor *process;        /* referenced; NULL: unknown */
        uint32_t holder_count; /* 0: unknown */
        uint32_t cycle;        /* Ledger.cycle of the answer */
        uint8_t by, state;     /* PeerBy, PeerState */
        uint8_t path_size;
        char path[];
} OtherEnd;

/* Which kinds of event tell it. */
typedef enum ToldAs {
        TOLD_CONNECTION,
        TOLD_LISTENER,
        TOLD_SOCKET, /* packet, raw, netlink: it waits on a wire, and has no connection */
} ToldAs;

#define RULE_NONE UINT16_MAX
#define STATES_MAX 8

/* What is kept of a connection only while something of it waits, or was told to stand still. */
typedef struct Stuck {
        StallSpan spans[_STALL_PART_MAX]; /* since when nothing has moved; kind STALL_NONE: nothing waits */
        uint32_t marks[_STALL_PART_MAX];
        uint8_t open;       /* bits of StallPart: not_after is still to be counted from the end of the look */
        uint8_t still;      /* bits of StallPart: nothing has moved since the row before */
        uint8_t retransmits; /* Socket.retransmits */
        uint8_t told_part;
        StallSpan told;     /* the span that was told; kind STALL_NONE: none */
        uint64_t before;    /* when the row before the last one was shown; 0: there was none */
        uint64_t moved_not_before, moved_not_after;
        uint64_t head, next_head; /* TCP listener: key of a connection that waits for accept, and of another one */
        uint64_t next_least; /* so long that one has waited */
        uint8_t look;       /* TableState.look that the next_ fields are of */
        Overflows zero;     /* TableState.overflows when the head began to wait */
        bool counted : 1;   /* zero is known */
        bool head_seen : 1; /* in that look */
        bool moved : 1;     /* since it was told */
        bool fresh : 1;     /* a row has come since the last judgement */
} Stuck;

#define HOLDER_CHANGES_MAX 16

/* Holders that came and went since they were last told. */
typedef struct HolderChanges {
        uint64_t not_before, not_after; /* not_before 0: unknown */
        uint32_t gained_count, lost_count;
        HolderId gained[HOLDER_CHANGES_MAX], lost[HOLDER_CHANGES_MAX];
} HolderChanges;

struct Connection {
        struct Connection *next_pending; /* what the next judgement looks at */
        uint64_t key, id, cookie;
        TableState *table;
        Actor *primary; /* referenced; NULL: unknown */
        OtherEnd *other; /* NULL: nothing is known of it */
        char *path;     /* unix name as the kernel has it; NULL: unnamed */
        Stuck *stuck;   /* NULL: nothing waits */
        HolderChanges *changes; /* NULL: none */
        char *device;   /* name of the interface it is bound to; NULL: none, or unknown */

        uint64_t opened_not_before, opened_not_after; /* not_after 0: older than we know */
        uint64_t seen;                                /* the last time at which it certainly was there */
        uint64_t shown;                               /* ... and looked as it does here: a row or a notice said so */
        uint64_t state_not_before, state_not_after;   /* of the last change of state */

        uint64_t bytes_sent, bytes_received; /* SOCKET_UNKNOWN */
        uint32_t retransmits, rtt_usec;      /* UINT32_MAX: unknown */
        uint32_t send_queue, receive_queue;
        uint32_t inode, peer_inode, interface, uid;
        uint32_t judged; /* Ledger.cycle in which it last was */
        uint32_t asked;  /* ... in which a row last asked for new holders */
        int fd; /* of the primary holder when it was found */
        Endpoint local, peer, told_peer;

        uint16_t rule;      /* that tells it; RULE_NONE */
        uint8_t path_size;
        uint8_t family, transport, state, told_state;
        uint8_t states[STATES_MAX]; /* passed through since told_state, without being told */
        uint8_t state_count;
        uint8_t direction, attribution;
        uint8_t mark;       /* TableState.look that showed it last */
        uint8_t absent;     /* complete looks in a row that lacked it */
        uint8_t generation; /* use of this socket */
        uint8_t age;        /* Slot.age it had when it became a Connection */
        uint8_t closer;     /* Closer */
        uint8_t peer_asks : 2;   /* how often its other end was asked for */
        bool pending : 1;
        bool newcomer : 1;       /* not yet judged */
        bool waited : 1;         /* for its accept, or its holder, one judgement long */
        bool appeared : 1;       /* opened_not_before and _not_after are known, or will be when the look ends */
        bool told : 1;
        uint8_t told_as : 2;     /* ToldAs */
        bool state_open : 1;     /* state_not_after is not known until the look ends */
        bool state_noticed : 1;  /* told by a notice */
        bool recheck : 1;        /* the rules or its holders changed: judge again */
        bool noticed : 1;        /* opened by a notice */
        bool booked : 1;         /* counted as reported */
        bool unwanted : 1;       /* counted as recorded, and as nobody's who is told of */
        bool ended : 1;          /* a row said that it is over (rule 8), or another use took its place */
        bool out : 1;            /* not in the map any more, freed when the pending list is worked off */
        bool suspect : 1;
        bool orphan : 1;         /* the kernel gave it no inode when last seen: nobody holds it */
        bool let_go : 1;         /* its last holder did, and whether anybody else has it is not known yet */
        bool released : 1;       /* nobody has it who can be seen, and the kernel keeps it: told */
        bool unheld : 1;         /* it was told before anybody was seen to have it */
        bool freed : 1;          /* without a cookie: a notice named these addresses, and the next look decides */
        bool unanswered : 1;     /* ... which never became a connection, as it said */
        bool repeat : 1;         /* it is to be told once more (baseline) */
        bool folded : 1;         /* its opening is in a sum, and so is what comes of it */
        bool coarse : 1;         /* ... not in one of its rule, but of ledger_fold_coarse */
};

/* The value of a slot in Ledger.sockets: a Connection, or a word about a socket that is not watched. */
typedef enum SlotKind {
        SLOT_CONNECTION = 0, /* pointers are aligned: their low bits are 0 */
        SLOT_FOREIGN = 1,
        SLOT_CLOSED = 2, /* it ended: rows of that look are stale (rule 3), and so are notices of what was told. One that a look found is kept
                            where destroy messages come: the socket can be held for long after a reset, and is freed then */
} SlotKind;

typedef struct Slot {
        SlotKind kind;
        uint8_t age;    /* foreign: 0 new in this look, 1 in the one before, 2 older, 3 was there at the first look */
        uint8_t mark;   /* TableState.look */
        uint8_t absent; /* looks in a row that lacked it; closed: 1 if a look or a question found it, and its notice may follow */
        uint16_t table;
        bool known;     /* its end is no news: it was told, or two looks have shown it and the walk between them found no watched holder, or it was there
                           at the first look. Else one look has shown it, and it may have been gone before all descriptors were looked at */
} Slot;

static inline uint64_t slot_pack(Slot s) {
        return (uint64_t) s.kind | (uint64_t) s.age << 2 | (uint64_t) s.absent << 4 | (uint64_t) s.mark << 8 |
               (uint64_t) s.table << 16 | (uint64_t) s.known << 32;
}

static inline SlotKind slot_kind(uint64_t value) {
        return value & 3;
}

static inline Slot slot_unpack(uint64_t value) {
        return (Slot){
                .kind = slot_kind(value),
                .age = value >> 2 & 3,
                .absent = value >> 4 & 15,
                .mark = (uint8_t) (value >> 8),
                .table = (uint16_t) (value >> 16),
                .known = value >> 32 & 1,
        };
}

/* Of a word. */
static inline bool slot_is_known(Slot s) {
        return s.known || s.age == 3;
}

static inline Connection *slot_connection(uint64_t value) {
        return (Connection *) (uintptr_t) value;
}

Connection *connection_new(Pool *pool, uint64_t key, const Socket *s, TableState *table);
Connection *connection_free(Connection *c);
/* Another state. The one before is remembered until the next event, unless that event was about it. */
void connection_change_state(Connection *c, unsigned state);
/* Which side closed first, as a state says in which it is, or was before its end. */
void connection_learn_closer(Connection *c, unsigned state);
/* Figures and queues of a newer row. */
void connection_update(Connection *c, const Socket *s);
/* The row shows another use of the socket (rule 6): another TCP peer, another unix peer; for sockets without cookie another inode. */
bool connection_is_other_use(const Connection *c, const Socket *s);
/* The record again, for rules and questions. */
void connection_socket(const Connection *c, Socket *ret);
/* Of a TCP socket that is used again and again. The kernel may have taken the peer off: then it can be about any use. */
bool connection_is_about_other_use(const Connection *c, const Notice *n);
/* The notice proves that this attempt never became a connection. */
bool connection_never_was(const Connection *c, const Notice *n);
const char *closer_name(unsigned closer);
const char *attribution_name(unsigned attribution);
