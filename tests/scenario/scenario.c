/* SPDX-License-Identifier: MIT */

/* Scenario: runs FILE.t through a ledger, step by step, and compares the events that each step makes with those that
 * the file names. A file reads like this:
 *
 *     # Rule 4: a finished dump is not a complete one.     comments and empty lines are skipped
 *     rules                                                first of all; a row a rule, keys as in the configuration
 *       web: comm=nginx state=established state_after=2s   lists with commas; uid=1000-1999; not.comm=x; no match: any process
 *       exclude: comm=sshd                                 also stall.close-wait=5s, expect=1/established/2m,
 *                                                          fold=exe,peer every=10m first=1
 *     at 10 scan                                           the processes there are: PID/START NAME and parent= uid= exe= unit=
 *       812/100 nginx                                      START in ticks of 10 ms: this one started at 1.0 s
 *     at 10 walk 812                                       its descriptors: FD INODE
 *       7 1001
 *     at 10.1-10.2 look tcp                                a table (tcp udp raw unix): COOKIE INODE LOCAL PEER STATE, with
 *       c1 1001 10.0.0.2:443 203.0.113.9:51544 established    timer= sent= received= acked= retransmits= sendq=
 *                                                          recvq= again= backoff= rto= idle= heard= waiting= (rto, idle and heard in seconds)
 *                                                            and answered=yes or no
 *     at 10.1-10.2 look tcp held                         the same, but only what watched processes hold, with opened=T, or 0: before there were hooks;
 *       c1 1001 10.0.0.2:443 203.0.113.9:51544 established asked     and without it exactly those whose age is asked for are `asked`
 *       c2 - [::1]:80 [::1]:5000 established               - is none; *:80 is any address. Of unix sockets LOCAL is the path
 *     at 10.2 judge                                        and PEER the other inode, with type=dgram, =seqpacket
 *     > connection-present c1 nginx[812] NOT_AFTER=10.2 -NOT_BEFORE
 *
 * Times are seconds. `>` lines name the events of the step above them: all of them, in order, each with any of its fields:
 * NAME=VALUE must be so, -NAME must be absent; LOCAL= and PEER= are address:port; blanks in a value are written as commas,
 * HOLDER is PID/FD,PID/FD. c1 or i1001 name a connection by cookie or inode when it is first told, and the same one from
 * then on; c1.2 is another use of the same socket. NAME[PID] is its process, ?[?] an unknown one.
 *
 * Further steps:
 *     options fold_rows= max_sockets= own_pid= ephemeral=1000-2000 heal=SECONDS baseline=SECONDS exact=yes      before the rules
 *     options budget=BYTES                   a day; each event takes 1000 of them
 *     at T rescan                   a scan that reads the facts of every process again; `scan partial` was cut short
 *     at T walk PID denied          and gone; at T-T look tcp denied, gone, interrupted or over-limit; look tcp netns=2
 *     everyone                      all descriptors of all processes were walked before the judgement that follows
 *     at T question c1=gone i7=alive c3=unsure      exactly these are suspect; without names: none is
 *     at T peers                    of exactly these the other end is asked for: i1001 or :PORT, and what is found: inode= pid= by=tuple or unix,
 *       i1001 pid=70 by=unix        state=pending or gone, path= holders=; cached=INODE takes what the ledger knows of its holders;
 *                                   other=INODE is what the question says that the looks have shown of it (none: nothing)
 *     at T strays 70/4=settled 70/5=again     exactly these descriptors (PID/FD) have a socket that no look has shown
 *     at T look tcp begin           rows; then other steps; `at T look tcp more` with rows; `at T look tcp end` and how
 *     at T-T note destroy tcp COOKIE INODE LOCAL PEER STATE ...    also open, state, close; with by=bpf pid=PID direction=
 *                                   end= error= opened=T first=yes; a span for what is not exact
 *     at T note fork PID/START NAME ...      also exec, change, exit; then: at T settle
 *     at T note lost COUNT          of destroy messages, or by=bpf, by=connector
 *     hears tcp netns=2                      destroy messages come from there
 *     at T healed, heal-at T or never        when a healing look is due
 *     kernel active=5 passive=3              what the kernel has counted; then: at T balance. active-before=4
 *                                            passive-before=3: before its tables were read; born: since the start
 *     turned-away overflows=5 drops=6        what it has turned away, where somebody waits
 *     at T fold                             the sums that are due are told; or all: stop, boot SHIFT
 *     at T flush                             what is kept back to be told in sums is told: processes, and closes of unknown sockets
 *     at T-T gap REASON
 *     reload                        new rules, in rows like those of `rules`
 *     at T restart                  the map is saved, and restored by then; with rows: new rules
 *     unheld N, status sockets= foreign= processes= suspects= seq=    what must be so now
 */

#include <stdlib.h>
#include <string.h>

#include "detect/ledger.h"
#include "expect.h"
#include "script.h"

#define PROCESSES_MAX 4096
#define EVENT_COST 1000
#define NETNS_INODE 4026530000U

#define RUN "00000000000000000000000000000000"

typedef struct Scenario {
        Script script;
        void *memory; /* of the fold */
        Fold *fold;
        uint32_t fold_rows;
        Expect expect;
        Ledger *ledger;
        LedgerOptions options;
        RuleSet rules[2]; /* in turn: the ledger reads those before once more */
        unsigned reloads;
        uint64_t t0, t1;  /* of the step */
        struct {
                uint32_t pid;
                uint64_t start;
        } processes[PROCESSES_MAX];
        size_t process_count;
} Scenario;

static Netns netns_of(Scenario *s) {
        uint64_t id = script_number_option(&s->script, "netns", 1);

        return (Netns){ .id = id, .inode = NETNS_INODE + (uint32_t) id };
}

static void must(const Scenario *s, const char *what, int r) {
        if (r < 0)
                script_fail(&s->script, "%s: %s", what, strerror(-r));
}

static void step_options(Scenario *s) {
        Script *x = &s->script;
        const char *ephemeral = script_option(x, "ephemeral"), *heal = script_option(x, "heal");
        const char *exact = script_option(x, "exact"), *baseline = script_option(x, "baseline");

        s->options.tell_community_id = script_flag(x, "community-id");

        s->fold_rows = (uint32_t) script_number_option(x, "fold_rows", s->fold_rows);
        s->options.max_sockets = script_number_option(x, "max_sockets", 0);
        s->options.own_pid = (uint32_t) script_number_option(x, "own_pid", 0);
        s->options.notices_exact = exact && strcmp(exact, "yes") == 0;
        s->options.budget = script_number_option(x, "budget", 0);
        if (baseline)
                s->options.baseline = script_time(x, baseline);
        s->expect.invariants.baseline = baseline != NULL;
        if (heal)
                s->options.heal_interval = script_time(x, heal);
        if (ephemeral && sscanf(ephemeral, "%hu-%hu", &s->options.ephemeral_first, &s->options.ephemeral_last) != 2)
                script_fail(x, "'%s' is no range of ports", ephemeral);
        script_done(x);
}

/* As the daemon does: in memory that outlives the ledger. */
static void open_fold(Scenario *s) {
        if (s->memory)
                must(s, "fold_open", fold_open(&s->fold, s->memory, fold_size(s->fold_rows)));
        else {
                s->memory = calloc(1, fold_size(s->fold_rows));
                if (!s->memory)
                        abort();
                must(s, "fold_new", fold_new(&s->fold, s->memory, s->fold_rows, s->options.secret, RUN));
        }
        ledger_set_fold(s->ledger, s->fold);
}

static void take_event(void *userdata, const Event *e) {
        Scenario *s = userdata;

        ledger_spend(s->ledger, e, EVENT_COST);
        expect_event(&s->expect, e);
}

static void read_rules(Scenario *s, RuleSet *ret) {
        script_rules(&s->script, ret);
        for (size_t i = 0; i < ret->count; i++)
                s->expect.invariants.folds |= ret->rules[i].fold.by != 0;
}

static void step_rules(Scenario *s) {
        script_done(&s->script);
        read_rules(s, &s->rules[0]);
        must(s, "ledger_new", ledger_new(&s->ledger, &s->options, &s->rules[0], take_event, s));
        open_fold(s);
}

static void step_reload(Scenario *s) {
        RuleSet *rules;

        script_done(&s->script);
        rules = &s->rules[++s->reloads % 2];
        ruleset_done(rules);
        read_rules(s, rules);
        ledger_set_rules(s->ledger, rules);
        invariants_reload(&s->expect.invariants);
        ledger_tell_folded(s->ledger, s->t1, FOLDED_OBSOLETE);
}

/* The daemon ends and starts again: without rows with the same rules, else with these. */
static void step_restart(Scenario *s) {
        RuleSet *rules = &s->rules[s->reloads % 2], changed;
        _cleanup_text_ Text saved = TEXT_NULL;

        script_done(&s->script);
        must(s, "ledger_save", ledger_save(s->ledger, &saved));
        ledger_free(s->ledger);
        fold_free(s->fold);
        read_rules(s, &changed);
        if (changed.count > 0) {
                rules = &s->rules[++s->reloads % 2];
                ruleset_done(rules);
                *rules = changed;
                invariants_reload(&s->expect.invariants);
        } else
                ruleset_done(&changed);
        s->options.secret[0]++; /* the keys stay valid all the same */
        must(s, "ledger_new", ledger_new(&s->ledger, &s->options, rules, take_event, s));
        must(s, "ledger_restore", ledger_restore(s->ledger, (Bytes){ saved.data, (uint32_t) saved.size }, s->t1));
        s->expect.invariants.seq = 0;
        open_fold(s);
        fold_recover(s->fold, false, RUN);
        ledger_tell_folded(s->ledger, s->t1, FOLDED_OBSOLETE);
}

static void remember(Scenario *s, uint32_t pid, uint64_t start) {
        size_t i;

        for (i = 0; i < s->process_count; i++)
                if (s->processes[i].pid == pid)
                        break;
        if (i == PROCESSES_MAX)
                script_fail(&s->script, "more than %d processes", PROCESSES_MAX);
        s->processes[i].pid = pid;
        s->processes[i].start = start;
        s->process_count = MAX(s->process_count, i + 1);
}

static uint64_t start_of(const Scenario *s, uint32_t pid) {
        for (size_t i = 0; i < s->process_count; i++)
                if (s->processes[i].pid == pid)
                        return s->processes[i].start;
        script_fail(&s->script, "no scan had process %u", pid);
}

/* As the daemon does it: whom the ledger knows is not read again, but for a rescan. */
static void scan(Scenario *s, bool again) {
        Script *x = &s->script;
        bool partial = script_flag(x, "partial");

        script_done(x);
        ledger_processes_begin(s->ledger, s->t0);
        while (script_next_row(x)) {
                _cleanup_process_ Process p = {};

                script_process(x, 0, &p);
                script_done(x);
                remember(s, p.pid, p.start_ticks);
                if (again || ledger_process_touch(s->ledger, p.pid, p.start_ticks, p.comm) < 0)
                        must(s, "ledger_process_see", ledger_process_see(s->ledger, &p));
        }
        ledger_processes_end(s->ledger, s->t1, !partial);
}

static void step_scan(Scenario *s) {
        scan(s, false);
}

static void step_rescan(Scenario *s) {
        scan(s, true);
}

static Coverage coverage_of(Scenario *s) {
        for (CoverageState state = COVERAGE_GONE; state < _COVERAGE_MAX; state++)
                if (script_flag(&s->script, coverage_name(state)))
                        return (Coverage){ .state = state };
        return (Coverage){ .state = COVERAGE_OK };
}

static void step_walk(Scenario *s) {
        Script *x = &s->script;
        uint32_t pid = (uint32_t) script_number(x, script_word(x, 3, "pid"));
        Coverage coverage = coverage_of(s);

        script_done(x);
        must(s, "ledger_holders_begin", ledger_holders_begin(s->ledger, pid, start_of(s, pid), s->t0));
        while (script_next_row(x)) {
                uint64_t fd = script_number(x, script_word(x, 0, "fd"));
                uint64_t inode = script_number(x, script_word(x, 1, "inode"));

                script_done(x);
                must(s, "ledger_hold", ledger_hold(s->ledger, (int) fd, (uint32_t) inode));
        }
        ledger_holders_end(s->ledger, s->t1, 0, coverage);
}

/* Whole, or between `begin` and `end`, so that something can happen meanwhile. */
static void step_look(Scenario *s) {
        Script *x = &s->script;
        TableKind table = script_table(x, script_word(x, 3, "table"));
        bool held = script_flag(x, "held"), begin = script_flag(x, "begin"), more = script_flag(x, "more"), end = script_flag(x, "end");
        Coverage coverage = coverage_of(s);
        Netns netns = netns_of(s);

        script_done(x);
        if (!more && !end && held)
                must(s, "ledger_walk_begin", ledger_walk_begin(s->ledger, &netns, table, s->t0));
        else if (!more && !end)
                must(s, "ledger_look_begin", ledger_look_begin(s->ledger, &netns, table, s->t0));
        while (script_next_row(x)) {
                Socket row;
                bool asked;
                int r;

                script_socket(x, 0, table, &row);
                row.netns = netns.id;
                asked = script_flag(x, "asked");
                script_done(x);
                r = ledger_see(s->ledger, &row);
                must(s, "ledger_see", r);
                if (asked != (r > 0))
                        script_fail(x, asked ? "nothing is asked" : "its age is asked for");
        }
        if (!begin && !more && held)
                ledger_walk_end(s->ledger, s->t1, coverage.state == COVERAGE_OK);
        else if (!begin && !more)
                must(s, "ledger_look_end", ledger_look_end(s->ledger, s->t1, coverage));
}

static void step_judge(Scenario *s) {
        script_done(&s->script);
        ledger_judge(s->ledger, s->t1);
}

/* The word c1=VERDICT or i1001=VERDICT of a question. */
static Verdict answer(void *userdata, const Suspect *suspect, uint64_t *ret_when) {
        Scenario *s = userdata;
        char key[32];
        const char *verdict;

        (void) snprintf(key, sizeof(key), suspect->socket.cookie ? "c%llu" : "i%llu",
                        (unsigned long long) (suspect->socket.cookie ?: suspect->socket.inode));
        verdict = script_option(&s->script, key);
        if (!verdict)
                script_fail(&s->script, "%s is suspect", key);
        *ret_when = s->t1;
        if (strcmp(verdict, "gone") == 0)
                return VERDICT_GONE;
        if (strcmp(verdict, "alive") == 0)
                return VERDICT_ALIVE;
        if (strcmp(verdict, "unsure") != 0)
                script_fail(&s->script, "'%s' is no verdict", verdict);
        return VERDICT_UNSURE;
}

static void step_question(Scenario *s) {
        ledger_question(s->ledger, answer, s);
        script_done(&s->script); /* who was named, but is not suspect */
}

/* The word PID/FD=settled or PID/FD=again of a step. */
static int stray(void *userdata, const Stray *found) {
        Scenario *s = userdata;
        char key[32];
        const char *word;

        (void) snprintf(key, sizeof(key), "%u/%d", found->pid, found->fd);
        word = script_option(&s->script, key);
        if (!word)
                script_fail(&s->script, "%s is a stray", key);
        return strcmp(word, "settled") == 0;
}

static void step_strays(Scenario *s) {
        must(s, "ledger_strays", ledger_strays(s->ledger, stray, s));
        script_done(&s->script); /* who was named, but is none */
}

/* Rows of a step `peers` that wait for their question. */
typedef struct PeerRows {
        Scenario *scenario;
        struct {
                char name[24];
                PeerAnswer answer;
                uint32_t cached, other;
                char path[SOCKET_PATH_MAX];
                bool asked;
        } rows[64];
        size_t count;
} PeerRows;

static void peer_row(PeerRows *p) {
        Script *x = &p->scenario->script;
        PeerAnswer *a = &p->rows[p->count].answer;
        const char *by, *state, *path;

        if (p->count == ELEMENTSOF(p->rows))
                script_fail(x, "more than %zu rows", ELEMENTSOF(p->rows));
        *a = (PeerAnswer){ .state = PEER_ACCEPTED };
        (void) snprintf(p->rows[p->count].name, sizeof(p->rows[0].name), "%s", script_word(x, 0, "connection"));
        by = script_option(x, "by");
        state = script_option(x, "state");
        path = script_option(x, "path");
        a->by = !by ? PEER_BY_NOTHING : strcmp(by, "unix") == 0 ? PEER_BY_UNIX : PEER_BY_TUPLE;
        for (PeerState s = PEER_ACCEPTED; state && s < _PEER_STATE_MAX; s++)
                if (strcmp(peer_state_name(s), state) == 0)
                        a->state = s;
        a->inode = (uint32_t) script_number_option(x, "inode", 0);
        a->holder_count = (uint32_t) script_number_option(x, "holders", 0);
        a->process.pid = (uint32_t) script_number_option(x, "pid", 0);
        if (a->process.pid != 0)
                a->process.start_ticks = start_of(p->scenario, a->process.pid);
        p->rows[p->count].cached = (uint32_t) script_number_option(x, "cached", 0);
        p->rows[p->count].other = (uint32_t) script_number_option(x, "other", 0);
        if (path) {
                a->path_size = (uint8_t) snprintf(p->rows[p->count].path, SOCKET_PATH_MAX, "%s", path);
                if (path[0] == '@')
                        p->rows[p->count].path[0] = 0;
                a->path = p->rows[p->count].path;
        }
        script_done(x);
        p->count++;
}

/* Here a question carries no cookie: rows name the inode, or the port of this end where there is none. */
static int peer_question(void *userdata, const PeerQuestion *q) {
        PeerRows *p = userdata;
        char name[24];

        (void) snprintf(name, sizeof(name), q->inode != 0 ? "i%u" : ":%u", q->inode != 0 ? q->inode : q->local.port);
        for (size_t i = 0; i < p->count; i++)
                if (!p->rows[i].asked && strcmp(p->rows[i].name, name) == 0) {
                        PeerAnswer *a = &p->rows[i].answer;
                        bool all;

                        p->rows[i].asked = true;
                        a->key = q->key;
                        if (q->other != p->rows[i].other)
                                script_fail(&p->scenario->script, "the other end of %s, as looks have shown it, has inode %u", name, q->other);
                        if (p->rows[i].cached != 0) {
                                size_t n = ledger_peer_holder(p->scenario->ledger, p->rows[i].cached, &q->this_end, &a->process, &all);

                                a->holder_count = all ? (uint32_t) n : 0;
                        }
                        return 0;
                }
        script_fail(&p->scenario->script, "the other end of %s is asked for", name);
}

static void step_peers(Scenario *s) {
        PeerRows p = { .scenario = s };

        script_done(&s->script);
        while (script_next_row(&s->script))
                peer_row(&p);
        must(s, "ledger_peers", ledger_peers(s->ledger, peer_question, &p));
        for (size_t i = 0; i < p.count; i++) {
                if (!p.rows[i].asked)
                        script_fail(&s->script, "the other end of %s is not asked for", p.rows[i].name);
                if (p.rows[i].answer.by != PEER_BY_NOTHING)
                        must(s, "ledger_peer_answer", ledger_peer_answer(s->ledger, &p.rows[i].answer));
        }
}

static void socket_notice(Scenario *s, Notice *n) {
        static const struct {
                const char *name;
                NoticeKind kind;
        } kinds[] = { { "destroy", NOTICE_DESTROY }, { "open", NOTICE_OPEN }, { "state", NOTICE_STATE },
                      { "close", NOTICE_CLOSE } };
        Script *x = &s->script;
        const char *kind = script_word(x, 3, "kind of notice"), *direction = script_option(x, "direction");
        const char *end = script_option(x, "end"), *opened = script_option(x, "opened");
        const char *error = script_option(x, "error");
        size_t i;

        for (i = 0; i < ELEMENTSOF(kinds); i++)
                if (strcmp(kinds[i].name, kind) == 0)
                        break;
        if (i == ELEMENTSOF(kinds))
                script_fail(x, "'%s' is no notice", kind);
        n->kind = kinds[i].kind;
        n->source = n->kind == NOTICE_DESTROY ? NOTICE_BY_DESTROY : NOTICE_BY_BPF;
        n->direction = direction ? (uint8_t) direction_from_name(direction) : DIRECTION_UNKNOWN;
        for (int errno_ = 1; error && n->error == 0; errno_++) {
                if (errno_ == 4096)
                        script_fail(x, "'%s' is no error", error);
                if (strerrorname_np(errno_) && strcmp(strerrorname_np(errno_), error) == 0)
                        n->error = errno_;
        }
        n->opened = opened ? script_time(x, opened) : 0;
        n->first = script_option(x, "first") != NULL;
        script_socket(x, 5, script_table(x, script_word(x, 4, "table")), &n->socket);
        n->socket.netns = netns_of(s).id;
        for (End e = END_CLOSED; end && n->end == END_UNKNOWN; e++) {
                if (e == _END_MAX)
                        script_fail(x, "'%s' is no end", end);
                if (strcmp(end_name(e), end) == 0)
                        n->end = (uint8_t) e;
        }
}

static bool process_notice(Scenario *s, Notice *n, Process *p) {
        static const char *const names[] = { [NOTICE_FORK] = "fork", [NOTICE_EXEC] = "exec", [NOTICE_CHANGE] = "change",
                                             [NOTICE_EXIT] = "exit" };
        const char *kind = script_word(&s->script, 3, "kind of notice");

        for (NoticeKind k = NOTICE_FORK; k <= NOTICE_EXIT; k++)
                if (strcmp(names[k], kind) == 0) {
                        script_process(&s->script, 4, p);
                        remember(s, p->pid, p->start_ticks);
                        n->kind = k;
                        n->source = NOTICE_BY_CONNECTOR;
                        n->process = p;
                        return true;
                }
        return false;
}

/* Of a socket notice: pid= of a process that a scan or a notice had, or PID/START with comm=. */
static void notice_process(Scenario *s, Notice *n, Process *p) {
        const char *pid = script_option(&s->script, "pid"), *comm = script_option(&s->script, "comm");
        char *slash;

        if (!pid)
                return;
        process_init(p);
        p->pid = (uint32_t) strtoul(pid, &slash, 10);
        p->start_ticks = *slash == '/' ? script_number(&s->script, slash + 1) : start_of(s, p->pid);
        p->start_usec = p->start_ticks * 10000;
        p->comm = comm ? strdup(comm) : NULL;
        p->parent = (uint32_t) script_number_option(&s->script, "parent", 0);
        n->process = p;
}

static void step_note(Scenario *s) {
        _cleanup_process_ Process p = {};
        Notice n = { .not_before = s->t0, .not_after = s->t1 };
        Script *x = &s->script;
        const char *by = script_option(x, "by");

        if (strcmp(script_word(x, 3, "kind of notice"), "lost") == 0) {
                n.kind = NOTICE_LOST;
                n.count = script_number(x, script_word(x, 4, "count"));
        } else if (!process_notice(s, &n, &p)) {
                socket_notice(s, &n);
                notice_process(s, &n, &p);
        }
        if (by)
                n.source = strcmp(by, "bpf") == 0 ? NOTICE_BY_BPF : strcmp(by, "connector") == 0 ? NOTICE_BY_CONNECTOR : NOTICE_BY_DESTROY;
        script_done(x);
        must(s, "ledger_note", ledger_note(s->ledger, &n));
}

static void step_hears(Scenario *s) {
        TableKind table = script_table(&s->script, script_word(&s->script, 1, "table"));
        Netns netns = netns_of(s);

        script_done(&s->script);
        must(s, "ledger_hears", ledger_hears(s->ledger, &netns, TABLE_BIT(table)));
}

static void step_everyone(Scenario *s) {
        script_done(&s->script);
        ledger_everyone_walked(s->ledger);
}

static void step_settle(Scenario *s) {
        script_done(&s->script);
        ledger_processes_settle(s->ledger, s->t1);
}

static void step_healed(Scenario *s) {
        script_done(&s->script);
        ledger_healed(s->ledger, s->t1);
}

static void step_heal_at(Scenario *s) {
        Script *x = &s->script;
        const char *when = script_word(x, 1, "time");
        uint64_t wanted = strcmp(when, "never") == 0 ? UINT64_MAX : script_time(x, when);

        script_done(x);
        if (ledger_heal_at(s->ledger) != wanted)
                script_fail(x, "a healing look is due at %llu us", (unsigned long long) ledger_heal_at(s->ledger));
}

static void step_turned_away(Scenario *s) {
        Netns netns = netns_of(s);
        Overflows o = { script_number_option(&s->script, "overflows", 0), script_number_option(&s->script, "drops", 0) };

        script_done(&s->script);
        if (!ledger_waits(s->ledger, &netns))
                script_fail(&s->script, "the ledger does not want it");
        ledger_overflows(s->ledger, &netns, &o);
}

static void step_kernel(Scenario *s) {
        Netns netns = netns_of(s);
        Openings after = { script_number_option(&s->script, "active", 0), script_number_option(&s->script, "passive", 0) };
        Openings before = { script_number_option(&s->script, "active-before", after.active),
                            script_number_option(&s->script, "passive-before", after.passive) };
        bool born = script_flag(&s->script, "born");

        script_done(&s->script);
        ledger_books_kernel(s->ledger, &netns, before, after, born);
}

static void step_balance(Scenario *s) {
        static Event e;

        script_done(&s->script);
        event_init(&e, EVENT_AUDIT_BALANCE);
        event_set_number(&e, EVENT_FIELD_NOT_AFTER, s->t1);
        ledger_balance(s->ledger, &e);
        ledger_say(s->ledger, &e);
}

static void step_flush(Scenario *s) {
        script_done(&s->script);
        ledger_flush_processes(s->ledger, s->t1);
        ledger_tell_folded(s->ledger, s->t1, FOLDED_MISSED);
}

static void step_fold(Scenario *s) {
        bool stop = script_flag(&s->script, "stop");
        const char *shift = script_flag(&s->script, "boot") ? script_word(&s->script, 4, "shift") : NULL;

        script_done(&s->script);
        if (shift)
                ledger_tell_folded_before(s->ledger, s->t1, (int64_t) script_time(&s->script, shift));
        else
                ledger_tell_folded(s->ledger, s->t1, stop ? FOLDED_STOP : FOLDED_DUE);
}

static void step_gap(Scenario *s) {
        const char *reason = script_word(&s->script, 3, "reason");

        script_done(&s->script);
        ledger_gap(s->ledger, reason, s->t0, s->t1, 0);
}

static void check(Scenario *s, const char *what, uint64_t is) {
        const char *wanted = script_option(&s->script, what);

        if (wanted && script_number(&s->script, wanted) != is)
                script_fail(&s->script, "%s is %llu", what, (unsigned long long) is);
}

static void step_status(Scenario *s) {
        LedgerStatus status;

        ledger_status(s->ledger, &status);
        check(s, "sockets", status.sockets);
        check(s, "foreign", status.foreign);
        check(s, "processes", status.processes);
        check(s, "known", status.known);
        check(s, "suspects", status.suspects);
        check(s, "seq", status.seq);
        script_done(&s->script);
}

static void step_unheld(Scenario *s) {
        uint64_t wanted = script_number(&s->script, script_word(&s->script, 1, "number"));

        script_done(&s->script);
        if (ledger_unheld(s->ledger) != wanted)
                script_fail(&s->script, "%zu are unheld", ledger_unheld(s->ledger));
}

typedef struct Step {
        const char *name;
        bool timed;
        void (*run)(Scenario *s);
} Step;

static const Step steps[] = {
        { "options", false, step_options }, { "rules", false, step_rules },     { "reload", false, step_reload },
        { "scan", true, step_scan },        { "rescan", true, step_rescan },    { "walk", true, step_walk },
        { "look", true, step_look },        { "judge", true, step_judge },      { "question", true, step_question },
        { "note", true, step_note },        { "healed", true, step_healed },    { "heal-at", false, step_heal_at },
        { "kernel", false, step_kernel },   { "balance", true, step_balance },  { "flush", true, step_flush },
        { "fold", true, step_fold },
        { "turned-away", false, step_turned_away },
        { "hears", false, step_hears },     { "gap", true, step_gap },          { "status", false, step_status },   { "unheld", false, step_unheld },
        { "peers", true, step_peers },      { "strays", true, step_strays },
        { "settle", true, step_settle },
        { "everyone", false, step_everyone }, { "restart", true, step_restart },
};

static const Step *step_of(Scenario *s) {
        Script *x = &s->script;
        bool timed = strcmp(script_word(x, 0, "step"), "at") == 0;
        const char *name = script_word(x, timed ? 2 : 0, "step");

        if (x->indented)
                script_fail(x, "a row that belongs to no step");
        if (timed) {
                (void) script_word(x, 1, "time");
                script_times(x, x->words[1], &s->t0, &s->t1);
        }
        for (size_t i = 0; i < ELEMENTSOF(steps); i++)
                if (steps[i].timed == timed && strcmp(steps[i].name, name) == 0)
                        return &steps[i];
        script_fail(x, "'%s' is no step%s", name, timed ? " with a time" : "");
}

int main(int argc, char *argv[]) {
        static Scenario s;

        if (argc != 2) {
                fprintf(stderr, "usage: %s FILE.t\n", argv[0]);
                return 2;
        }
        script_open(&s.script, argv[1]);
        s.expect.script = &s.script;
        s.fold_rows = 1000;
        s.options = (LedgerOptions){ .boot_id = "0123456789abcdef0123456789abcdef", .secret = { 1, 2 } };

        while (script_next(&s.script)) {
                const Step *step = step_of(&s);

                if (!s.ledger && step->run != step_rules && step->run != step_options)
                        script_fail(&s.script, "the rules come first");
                step->run(&s);
                expect_compare(&s.expect);
        }
        if (!s.ledger)
                script_fail(&s.script, "nothing is tested");

        ledger_free(s.ledger);
        fold_free(s.fold);
        free(s.memory);
        ruleset_done(&s.rules[0]);
        ruleset_done(&s.rules[1]);
        expect_done(&s.expect);
        (void) fclose(s.script.file);
        return 0;
}
