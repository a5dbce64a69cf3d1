/* SPDX-License-Identifier: MIT */

/* The table of all keys. Names, types, ranges, defaults and help are said here and nowhere else: the reader of
 * the file, its messages and the list of keys in sockaudit.yaml(5) are made from it. */

#include <stdio.h>
#include <string.h>

#include "collect/collect.h"
#include "collect/hooks.h"
#include "config/config-key.h"
#include "emit/sink.h"

#define FIELD(type, member) .offset = offsetof(type, member), .size = sizeof(((type *) NULL)->member)
#define POINTER(type, member) .offset = offsetof(type, member)
#define RANGE(first, last) .min = first, .max = last
#define NAMES(function, count) .choice = function, .choices = count

/* A key of SECTION_STALL. */
#define STALL(kind, key, otherwise, text)                                                                       \
        { SECTION_STALL, key, KEY_DURATION, .offset = STALL_##kind * sizeof(uint64_t), .size = sizeof(uint64_t), \
          RANGE("0", "30d"), .initial = otherwise, .help = text }

static const char *unit_log_name(unsigned n) {
        static const char *const names[] = {
                [UNIT_LOG_PROBLEMS] = "problems", [UNIT_LOG_ALL] = "all", [UNIT_LOG_NONE] = "none",
        };
        return n < ELEMENTSOF(names) ? names[n] : NULL;
}

static const char *cmdline_name(unsigned n) {
        static const char *const names[] = {
                [CMDLINE_REDACTED] = "redacted", [CMDLINE_FULL] = "full", [CMDLINE_OFF] = "off",
        };
        return n < ELEMENTSOF(names) ? names[n] : NULL;
}

/* Numbers of the bits of Change. */
static const char *change_name(unsigned n) {
        static const char *const names[] = { "state", "peer", "holders" };
        return n < ELEMENTSOF(names) ? names[n] : NULL;
}

/* Rule.missed_each. */
static const char *missed_name(unsigned n) {
        static const char *const names[] = { "folded", "each" };
        return n < ELEMENTSOF(names) ? names[n] : NULL;
}

const Key config_keys[] = {
        { SECTION_TOP, "interval", KEY_DURATION, FIELD(Draft, config.interval), RANGE("100ms", "1h"),
          .initial = "1s", .help = "From one look at the sockets to the next." },
        { SECTION_TOP, "rescan", KEY_DURATION, FIELD(Draft, config.rescan), RANGE("1s", "1h"), .initial = "10s",
          .help = "How often watched processes that have run are read again, and their descriptors walked; of all others one in eight is, in turn." },
        { SECTION_TOP, "balance", KEY_DURATION, FIELD(Draft, config.balance), RANGE("1s", "24h"), .initial = "5m",
          .help = "From one *audit-balance* to the next: the books, and the sign that the daemon lives." },
        { SECTION_TOP, "baseline", KEY_DURATION, FIELD(Draft, config.baseline), RANGE("0", "30d"), .initial = "24h",
          .help = "After so long connections and listeners that live on are told once more, as present, spread over its first 24th: so the journal knows them, "
                  "however short it keeps. 0: never." },
        { SECTION_TOP, "budget", KEY_SIZE, FIELD(Draft, config.budget), RANGE("0", "1T"), .initial = "0",
          .help = "Bytes of the journal a day; an hour's may be written at once. When they are spent, events of priority 6 that would be told one by one are told in "
                  "sums, none is left out, and *audit-degraded* says so. All others are told as ever. 0: no limit." },
        { SECTION_TOP, "retention_wanted", KEY_DURATION, FIELD(Draft, config.retention_wanted), RANGE("0", "3650d"), .initial = "0",
          .help = "How long the journal should keep what it is told. Where it keeps less, the daemon warns of it and *sockaudit doctor* says so. 0: nothing is wanted." },
        { SECTION_TOP, "collector", KEY_CHOICE, FIELD(Draft, config.collector),
          NAMES(collector_name, _COLLECTOR_MAX), .initial = "auto",
          .help = "How the kernel is asked. bpf: programs in it tell of each TCP connection and each process as it happens, and looks are compared with that; sock_diag: looks, and messages "
                  "about closes; proc: the text of /proc/net. auto takes the first of them that works on this host." },
        { SECTION_TOP, "hooks", KEY_CHOICES, FIELD(Draft, config.hooks), NAMES(collector_option_name, _HOOK_OPTION_MAX), .emptiable = true,
          .help = "What the programs in the kernel (collector bpf) are to see beside; [] is nothing, the default. udp: each UDP socket that is used, however short it lives, with its process. "
                  "All pay for that: each datagram that is sent over a socket which is not connected takes 0.2 us longer (of 3, with its receipt), each life of a socket "
                  "1.3 us (of 8) where its process is watched, else 0.2 us, as measured; datagrams over connected sockets take as long as ever. Needs CAP_NET_ADMIN and control groups v2." },
        { SECTION_TOP, "sinks", KEY_CHOICES, FIELD(Draft, config.sinks), NAMES(sink_name, _SINK_MAX),
          .initial = "journal",
          .help = "Where events go: the journal, JSON lines or lines of text on standard output." },
        { SECTION_TOP, "cpu_max", KEY_PERCENT, FIELD(Draft, config.cpu_max), RANGE("0.01%", "100%"),
          .initial = "5%", .help = "Share of one CPU above which the interval is stretched." },
        { SECTION_TOP, "unit_log", KEY_CHOICE, FIELD(Draft, config.unit_log), NAMES(unit_log_name, 3),
          .initial = "problems", .help = "Which events show up in the journal of the unit that they are about, too." },
        { SECTION_TOP, "cmdline", KEY_CHOICE, FIELD(Draft, config.cmdline), NAMES(cmdline_name, 3),
          .initial = "redacted",
          .help = "Whether events carry the command line of a process: in full, or with what looks like a secret replaced by [redacted]." },
        { SECTION_TOP, "exe_hash", KEY_BOOL, FIELD(Draft, config.exe_hash), .initial = "yes",
          .help = "Whether events carry the SHA-256 of executables: of regular files up to 256 MiB on file systems of this host, each read once, a large one at half "
                  "the speed of a processor." },
        { SECTION_TOP, "intrusive", KEY_BOOL, FIELD(Draft, config.intrusive), .initial = "no",
          .help = "Whether the descriptor of a socket may be copied for a moment, once, to find its network namespace where nobody lives in that any more. "
                  "A connection that its process closes in this moment is closed a moment later." },
        { SECTION_TOP, "community_id", KEY_BOOL, FIELD(Draft, config.community_id), .initial = "no",
          .help = "Whether events carry the Community ID of a flow, by which other tools name it, too." },
        { SECTION_TOP, "limits", KEY_INLINE, .inner = SECTION_LIMITS,
          .help = "Bounds of memory; reaching one is an event." },
        { SECTION_TOP, "defaults", KEY_INLINE, .inner = SECTION_DEFAULTS,
          .help = "What holds for rules that do not say." },
        { SECTION_TOP, "exclude", KEY_EXCLUDES, .inner = SECTION_EXCLUDE,
          .help = "Processes that are never looked at, before all rules." },
        { SECTION_TOP, "watch", KEY_RULES, .inner = SECTION_RULE, .required = true,
          .help = "The rules, at most 256; the first that matches decides." },

        { SECTION_LIMITS, "sockets", KEY_COUNT, FIELD(Draft, config.limits.sockets), RANGE("1", "100000000"),
          .initial = "1000000", .help = "Watched sockets in the map." },
        { SECTION_LIMITS, "holders", KEY_COUNT, FIELD(Draft, config.limits.holders), RANGE("1", "100000000"),
          .initial = "2000000",
          .help = "Descriptors of watched processes that are remembered; of each process at most 64 for the same socket." },
        { SECTION_LIMITS, "processes", KEY_COUNT, FIELD(Draft, config.limits.processes), RANGE("1", "4194304"),
          .initial = "100000", .help = "Processes that are looked at." },
        { SECTION_LIMITS, "namespaces", KEY_COUNT, FIELD(Draft, config.limits.namespaces), RANGE("1", "1024"),
          .initial = "512", .help = "Network namespaces that are looked at." },
        { SECTION_LIMITS, "peer_walks", KEY_COUNT, FIELD(Draft, config.limits.peer_walks), RANGE("0", "6000"),
          .initial = "60", .help = "Walks a minute over the descriptors of all processes, to name who holds the other ends of new connections." },
        { SECTION_LIMITS, "queue", KEY_SIZE, FIELD(Draft, config.limits.queue), RANGE("64K", "4G"),
          .initial = "16M", .help = "Bytes of events that wait in memory for a sink: for standard output, and for the journal where there is no outbox." },
        { SECTION_LIMITS, "outbox", KEY_SIZE, FIELD(Draft, config.limits.outbox), RANGE("1M", "1T"),
          .initial = "256M", .help = "Bytes of events that wait for the journal in the outbox, a file in the state directory: some 250,000 events." },

        { SECTION_LIMITS, "fold_rows", KEY_COUNT, FIELD(Draft, config.limits.fold_rows), RANGE("1000", "10000000"),
          .initial = "100000", .help = "Combinations of what rules fold by, and peers of these, that have sums at one time. Above it all sums are told at once, and none is "
                                      "lost. Each takes some 300 bytes, in the state directory." },
        { SECTION_LIMITS, "ring", KEY_SIZE, FIELD(Draft, config.limits.ring), RANGE("64K", "1G"),
          .initial = "16M", .help = "Bytes of records of the programs in the kernel (collector bpf) that wait to be read, up to the next power of two: 160 for each opening and "
                                    "each end of a connection. What does not fit is told as lost, with its number." },

        { SECTION_DEFAULTS, "changed", KEY_CHOICES, FIELD(Draft, defaults.changed), NAMES(change_name, 3),
          .initial = "state,peer,holders",
          .help = "What a changed connection is told for." },
        { SECTION_DEFAULTS, "state_after", KEY_DURATION, FIELD(Draft, defaults.state_after), RANGE("0", "1h"),
          .initial = "1s", .help = "A state that lasts shorter is not told singly." },

        { SECTION_DEFAULTS, "stall", KEY_INLINE, FIELD(Draft, defaults.stall), .inner = SECTION_STALL,
          .help = "How long a connection may stand still before that is told." },

        { SECTION_EXCLUDE, "match", KEY_INLINE, .inner = SECTION_MATCH, .required = true,
          .help = "Which processes." },

        { SECTION_RULE, "name", KEY_NAME, POINTER(Rule, name), .required = true,
          .help = "Stands in each event that the rule decides; no two rules share one." },
        { SECTION_RULE, "match", KEY_MATCH, POINTER(Rule, match), .inner = SECTION_MATCH,
          .help = "Which processes; without it every process." },
        { SECTION_RULE, "descendants", KEY_BOOL, FIELD(Rule, descendants), .initial = "yes",
          .help = "Whether children of a matching process match, too." },
        { SECTION_RULE, "processes", KEY_BOOL, FIELD(Rule, processes), .initial = "yes",
          .help = "Whether *process-matched* and *process-gone* tell of who matches. Without them what is known of a process stands in the first event about one of its "
                  "sockets." },
        { SECTION_RULE, "sockets", KEY_INLINE, FIELD(Rule, sockets), .inner = SECTION_SOCKETS,
          .help = "Which of their sockets; without it all." },
        { SECTION_RULE, "changed", KEY_CHOICES, FIELD(Rule, changed), NAMES(change_name, 3),
          .help = "As in defaults, for this rule." },
        { SECTION_RULE, "state_after", KEY_DURATION, FIELD(Rule, state_after), RANGE("0", "1h"),
          .help = "As in defaults, for this rule." },
        { SECTION_RULE, "stall", KEY_INLINE, FIELD(Rule, stall), .inner = SECTION_STALL,
          .help = "As in defaults, for this rule; kinds that it does not name are as there." },
        { SECTION_RULE, "expect", KEY_INLINE, FIELD(Rule, expect), .inner = SECTION_EXPECT,
          .help = "So many connections that this rule tells there should always be; *expectation-unmet* says that there are fewer." },
        { SECTION_RULE, "fold", KEY_INLINE, FIELD(Rule, fold), .inner = SECTION_FOLD,
          .help = "Connections of this rule are told in sums (*connection-summary*), not singly. What stalls is told all the same." },
        { SECTION_RULE, "missed", KEY_CHOICE, FIELD(Rule, missed_each), NAMES(missed_name, 2), .initial = "folded",
          .help = "How closes of connections that were never in the map are told: in sums, or one by one. Their process is "
                  "not known: sockets is asked, match is not." },

        { SECTION_MATCH, "comm", KEY_GLOBS, FIELD(Match, comm),
          .help = "Name of the process, at most 15 bytes long." },
        { SECTION_MATCH, "exe", KEY_GLOBS, FIELD(Match, exe), .help = "Path of the executable." },
        { SECTION_MATCH, "cmdline", KEY_GLOBS, FIELD(Match, cmdline),
          .help = "The command line, arguments joined by a blank." },
        { SECTION_MATCH, "user", KEY_USERS, .help = "Name of the real user, looked up when the file is read." },
        { SECTION_MATCH, "uid", KEY_UIDS, .help = "Number of the real user. Either user or uid." },
        { SECTION_MATCH, "unit", KEY_GLOBS, FIELD(Match, unit),
          .help = "Name of the systemd unit, of the system or of a user, such as nginx.service." },
        { SECTION_MATCH, "cgroup", KEY_GLOBS, FIELD(Match, cgroup), .help = "Path of the control group." },
        { SECTION_MATCH, "not", KEY_MATCH, POINTER(Match, not), .inner = SECTION_MATCH,
          .help = "Processes that are meant by these keys do not match after all." },

        { SECTION_SOCKETS, "transport", KEY_CHOICES, FIELD(SocketFilter, transports),
          NAMES(transport_name, _TRANSPORT_MAX),
          .help = "Protocol, or type of a unix, packet or vsock socket; tcp holds for mptcp, too. Netlink sockets have none." },
        { SECTION_SOCKETS, "family", KEY_CHOICES, FIELD(SocketFilter, families),
          NAMES(family_name, _FAMILY_MAX), .help = "Address family; ipv4 holds for IPv4 over an IPv6 socket, too. vsock is looked at only where it is named "
                  "here, since few kernels list it." },
        { SECTION_SOCKETS, "state", KEY_CHOICES, FIELD(SocketFilter, states), NAMES(state_name, _STATE_MAX),
          .help = "State, as *ss*(8) spells it." },
        { SECTION_SOCKETS, "direction", KEY_CHOICES, FIELD(SocketFilter, directions),
          NAMES(direction_name, _DIRECTION_MAX), .help = "Which side connected; what is undecided does not match." },
        { SECTION_SOCKETS, "local", KEY_ADDRESSES, POINTER(SocketFilter, local),
          .help = "Own address, port or unix path." },
        { SECTION_SOCKETS, "peer", KEY_ADDRESSES, POINTER(SocketFilter, peer),
          .help = "Address and port of the other side; unix sockets have none." },
        { SECTION_SOCKETS, "listen", KEY_BOOL, FIELD(SocketFilter, listen),
          .help = "yes: only listening sockets, no: only others; without it both." },

        STALL(CONNECTING, "connecting", "3s", "Nobody answers an attempt to connect."),
        STALL(UNACKNOWLEDGED, "unacknowledged", "10s", "Bytes wait, and the other side acknowledges none."),
        STALL(ZERO_WINDOW, "zero-window", "30s", "Bytes wait, and the other side takes none, since it has not read those before."),
        STALL(CLOSE_WAIT, "close-wait", "60s", "The other side has closed, and the process has not."),
        STALL(NOT_ACCEPTED, "not-accepted", "5s", "The same connection waits at a listener to be accepted."),
        STALL(NOT_READING, "not-reading", "60s", "Received bytes wait to be read; of a unix socket also those that it has sent."),

        { SECTION_EXPECT, "state", KEY_CHOICE, FIELD(Expected, state), NAMES(state_name, _STATE_MAX), .initial = "established",
          .help = "In this state." },
        { SECTION_EXPECT, "min", KEY_COUNT, FIELD(Expected, min), RANGE("1", "1000000"), .initial = "1",
          .help = "At least so many." },
        { SECTION_EXPECT, "for", KEY_DURATION, FIELD(Expected, wait), RANGE("0", "30d"), .initial = "2m",
          .help = "There may be fewer for so long; also after the start." },

        { SECTION_FOLD, "by", KEY_CHOICES, FIELD(FoldSpec, by), NAMES(fold_by_name, FOLD_BY_NETNS), .required = true,
          .help = "What is alike in the connections of one sum. Each sum has a table of its peers, with figures of each; with _peer_ in this list each peer has "
                  "sums of its own instead." },
        { SECTION_FOLD, "every", KEY_DURATION, FIELD(FoldSpec, every), RANGE("1m", "24h"), .initial = "10m",
          .help = "A sum is told when so much time has passed since the first of what it counts." },
        { SECTION_FOLD, "first", KEY_COUNT, FIELD(FoldSpec, first), RANGE("0", "1000"), .initial = "1",
          .help = "So many connections of each combination are told singly before; counted anew after a day without any." },
};

const size_t config_key_count = ELEMENTSOF(config_keys);
_Static_assert(ELEMENTSOF(config_keys) <= KEYS_MAX, "the reader keeps an array of this size for each mapping");

/* --- the manual ------------------------------------------------------------------------------------ */

static const struct {
        const char *title, *help;
} sections[_SECTION_MAX] = {
        [SECTION_TOP] = { "Top level", "Every key but *watch* may be left out." },
        [SECTION_LIMITS] = { "limits", NULL },
        [SECTION_DEFAULTS] = { "defaults", NULL },
        [SECTION_EXCLUDE] = { "exclude", "A list; each element has" },
        [SECTION_RULE] = { "watch", "A list; each element is a rule and has" },
        [SECTION_MATCH] = { "match",
                "Each key is one value or a list. A list means any of, several keys mean all of. Patterns are globs "
                "(*glob*(7)) over the whole string, in which a star stands for slashes, too. What is not known of a "
                "process matches no pattern." },
        [SECTION_SOCKETS] = { "sockets",
                "Each key but *listen* is one value or a list. A list means any of, several keys mean all of." },
        [SECTION_STALL] = { "stall",
                "In *defaults* and in a rule: how long nothing may move, by kind, before *connection-stalled* is told; 0: it is not told. "
                "The defaults are those of *defaults*." },
        [SECTION_EXPECT] = { "expect", "Of all processes that the rule matches together." },
        [SECTION_FOLD] = { "fold", "Listeners, raw sockets and stalls are never folded." },
};

/* Text that is not scdoc source yet. */
static void print_escaped(FILE *f, const char *s) {
        for (; *s; s++) {
                if (strchr("\\*_", *s))
                        fputc('\\', f);
                fputc(*s, f);
        }
}

static void print_key(FILE *f, const Key *k) {
        _cleanup_text_ Text t = TEXT_NULL;

        key_expected(k, &t);
        fprintf(f, "*%s*: ", k->name);
        print_escaped(f, text_string(&t));
        if (k->initial) {
                fprintf(f, "; default ");
                print_escaped(f, k->initial);
        }
        if (k->required)
                fprintf(f, "; required");
        fprintf(f, "\n\t%s\n\n", k->help);
}

void config_print_keys(FILE *f) {
        for (Section s = SECTION_TOP; s < _SECTION_MAX; s++) {
                fprintf(f, "## %s\n\n", sections[s].title);
                if (sections[s].help)
                        fprintf(f, "%s\n\n", sections[s].help);
                for (size_t i = 0; i < config_key_count; i++)
                        if (config_keys[i].section == s)
                                print_key(f, &config_keys[i]);
        }
}
