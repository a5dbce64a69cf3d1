/* SPDX-License-Identifier: MIT */
#pragma once

/* Event: a kind and fields. Two tables here (EVENT_KINDS, EVENT_FIELDS) are the whole schema: sinks, man
 * page, catalog test and the reader of the journal derive from them.
 *
 * An Event borrows every string it points to; it is valid during the emit call only. Unknown is absent,
 * never empty or 0. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "collect/process.h"
#include "collect/socket.h"

#define EVENT_SCHEMA 1

/* id, name, syslog priority, MESSAGE_ID (fixed for ever), verb of MESSAGE, one line of help */
#define EVENT_KINDS(X)                                                                                                  \
        X(CONNECTION_PRESENT, "connection-present", 6, "6a3d0be4c1f04d0e9a52e1b7f3c80d11", "present",                    \
          "A connection that may be older than the last look")                                                          \
        X(CONNECTION_APPEARED, "connection-appeared", 6, "0f5ce2a97d6b4f3f8b1c94d2a6e07312", "appeared",                 \
          "A connection that is in the map and was not in the one before")                                              \
        X(CONNECTION_CHANGED, "connection-changed", 6, "b94e61d83a2c4c57a0d7f5c2e91b6413", "changed",                    \
          "The state, the holders or (UDP) the peer of a connection differ")                                            \
        X(CONNECTION_VANISHED, "connection-vanished", 6, "3c7a95f0e8d14b629f4b06a1d2c57e14", "vanished",                 \
          "A connection is no longer in the kernel")                                                                    \
        X(CONNECTION_COMPLETED, "connection-completed", 6, "d1508c3be7f94a6d86e3b27c40fa9515", "completed",              \
          "A connection was opened and closed between two looks")                                                       \
        X(CONNECTION_FAILED, "connection-failed", 5, "a88a3bc290d34642940004e4bd0628d0", "failed",                       \
          "An attempt to connect that never became a connection")                                                       \
        X(CONNECTION_MISSED, "connection-missed", 6, "82f4b6d05c1e4e7fb3a9d8e17c60f216", "missed",                       \
          "The kernel reported the close of a connection that was never in the map")                                    \
        X(CONNECTION_SUMMARY, "connection-summary", 6, "04396aebfce84327903be420390eb407", "folded",                       \
          "Sums of connections that were not told singly")                                                              \
        X(CONNECTION_STALLED, "connection-stalled", 4, "1c067432de18472d9a7047808fd77dd7", "stalled",                   \
          "Nothing has moved on a connection for longer than its rule allows")                                          \
        X(CONNECTION_RECOVERED, "connection-recovered", 5, "489ac63fd3554a53bc8addba22a5314e", "recovered",             \
          "A connection that had stalled moves again")                                                                  \
        X(EXPECTATION_UNMET, "expectation-unmet", 4, "8b74a60f502d432fbd671d6d38563bce", "unmet",                           \
          "A rule has had fewer connections than it expects, for too long")                                             \
        X(EXPECTATION_MET, "expectation-met", 5, "7bc924635d9941cf9d1fbfb001a792d6", "met",                                   \
          "A rule has as many connections as it expects again")                                                         \
        X(LISTENER_PRESENT, "listener-present", 6, "57d9e1c2ab3f4806bd74f0e6c8a31917", "listening",                      \
          "A listening socket that may be older than the last look")                                                    \
        X(LISTENER_APPEARED, "listener-appeared", 5, "f80b2d6e94a74c1db5e6130c7fd2ae18", "listens",                      \
          "A socket listens that did not before")                                                                       \
        X(LISTENER_VANISHED, "listener-vanished", 6, "2e6fc7a1d05b4938a1f9c3e4b87d6019", "listens no more",              \
          "A socket listens no more")                                                                                   \
        X(SOCKET_PRESENT, "socket-present", 6, "1959be44719d4d63a4d7589a2611473d", "socket present",                            \
          "A packet, raw or netlink socket that may be older than the last look")                                       \
        X(SOCKET_APPEARED, "socket-appeared", 5, "bc910e8a44e14dada7d4a93e57d7df0b", "socket appeared",                         \
          "A packet, raw or netlink socket that was not there before: a sniffer or scanner, maybe")                     \
        X(SOCKET_VANISHED, "socket-vanished", 6, "8888dc93b43b4dbb9ff2f6cd5eb3bec4", "socket vanished",                         \
          "A packet, raw or netlink socket is no longer in the kernel")                                                 \
        X(PROCESS_MATCHED, "process-matched", 6, "c4a17e82f6d94b05937be0d52a8f3c1a", "matched",                          \
          "A process begins to match a rule")                                                                           \
        X(PROCESS_GONE, "process-gone", 6, "98e3d5b7c02f4f1e8a6d4c90b1e7f21b", "gone",                                   \
          "A process that matched a rule has ended, or is watched no more")                                             \
        X(PROCESS_INHERITED, "process-inherited", 6, "7c8f72a17959fca34fc6b93f030c9705", "inherited",                    \
          "A process got sockets of another, by fork or passed in messages")                                            \
        X(AUDIT_STARTED, "audit-started", 5, "41c8f09ad7e34e62b05d1f7ec6a9b31c", "started", "The daemon started")        \
        X(AUDIT_STOPPED, "audit-stopped", 5, "ed7b036f1c984a25bc8e92d4a5f0671d", "stopped", "The daemon stopped")        \
        X(AUDIT_RELOADED, "audit-reloaded", 5, "7b52d1e6a9c04f8c93f1e7b80d4ca61e", "reloaded",                           \
          "The configuration was read again")                                                                           \
        X(AUDIT_GAP, "audit-gap", 4, "ac09f3d8e6b1472fa5c7d20e94b1861f", "gap",                                          \
          "A span, a namespace or a process was not observed")                                                          \
        X(AUDIT_LOST, "audit-lost", 3, "15d7c9a0be4f4d63872c6fe1a0d3b920", "lost",                                       \
          "Events, or notices of the kernel, were lost")                                                                \
        X(AUDIT_BALANCE, "audit-balance", 6, "60be4a7fd29c4183b6a0d5e3f7c81c21", "balance",                              \
          "The books: what the kernel counted against what was reported")                                               \
        X(AUDIT_DEGRADED, "audit-degraded", 4, "9885a0edb8ef4c0fbde47e19fe1388a6", "degraded",                           \
          "The daemon works, but less well than it did")                                                                \
        X(AUDIT_RESTORED, "audit-restored", 5, "84f7791351af4640a97833d35dcd6158", "restored",                           \
          "The daemon works as well again as before an audit-degraded")

typedef enum EventKind {
#define X(id, ...) EVENT_##id,
        EVENT_KINDS(X)
#undef X
        _EVENT_KIND_MAX,
} EventKind;

typedef struct EventKindInfo {
        const char *name;
        int priority; /* the usual one; Event.priority overrides */
        const char *message_id;
        const char *verb;
        const char *help;
} EventKindInfo;

const EventKindInfo *event_kind_info(EventKind kind);
/* _EVENT_KIND_MAX: no such kind. */
EventKind event_kind_from_name(const char *name);

/* How a field's value is kept in EventValue and written as text. */
typedef enum FieldType {
        FIELD_NUMBER,   /* number: decimal */
        FIELD_HEX,      /* number: 16 hexadecimal digits */
        FIELD_TIME,     /* number: CLOCK_BOOTTIME usec; written as usec since the epoch */
        FIELD_USEC,     /* number: a duration in microseconds, decimal */
        FIELD_FAMILY,   /* number: names of collect/socket.h, detect/rule.h ... */
        FIELD_TRANSPORT,
        FIELD_STATE,
        FIELD_DIRECTION,
        FIELD_END,
        FIELD_STATES,   /* bytes: one State each; names separated by blanks */
        FIELD_ADDRESS,  /* bytes: 4 or 16 of an IP address, network order */
        FIELD_WORD,     /* bytes: a word of ours, safe as it is */
        FIELD_BYTES,    /* bytes: from outside, escaped on the way out */
        FIELD_LINES,    /* bytes: lines of ours, safe as they are */
        FIELD_BYTES_HEX, /* bytes: lower-case hexadecimal digits */
        FIELD_HOLDER_IDS, /* bytes: one HolderId each; PID/START/FD separated by blanks */
        FIELD_HOLDERS,  /* holders: the only field that repeats */
} FieldType;

/* id, name without SOCKAUDIT_, type, help */
#define EVENT_FIELDS(X)                                                                                                   \
        X(NOT_BEFORE, "NOT_BEFORE", TIME, "The change happened after this time; absent for what existed before we looked") \
        X(NOT_AFTER, "NOT_AFTER", TIME, "The change happened before this time: the event's time")                          \
        X(SEEN_BY, "SEEN_BY", WORD, "What told it: snapshot, destroy, bpf or connector")                                              \
        X(RULE, "RULE", BYTES, "Name of the rule that decided")                                                           \
        X(CONNECTION, "CONNECTION", HEX, "Identity of the connection, the same in all its events")                        \
        X(INODE, "INODE", NUMBER, "Socket inode, in the first event of a connection")                                      \
        X(COOKIE, "COOKIE", NUMBER, "Socket cookie, in the first event of a connection")                                   \
        X(NETNS, "NETNS", NUMBER, "Inode of the network namespace")                                                        \
        X(FAMILY, "FAMILY", FAMILY, "Address family")                                                                      \
        X(TRANSPORT, "TRANSPORT", TRANSPORT, "Transport protocol or socket type")                                          \
        X(STATE, "STATE", STATE, "State, as ss(8) spells it")                                                              \
        X(PREVIOUS_STATE, "PREVIOUS_STATE", STATE, "State before the change")                                              \
        X(STATES, "STATES", STATES, "Short-lived states passed through, in order")                                         \
        X(CHANGED, "CHANGED", WORD, "What changed: state, peer, holders, separated by blanks")                             \
        X(DIRECTION, "DIRECTION", DIRECTION, "Who connected: ingress (the other side) or egress (this side)")              \
        X(LOCAL_ADDRESS, "LOCAL_ADDRESS", ADDRESS, "Local IP address")                                                     \
        X(LOCAL_PORT, "LOCAL_PORT", NUMBER, "Local port")                                                                  \
        X(PEER_ADDRESS, "PEER_ADDRESS", ADDRESS, "IP address of the other side")                                           \
        X(PEER_PORT, "PEER_PORT", NUMBER, "Port of the other side")                                                        \
        X(PROTOCOL, "PROTOCOL", WORD, "Protocol of a packet, raw or netlink socket, as ss(8) has it")                        \
        X(INTERFACE, "INTERFACE", BYTES, "Name of the interface that the socket is bound to")                              \
        X(COMMUNITY_ID, "COMMUNITY_ID", WORD, "Community ID of the flow, version 1")                                       \
        X(LOCAL_PATH, "LOCAL_PATH", BYTES, "Unix path of this socket, @ for abstract names")                               \
        X(LOCAL_PATH_HEX, "LOCAL_PATH_HEX", BYTES_HEX, "Exact bytes of LOCAL_PATH where it was altered")                   \
        X(PEER_PATH, "PEER_PATH", BYTES, "Unix path of the other side, @ for abstract names")                                                    \
        X(PEER_PATH_HEX, "PEER_PATH_HEX", BYTES_HEX, "Exact bytes of PEER_PATH where it was altered")                      \
        X(PEER_INODE, "PEER_INODE", NUMBER, "Socket inode of the other end (unix)")                                        \
        X(PEER_BY, "PEER_BY", WORD, "How the other end was found on this host: unix, or tuple, an inference by addresses") \
        X(PEER_STATE, "PEER_STATE", WORD, "accepted, pending (in the queue of a listener) or gone")                        \
        X(PEER_PID, "PEER_PID", NUMBER, "Process id of who holds the other end")                                           \
        X(PEER_PROCESS_ENTITY, "PEER_PROCESS_ENTITY", WORD, "Identity of that process: boot-pid-start")                    \
        X(PEER_COMM, "PEER_COMM", BYTES, "Name of that process")                                                          \
        X(PEER_EXE, "PEER_EXE", BYTES, "Path of its executable")                                                           \
        X(PEER_UID, "PEER_UID", NUMBER, "Its real user id")                                                               \
        X(PEER_UNIT, "PEER_UNIT", BYTES, "Its systemd unit")                                                              \
        X(PEER_CONTAINER, "PEER_CONTAINER", BYTES, "Id or name of its container")                                          \
        X(PEER_NETNS, "PEER_NETNS", NUMBER, "Inode of its network namespace, when it differs from NETNS")                  \
        X(PEER_HOLDER_COUNT, "PEER_HOLDER_COUNT", NUMBER, "Descriptors that refer to the other end, when known and not 1") \
        X(END, "END", END, "How the connection ended, where known")                                                       \
        X(CLOSED_BY, "CLOSED_BY", WORD, "Which side closed first, where the states seen prove it: local, peer or both")    \
        X(ERROR, "ERROR", WORD, "Name of an errno")                                                                       \
        X(OPENED_AT, "OPENED_AT", TIME, "When it was opened, at the latest, where told late")                              \
        X(OPENED_NOT_BEFORE, "OPENED_NOT_BEFORE", TIME, "When it was opened, at the earliest, where told late")                   \
        X(DURATION, "DURATION", USEC, "From opening to close, at most; exact only where the bounds are. Of a suspend: its length")          \
        X(BYTES_SENT, "BYTES_SENT", NUMBER, "Payload bytes sent, without what was sent again")                             \
        X(BYTES_RECEIVED, "BYTES_RECEIVED", NUMBER, "Payload bytes received; may be one too high after a FIN")             \
        X(RETRANSMITS, "RETRANSMITS", NUMBER, "Segments sent again")                                                       \
        X(RTT, "RTT", USEC, "Smoothed round-trip time")                                                                    \
        X(SEND_QUEUE, "SEND_QUEUE", NUMBER, "Bytes not yet acknowledged; backlog limit of a listener")                     \
        X(RECEIVE_QUEUE, "RECEIVE_QUEUE", NUMBER, "Bytes not yet read; connections not yet accepted of a listener")        \
        X(TIMER_RETRANSMITS, "TIMER_RETRANSMITS", NUMBER, "How often the running timer fired without an answer")          \
        X(STALL, "STALL", WORD, "What stands still: connecting, unacknowledged, zero-window, close-wait, not-accepted, not-reading") \
        X(STALLED, "STALLED", USEC, "For how long, at least")                                                             \
        X(LISTEN_OVERFLOWS, "LISTEN_OVERFLOWS", NUMBER, "Attempts to connect turned away meanwhile in the namespace, since a queue was full") \
        X(LISTEN_DROPS, "LISTEN_DROPS", NUMBER, "Attempts to connect turned away meanwhile in the namespace, for whatever reason") \
        X(HOLDER_COUNT, "HOLDER_COUNT", NUMBER, "Descriptors that refer to the socket, when not 1")                        \
        X(HOLDER, "HOLDER", HOLDERS, "PID/START/FD/COMM of up to 16 holders, when there is more than one")                 \
        X(HOLDER_GAINED, "HOLDER_GAINED", HOLDER_IDS, "PID/START/FD of up to 16 new holders, separated by blanks")                    \
        X(HOLDER_LOST, "HOLDER_LOST", HOLDER_IDS, "PID/START/FD of up to 16 holders that let go, separated by blanks")                   \
        X(PID, "PID", NUMBER, "Process id of the primary holder")                                                         \
        X(PROCESS_ENTITY, "PROCESS_ENTITY", WORD, "Identity of the process: boot-pid-start")                               \
        X(PROCESS_START, "PROCESS_START", TIME, "When the process started")                                               \
        X(FD, "FD", NUMBER, "Descriptor in the primary holder")                                                           \
        X(COMM, "COMM", BYTES, "Process name")                                                                            \
        X(EXE, "EXE", BYTES, "Path of the executable")                                                                    \
        X(EXE_STATE, "EXE_STATE", WORD, "deleted, replaced or memfd: what became of the executable")                       \
        X(EXE_SHA, "EXE_SHA", BYTES_HEX, "SHA-256 of the executable, in the first event about a process that comes when it is known") \
        X(UID, "UID", NUMBER, "Real user id")                                                                             \
        X(EFFECTIVE_UID, "EFFECTIVE_UID", NUMBER, "Effective user id, when it differs from UID")                           \
        X(GID, "GID", NUMBER, "Real group id")                                                                            \
        X(ATTRIBUTION, "ATTRIBUTION", WORD, "How the process is known, when not by its descriptor: opener, acceptor, closer, listener, cgroup") \
        X(LOGIN_UID, "LOGIN_UID", NUMBER, "Login user id (audit)")                                                        \
        X(AUDIT_SESSION, "AUDIT_SESSION", NUMBER, "Login session id (audit)")                                             \
        X(UNIT, "UNIT", BYTES, "systemd unit of the process")                                                             \
        X(USER_UNIT, "USER_UNIT", BYTES, "systemd user unit of the process")                                              \
        X(CGROUP, "CGROUP", BYTES, "Control group path")                                                                  \
        X(CONTAINER, "CONTAINER", BYTES, "Id or name of the container of the process")                                      \
        X(CONTAINER_RUNTIME, "CONTAINER_RUNTIME", WORD, "docker, containerd, cri-o, podman, lxc, systemd-nspawn")          \
        X(POD_UID, "POD_UID", WORD, "Uid of the Kubernetes pod of the process")                                            \
        X(PROCESS_NETNS, "PROCESS_NETNS", NUMBER, "Inode of the process's network namespace, when it differs from NETNS")  \
        X(CMDLINE, "CMDLINE", BYTES, "Command line, in the first event about a process")                                   \
        X(CWD, "CWD", BYTES, "Working directory, in the first event about a process")                                      \
        X(TTY, "TTY", WORD, "Controlling terminal, in the first event about a process")                                    \
        X(PARENT_PID, "PARENT_PID", NUMBER, "Parent process id")                                                          \
        X(PARENT_COMM, "PARENT_COMM", BYTES, "Name of the parent process")                                                \
        X(PARENT_EXE, "PARENT_EXE", BYTES, "Path of the executable of the parent process")                                 \
        X(PARENT_CMDLINE, "PARENT_CMDLINE", BYTES, "Command line of the parent process")                                   \
        X(PARENT_ENTITY, "PARENT_ENTITY", WORD, "Identity of the parent process")                                         \
        X(INHERITED_COUNT, "INHERITED_COUNT", NUMBER, "How many sockets of another process it got")                        \
        X(FROM_PID, "FROM_PID", NUMBER, "Process id of that other one")                                                    \
        X(FROM_COMM, "FROM_COMM", BYTES, "Its name")                                                                       \
        X(FROM_ENTITY, "FROM_ENTITY", WORD, "Its identity")                                                                \
        X(OPENED, "OPENED", NUMBER, "Connections opened (sums)")                                                          \
        X(CLOSED, "CLOSED", NUMBER, "Connections closed (sums)")                                                          \
        X(FAILED, "FAILED", NUMBER, "Attempts to connect that failed (sums)")                                             \
        X(PRESENT, "PRESENT", NUMBER, "Connections that were there, and may be old (sums)")                               \
        X(CHANGES, "CHANGES", NUMBER, "Changes of state, peer or holders (sums)")                                         \
        X(SPAN_FIRST, "SPAN_FIRST", TIME, "All that a summary counts happened after this time")                            \
        X(SPAN_LAST, "SPAN_LAST", TIME, "... and before this time")                                                       \
        X(PEER_COUNT, "PEER_COUNT", NUMBER, "How many peers a summary has")                                               \
        X(PEERS, "PEERS", LINES, "A line each: address, opened, bytes sent, bytes received, failed")                      \
        X(EARLY, "EARLY", WORD, "Why a summary is told before its time: full, reload, stop, boot")                         \
        X(LOST_COUNT, "LOST_COUNT", NUMBER, "How many were lost")                                                         \
        X(LOST_FIRST_SEQ, "LOST_FIRST_SEQ", NUMBER, "First lost event")                                                   \
        X(LOST_LAST_SEQ, "LOST_LAST_SEQ", NUMBER, "Last lost event")                                                      \
        X(LOST_RUN, "LOST_RUN", WORD, "Run of the lost events, where it is an earlier one")                                \
        X(EXPECTED, "EXPECTED", NUMBER, "So many connections the rule expects, at least")                                  \
        X(EXPECTED_STATE, "EXPECTED_STATE", STATE, "In this state")                                                       \
        X(FOUND, "FOUND", NUMBER, "So many there are")                                                                    \
        X(UNMET, "UNMET", USEC, "There have been fewer for so long, at least")                                            \
        X(LAST_CONNECTION, "LAST_CONNECTION", HEX, "The last connection of the rule, which has ended")                    \
        X(LAST_ENDED, "LAST_ENDED", TIME, "By when it had ended")                                                         \
        X(SINK, "SINK", WORD, "The sink concerned")                                                                       \
        X(GAP_REASON, "GAP_REASON", WORD, "Why nothing was observed")                                                     \
        X(GAP_COUNT, "GAP_COUNT", NUMBER, "How many processes, rows or looks the gap covers")                              \
        X(GAP_TABLE, "GAP_TABLE", WORD, "Table of sockets concerned: tcp, udp, raw, unix, ...")                                 \
        X(GAP_LIMIT, "GAP_LIMIT", WORD, "Limit that was reached: sockets, processes, namespaces")                         \
        X(COLLECTOR, "COLLECTOR", WORD, "Collector in use")                                                               \
        X(DEGRADED, "DEGRADED", WORD, "What is worse than it could be, and why")                                          \
        X(CONDITION, "CONDITION", WORD, "What has got worse, or is as before: budget, outbox, map")                      \
        X(BUDGET_WRITTEN, "BUDGET_WRITTEN", NUMBER, "Bytes of the journal since the budget was full")                      \
        X(BUDGET_RULES, "BUDGET_RULES", BYTES, "The rules that took most of it: rule=bytes, separated by blanks")          \
        X(BUDGET_FOLDED, "BUDGET_FOLDED", NUMBER, "Events that were summed up since the budget was spent")                 \
        X(SOCKET_COUNT, "SOCKET_COUNT", NUMBER, "Sockets of watched processes in the map")                                \
        X(PROCESS_COUNT, "PROCESS_COUNT", NUMBER, "Processes that match a rule, or for which the event stands")               \
        X(COUNTS, "COUNTS", WORD, "Events so far: kind=n, separated by blanks")                                            \
        X(KEEPS, "KEEPS", USEC, "How long the journal keeps what is written to it, at the rate of what it holds")          \
        X(OPENED_KERNEL, "OPENED_KERNEL", WORD, "Openings by the kernel's own counters: active passive")                   \
        X(OPENED_UNCERTAIN, "OPENED_UNCERTAIN", WORD, "By how much the kernel's counters moved while it was looked: active passive") \
        X(OPENED_HOOKED, "OPENED_HOOKED", WORD, "Openings of all processes as hooks in the kernel count them: active passive") \
        X(OPENED_UNSENT, "OPENED_UNSENT", NUMBER, "Of them: attempts that failed before anything was sent")                \
        X(OPENED_WATCHED, "OPENED_WATCHED", WORD, "Of them those of watched processes: active passive")                    \
        X(OPENED_RECORDED, "OPENED_RECORDED", WORD, "Openings that reached the ledger: active passive unknown")            \
        X(OPENED_REPORTED, "OPENED_REPORTED", WORD, "Openings told with a seq: active passive unknown")                    \
        X(MISSED, "MISSED", NUMBER, "Closes of connections that were never in the map")                                   \
        X(UNATTRIBUTABLE, "UNATTRIBUTABLE", NUMBER, "Closes without peer: never connected, refused or reset")              \
        X(ESTIMATE, "ESTIMATE", WORD, "yes: the books of this collector blur, see the manual")                            \
        X(NAMESPACE_COUNT, "NAMESPACE_COUNT", NUMBER, "Network namespaces in the books")                                  \
        X(BALANCED_COUNT, "BALANCED_COUNT", NUMBER, "Those of them that balance")                                         \
        X(UNBALANCED, "UNBALANCED", WORD, "The others: inode and figures of each, separated by semicolons")               \
        X(CLOCK_SYNC, "CLOCK_SYNC", WORD, "yes or no: the kernel's clock is kept in step with others")                    \
        X(CLOCK_ERROR, "CLOCK_ERROR", USEC, "By how much it can be wrong, where it is kept in step")                       \
        X(CLOCK_BEFORE, "CLOCK_BEFORE", WORD, "Wall clock minus the time since boot, before it was set")                    \
        X(CLOCK_AFTER, "CLOCK_AFTER", WORD, "Wall clock minus the time since boot, after it was set")                      \
        X(RULES, "RULES", BYTES, "The rules in force, one after the other")                                               \
        X(CONFIG_HASH, "CONFIG_HASH", HEX, "Tells configurations apart; not a cryptographic hash")                        \
        X(STOPPED_BY, "STOPPED_BY", BYTES, "Who sent the signal: PID/UID/COMM")                                           \
        X(VERSION, "VERSION", WORD, "Version of the daemon")

typedef enum FieldId {
#define X(id, ...) EVENT_FIELD_##id,
        EVENT_FIELDS(X)
#undef X
        _EVENT_FIELD_MAX,
} FieldId;

typedef struct FieldInfo {
        const char *name; /* without the prefix SOCKAUDIT_ */
        FieldType type;
        const char *help;
} FieldInfo;

const FieldInfo *event_field_info(FieldId id);
/* name without the prefix; _EVENT_FIELD_MAX: no such field. */
FieldId event_field_from_name(const char *name, size_t size);

typedef union EventValue {
        uint64_t number;
        Bytes bytes;
} EventValue;

#define EVENT_HOLDERS_MAX 16

typedef struct EventHolder {
        uint32_t pid;
        uint64_t start_usec; /* CLOCK_BOOTTIME */
        int fd;
        const char *comm; /* bytes from outside */
} EventHolder;

/* Of HOLDER_GAINED and HOLDER_LOST. */
typedef struct HolderId {
        uint32_t pid;
        int32_t fd;
        uint64_t start_usec; /* CLOCK_BOOTTIME */
} HolderId;

typedef struct Event {
        EventKind kind;
        int priority; /* -1: that of the kind */
        uint64_t seq; /* given by the ledger */
        uint64_t present[(_EVENT_FIELD_MAX + 63) / 64];
        EventValue values[_EVENT_FIELD_MAX];
        size_t holder_count;
        EventHolder holders[EVENT_HOLDERS_MAX];
        size_t scratch_used;
        char scratch[8192]; /* words made for this event */
} Event;

void event_init(Event *e, EventKind kind);
bool event_has(const Event *e, FieldId id);
void event_clear(Event *e, FieldId id);
void event_set_number(Event *e, FieldId id, uint64_t value);
/* Unknown bytes (data NULL) leave the field absent. */
void event_set_bytes(Event *e, FieldId id, Bytes value);
void event_set_word(Event *e, FieldId id, const char *value);
/* Formats into the event's scratch room; what does not fit is cut. */
void event_set_printf(Event *e, FieldId id, const char *format, ...) _printf_(3, 4);
void event_add_holder(Event *e, const EventHolder *holder);
