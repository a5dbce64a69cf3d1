/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "collect/collect.h"
#include "collect/hooks.h"
#include "config/config.h"
#include "emit/sink.h"

#define RULE "watch: [{name: a}]\n"

static void assert_parses(const char *text, size_t size, Config *c) {
        _cleanup_text_ Text messages = TEXT_NULL;

        if (config_parse("f", text, size, c, &messages) != 0)
                fail_msg("%.200s: %s", text, text_string(&messages));
        assert_string_equal(text_string(&messages), "");
}

static void assert_refused_bytes(const char *text, size_t size, const char *expected) {
        _cleanup_text_ Text messages = TEXT_NULL;
        Config c;
        int r = config_parse("f", text, size, &c, &messages);

        if (r != -EBADMSG || strcmp(text_string(&messages), expected) != 0)
                fail_msg("%.300s\nreturned %d\n%s\ninstead of\n%s", text, r, text_string(&messages), expected);
}

static void assert_refused(const char *text, const char *expected) {
        assert_refused_bytes(text, strlen(text), expected);
}

/* --- what is good ---------------------------------------------------------------------------------- */

static void test_defaults(void **state) {
        Config c, parsed;

        config_init(&c);
        assert_int_equal(c.interval, 1000000);
        assert_int_equal(c.rescan, 10000000);
        assert_int_equal(c.balance, 300000000);
        assert_int_equal(c.collector, COLLECTOR_AUTO);
        assert_int_equal(c.sinks, 1 << SINK_JOURNAL);
        assert_int_equal(c.cpu_max, 500);
        assert_int_equal(c.unit_log, UNIT_LOG_PROBLEMS);
        assert_int_equal(c.cmdline, CMDLINE_REDACTED);
        assert_int_equal(c.limits.sockets, 1000000);
        assert_int_equal(c.limits.processes, 100000);
        assert_int_equal(c.limits.namespaces, 512);
        assert_int_equal(c.limits.queue, 16 << 20);
        assert_int_equal(c.rules.count, 0);

        assert_parses(RULE, strlen(RULE), &parsed);
        assert_int_equal(parsed.interval, c.interval);
        assert_int_equal(parsed.limits.queue, c.limits.queue);
        assert_int_equal(parsed.rules.count, 1);
        assert_true(parsed.rules.any_process);
        assert_string_equal(parsed.rules.rules[0].name, "a");
        assert_null(parsed.rules.rules[0].match);
        assert_true(parsed.rules.rules[0].descendants);
        assert_int_equal(parsed.rules.rules[0].changed, CHANGE_ALL);
        assert_int_equal(parsed.rules.rules[0].state_after, 1000000);
        assert_memory_equal(parsed.rules.rules[0].stall, STALL_DEFAULTS, sizeof(STALL_DEFAULTS));
        assert_int_equal(parsed.rules.rules[0].expect.min, 0);
        assert_false(parsed.rules.rules[0].missed_each);
        assert_int_equal(parsed.rules.rules[0].sockets.listen, -1);
        assert_int_equal(parsed.rules.rules[0].sockets.families, 0);
        assert_null(parsed.rules.rules[0].sockets.peer);
        config_done(&parsed);
}

/* None of them can be said, too. */
static void test_no_hooks(void **state) {
        static const char text[] = "hooks: []\n" RULE;
        Config c;

        assert_parses(text, sizeof(text) - 1, &c);
        assert_int_equal(c.hooks, 0);
        config_done(&c);
}

static void test_every_key(void **state) {
        static const char text[] =
                "interval: 1m30s\n"
                "rescan: 1h\n"
                "budget: 100M\nbalance: 1m\n"
                "collector: sock_diag\n"
                "hooks: [udp]\nsinks: [json, text]\n"
                "cpu_max: 0.5%\n"
                "unit_log: none\n"
                "cmdline: full\n"
                "intrusive: yes\n"
                "limits: {sockets: 1, holders: 5, processes: 2, namespaces: 3, peer_walks: 4, queue: 1M}\n"
                "watch:\n"
                "  - name: web.1_x-y\n"
                "    match:\n"
                "      comm: [nginx, caddy]\n"
                "      exe: /usr/*\n"
                "      cmdline: '*-g*'\n"
                "      user: [root, root]\n"
                "      unit: x.service\n"
                "      cgroup: '/system.slice/*'\n"
                "      not: {uid: [5, 1000-1999], not: {comm: sh}}\n"
                "    descendants: no\n    processes: no\n"
                "    sockets:\n"
                "      transport: tcp\n"
                "      family: [ipv4, ipv6]\n"
                "      state: [established, listening]\n"
                "      direction: egress\n"
                "      local: ['/run/x', ':443']\n"
                "      peer: '!loopback'\n"
                "      listen: false\n"
                "    changed: [peer]\n"
                "    state_after: 0\n"
                "    missed: each\n"
                "  - name: rest\n"
                "    match: {uid: 0}\n"
                "    descendants: true\n"
                "exclude:\n"
                "  - match: {unit: sockauditd.service}\n"
                "defaults: {changed: [state, holders], state_after: 2s}\n";
        Config c;
        const Rule *r;

        assert_parses(text, sizeof(text) - 1, &c);
        assert_int_equal(c.interval, 90000000);
        assert_int_equal(c.rescan, 3600000000);
        assert_int_equal(c.balance, 60000000);
        assert_int_equal(c.budget, 100 << 20);
        assert_int_equal(c.collector, COLLECTOR_SOCK_DIAG);
        assert_int_equal(c.hooks, 1 << HOOK_OPTION_UDP);
        assert_int_equal(c.sinks, 1 << SINK_JSON | 1 << SINK_TEXT);
        assert_int_equal(c.cpu_max, 50);
        assert_int_equal(c.unit_log, UNIT_LOG_NONE);
        assert_int_equal(c.cmdline, CMDLINE_FULL);
        assert_int_equal(c.limits.sockets, 1);
        assert_int_equal(c.limits.processes, 2);
        assert_int_equal(c.limits.namespaces, 3);
        assert_true(c.intrusive);
        assert_int_equal(c.limits.peer_walks, 4);
        assert_int_equal(c.limits.holders, 5);
        assert_int_equal(c.limits.queue, 1 << 20);
        assert_int_equal(c.rules.count, 2);
        assert_false(c.rules.any_process);
        assert_int_equal(c.rules.exclude_count, 1);
        assert_string_equal(c.rules.excludes[0].unit.items[0], "sockauditd.service");

        r = &c.rules.rules[0];
        assert_string_equal(r->name, "web.1_x-y");
        assert_int_equal(r->match->comm.count, 2);
        assert_string_equal(r->match->comm.items[1], "caddy");
        assert_string_equal(r->match->exe.items[0], "/usr/*");
        assert_string_equal(r->match->cmdline.items[0], "*-g*");
        assert_string_equal(r->match->cgroup.items[0], "/system.slice/*");
        assert_int_equal(r->match->uid_count, 2);
        assert_true(r->match->uids[0].first == 0 && r->match->uids[0].last == 0);
        assert_int_equal(r->match->not->uid_count, 2);
        assert_true(r->match->not->uids[0].first == 5 && r->match->not->uids[0].last == 5);
        assert_true(r->match->not->uids[1].first == 1000 && r->match->not->uids[1].last == 1999);
        assert_string_equal(r->match->not->not->comm.items[0], "sh");
        assert_false(r->descendants);
        assert_false(r->processes);
        assert_int_equal(r->sockets.transports, 1 << TRANSPORT_TCP);
        assert_int_equal(r->sockets.families, 1 << FAMILY_IPV4 | 1 << FAMILY_IPV6);
        assert_int_equal(r->sockets.states, 1 << STATE_ESTABLISHED | 1 << STATE_LISTEN);
        assert_int_equal(r->sockets.directions, 1 << DIRECTION_EGRESS);
        assert_true(addressset_has_path(r->sockets.local, bytes_of("/run/x")));
        assert_false(addressset_has_ip(r->sockets.peer, FAMILY_IPV4, &(Endpoint){ { 127 }, 1 }));
        assert_true(addressset_has_ip(r->sockets.peer, FAMILY_IPV4, &(Endpoint){ { 128 }, 1 }));
        assert_int_equal(r->sockets.listen, 0);
        assert_int_equal(r->changed, CHANGE_PEER);
        assert_int_equal(r->state_after, 0);
        assert_true(r->missed_each);

        /* What `defaults` says holds for the rules before it, too. */
        r = &c.rules.rules[1];
        assert_true(r->descendants);
        assert_true(r->processes);
        assert_int_equal(r->changed, CHANGE_STATE | CHANGE_HOLDERS);
        assert_int_equal(r->state_after, 2000000);
        config_done(&c);
}

static void test_stall_and_expect(void **state) {
        static const char text[] =
                "defaults: {stall: {connecting: 1s, close-wait: 5s}}\n"
                "watch:\n"
                "  - name: a\n"
                "    stall: {close-wait: 0, not-reading: 2h}\n"
                "    expect: {state: syn-sent, min: 3, for: 5s}\n"
                "  - {name: b, expect: {min: 2}}\n";
        static const Expected a = { 3, 5000000, STATE_SYN_SENT }, b = { 2, 120000000, STATE_ESTABLISHED };
        Config c;

        assert_parses(text, sizeof(text) - 1, &c);
        assert_int_equal(c.rules.rules[0].stall[STALL_CONNECTING], 1000000);
        assert_int_equal(c.rules.rules[0].stall[STALL_CLOSE_WAIT], 0);
        assert_int_equal(c.rules.rules[0].stall[STALL_NOT_READING], 7200000000);
        assert_memory_equal(&c.rules.rules[0].expect, &a, sizeof(a));
        assert_int_equal(c.rules.rules[1].stall[STALL_CLOSE_WAIT], 5000000);
        assert_int_equal(c.rules.rules[1].stall[STALL_NOT_READING], 60000000);
        assert_memory_equal(&c.rules.rules[1].expect, &b, sizeof(b));
        config_done(&c);
}

static void test_fold(void **state) {
        static const char text[] =
                "limits: {fold_rows: 5000}\n"
                "watch:\n"
                "  - {name: a, fold: {by: [exe, peer, peer_port]}}\n"
                "  - {name: b, fold: {by: user, every: 24h, first: 0}}\n"
                "  - {name: c}\n";
        static const FoldSpec a = { 1 << FOLD_BY_EXE | 1 << FOLD_BY_PEER | 1 << FOLD_BY_PEER_PORT, 600000000, 1 };
        static const FoldSpec b = { 1 << FOLD_BY_USER, 86400000000, 0 }, c_ = {};
        Config c;

        assert_parses(text, sizeof(text) - 1, &c);
        assert_int_equal(c.limits.fold_rows, 5000);
        assert_true(foldspec_equal(&c.rules.rules[0].fold, &a));
        assert_true(foldspec_equal(&c.rules.rules[1].fold, &b));
        assert_true(foldspec_equal(&c.rules.rules[2].fold, &c_));
        config_done(&c);
}

static void test_yaml_is_yaml(void **state) {
        static const char windows[] = "---\r\n# x\r\n\"watch\":\r\n- 'name': \"a\"\r\n...\r\n";
        Config c;

        /* A byte order mark, CRLF, comments, anchors, a first document with markers, quotes. */
        assert_parses("\xef\xbb\xbf" RULE, strlen(RULE) + 3, &c);
        config_done(&c);
        assert_parses(windows, strlen(windows), &c);
        config_done(&c);

        static const char aliases[] = "watch:\n- {name: a, match: &m {comm: &c [x, y]}}\n- {name: b, match: *m}\n"
                                      "- {name: d, match: {comm: *c, uid: 1}}\n";
        assert_parses(aliases, sizeof(aliases) - 1, &c);
        assert_string_equal(c.rules.rules[1].match->comm.items[1], "y");
        assert_string_equal(c.rules.rules[2].match->comm.items[0], "x");
        config_done(&c);
}

static void test_hash(void **state) {
        Config a, b, same;

        assert_parses(RULE, strlen(RULE), &a);
        assert_parses(RULE, strlen(RULE), &same);
        assert_parses(RULE "#", strlen(RULE) + 1, &b);
        assert_true(a.hash == same.hash);
        assert_true(a.hash != b.hash && a.hash != 0);
        config_done(&a);
        config_done(&b);
        config_done(&same);
}

/* --- what is bad ----------------------------------------------------------------------------------- */

static void test_keys(void **state) {
        static const struct {
                const char *text, *message;
        } cases[] = {
                { "watch:\n- name: a\n  match:\n    com: x\n",
                  "f:4:5: watch[0].match: unknown key 'com'; did you mean 'comm'?\n" },
                { RULE "intervall: 1s\n", "f:2:1: unknown key 'intervall'; did you mean 'interval'?\n" },
                { RULE "itnerval: 1s\n", "f:2:1: unknown key 'itnerval'; did you mean 'interval'?\n" },
                { RULE "bugdet: 1G\n", "f:2:1: unknown key 'bugdet'; did you mean 'budget'?\n" },
                { RULE "budget: 2T\n", "f:2:9: budget: out of range: '2T'; expected a size from 0 to 1T\n" },
                { RULE "budget: 1.5M\n", "f:2:9: budget: bad value '1.5M'; expected a size from 0 to 1T\n" },
                { RULE "Interval: 1s\n", "f:2:1: unknown key 'Interval'; did you mean 'interval'?\n" },
                { "watch: [{name: a, comm: x}]\n", "f:1:19: watch[0]: unknown key 'comm'; did you mean 'match.comm'?\n" },
                { "watch: [{name: a, peer: x}]\n", "f:1:19: watch[0]: unknown key 'peer'; did you mean 'sockets.peer'?\n" },
                { RULE "quota: 100M\n",
                  "f:2:1: unknown key 'quota'; expected interval, rescan, balance, baseline, budget, retention_wanted, collector, hooks, sinks, cpu_max, unit_log, cmdline, exe_hash, intrusive, community_id, limits, "
                  "defaults, exclude, watch\n" },
                { RULE "limits: {xyzzy: 1}\n", "f:2:10: limits: unknown key 'xyzzy'; expected sockets, holders, processes, namespaces, peer_walks, queue, outbox, fold_rows, ring\n" },
                { RULE "? [a]\n: 1\n", "f:2:3: got a list as key; expected a name\n" },
                { RULE "<<: {interval: 2s}\n",
                  "f:2:1: unknown key '<<'; expected interval, rescan, balance, baseline, budget, retention_wanted, collector, hooks, sinks, cpu_max, unit_log, cmdline, exe_hash, intrusive, community_id, limits, "
                  "defaults, exclude, watch\n" },
                { RULE "\"\\e[31m\": 1\n",
                  "f:2:1: unknown key '\\x1b[31m'; expected interval, rescan, balance, baseline, budget, retention_wanted, collector, hooks, sinks, cpu_max, unit_log, cmdline, exe_hash, intrusive, community_id, limits, "
                  "defaults, exclude, watch\n" },
                { "watch: [{name: a,\n descendants: yes,\n descendants: no}]\n",
                  "f:3:2: watch[0]: duplicate key 'descendants' (first at line 2)\n" },
                { "interval: 1s\ninterval: 1s\n" RULE, "f:2:1: duplicate key 'interval' (first at line 1)\n" },
                { "watch: [{match: {uid: 1}}]\n", "f:1:9: watch[0]: key 'name' is missing\n" },
                { RULE "exclude: [{}]\n", "f:2:11: exclude[0]: key 'match' is missing\n" },
                { "watch: [{name: a}, {name: b},\n {name: a}]\n", "f:2:3: watch[2]: duplicate rule name 'a' (first at line 1)\n" },
                { "interval: 1s\n", "f:1:1: no 'watch'; expected a list of at least one rule\n" },
                { "watch: []\n", "f:1:1: no 'watch'; expected a list of at least one rule\n" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_refused(cases[i].text, cases[i].message);
}

static void test_values(void **state) {
        static const struct {
                const char *text, *message;
        } cases[] = {
                { "limits: {sockets: many}\n", "f:1:19: limits.sockets: bad value 'many'; expected a number from 1 to 100000000\n" },
                { "limits: {sockets: 64abc}\n", "f:1:19: limits.sockets: bad value '64abc'; expected a number from 1 to 100000000\n" },
                { "limits: {sockets: 0100}\n", "f:1:19: limits.sockets: bad value '0100'; expected a number from 1 to 100000000\n" },
                { "limits: {sockets: 0}\n", "f:1:19: limits.sockets: out of range: '0'; expected a number from 1 to 100000000\n" },
                { "limits: {namespaces: 4294967297}\n",
                  "f:1:22: limits.namespaces: out of range: '4294967297'; expected a number from 1 to 1024\n" },
                { "limits: {namespaces: 99999999999999999999999}\n",
                  "f:1:22: limits.namespaces: out of range: '99999999999999999999999'; expected a number from 1 to 1024\n" },
                { "watch: [{name: a, fold: {bye: exe}}]\n", "f:1:25: watch[0].fold: key 'by' is missing\nf:1:26: watch[0].fold: unknown key 'bye'; did you mean 'by'?\n" },
                { "watch: [{name: a, by: exe}]\n", "f:1:19: watch[0]: unknown key 'by'; did you mean 'fold.by'?\n" },
                { "watch: [{name: a, fold: {by: [exe, port]}}]\n",
                  "f:1:36: watch[0].fold.by[1]: bad value 'port'; expected any of exe, comm, unit, user, container, peer, peer_port, local_port, direction, transport\n" },
                { "watch: [{name: a, fold: {by: netns}}]\n",
                  "f:1:30: watch[0].fold.by: bad value 'netns'; expected any of exe, comm, unit, user, container, peer, peer_port, local_port, direction, transport\n" },
                { "watch: [{name: a, fold: {by: exe, every: 59s}}]\n", "f:1:42: watch[0].fold.every: out of range: '59s'; expected a time from 1m to 24h\n" },
                { "watch: [{name: a, fold: {by: exe, first: 1001}}]\n", "f:1:42: watch[0].fold.first: out of range: '1001'; expected a number from 0 to 1000\n" },
                { "watch: [{name: a, fold: yes}]\n", "f:1:25: watch[0].fold: got a single value; expected a mapping\n" },
                { "limits: {fold_rows: 0}\n", "f:1:21: limits.fold_rows: out of range: '0'; expected a number from 1000 to 10000000\n" },
                { "limits: {queue: 5T}\n", "f:1:17: limits.queue: out of range: '5T'; expected a size from 64K to 4G\n" },
                { "limits: {queue: 5 M}\n", "f:1:17: limits.queue: bad value '5 M'; expected a size from 64K to 4G\n" },
                { "limits: [a]\n", "f:1:9: limits: got a list; expected a mapping\n" },
                { "limits: 5\n", "f:1:9: limits: got a single value; expected a mapping\n" },
                { "limits:\n", "f:1:8: limits: got nothing; expected a mapping\n" },
                { "interval: 1\n", "f:1:11: interval: bad value '1'; expected a time from 100ms to 1h\n" },
                { "interval: 99ms\n", "f:1:11: interval: out of range: '99ms'; expected a time from 100ms to 1h\n" },
                { "interval: 3601s\n", "f:1:11: interval: out of range: '3601s'; expected a time from 100ms to 1h\n" },
                { "interval: -1s\n", "f:1:11: interval: bad value '-1s'; expected a time from 100ms to 1h\n" },
                { "interval: [1s]\n", "f:1:11: interval: got a list; expected a time from 100ms to 1h\n" },
                { "interval: {a: 1}\n", "f:1:11: interval: got a mapping; expected a time from 100ms to 1h\n" },
                { "interval:\n", "f:1:10: interval: got nothing; expected a time from 100ms to 1h\n" },
                { "interval: ''\n", "f:1:11: interval: bad value ''; expected a time from 100ms to 1h\n" },
                { "cpu_max: 5\n", "f:1:10: cpu_max: bad value '5'; expected a percentage from 0.01% to 100%\n" },
                { "cpu_max: 101%\n", "f:1:10: cpu_max: out of range: '101%'; expected a percentage from 0.01% to 100%\n" },
                { "collector: netlink\n", "f:1:12: collector: bad value 'netlink'; expected auto | bpf | sock_diag | proc\n" },
                { "collector: [proc]\n", "f:1:12: collector: got a list; expected auto | bpf | sock_diag | proc\n" },
                { "hooks: tcp\n", "f:1:8: hooks: bad value 'tcp'; expected any of udp\n" },
                { "sinks: []\n", "f:1:8: sinks: got an empty list; expected any of journal, json, text\n" },
                { "sinks: [json, syslog]\n", "f:1:15: sinks[1]: bad value 'syslog'; expected any of journal, json, text\n" },
                { "sinks: [[json]]\n", "f:1:9: sinks[0]: got a list; expected any of journal, json, text\n" },
                { "watch: x\n", "f:1:8: watch: got a single value; expected a list of mappings\n" },
                { "watch: {name: a}\n", "f:1:8: watch: got a mapping; expected a list of mappings\n" },
                { "watch: [x]\n", "f:1:9: watch[0]: got a single value; expected a list of mappings\n" },
                { "watch: [{name: a b}]\n",
                  "f:1:16: watch[0].name: bad value 'a b'; expected 1 to 64 letters, digits, '-', '_' or '.'\n" },
                { "watch: [{name: ''}]\n", "f:1:16: watch[0].name: bad value ''; expected 1 to 64 letters, digits, '-', '_' or '.'\n" },
                { "watch: [{name: 0123456789012345678901234567890123456789012345678901234567890123x}]\n",
                  "f:1:16: watch[0].name: bad value '0123456789012345678901234567890123456789012345678901234567890123x'; "
                  "expected 1 to 64 letters, digits, '-', '_' or '.'\n" },
                { "watch: [{name: a, descendants: on}]\n", "f:1:32: watch[0].descendants: bad value 'on'; expected yes or no\n" },
                { "watch: [{name: a, match: {}}]\n",
                  "f:1:26: watch[0].match: empty, which would mean every process; expected at least one key\n" },
                { "watch: [{name: a, match: {not: {}}}]\n",
                  "f:1:32: watch[0].match.not: empty, which would mean every process; expected at least one key\n" },
                { "exclude: [{match: {}}]\nwatch: [{name: a}]\n",
                  "f:1:19: exclude[0].match: empty, which would mean every process; expected at least one key\n" },
                { "watch: [{name: a, match: {comm: []}}]\n", "f:1:33: watch[0].match.comm: got an empty list; expected a pattern\n" },
                { "watch: [{name: a, match: {comm: ''}}]\n", "f:1:33: watch[0].match.comm: bad value ''; expected a pattern\n" },
                { "watch: [{name: a, match: {user: no-such-user-here}}]\n",
                  "f:1:33: watch[0].match.user: bad value 'no-such-user-here'; expected the name of a user of this host\n" },
                { "watch: [{name: a, match: {uid: root}}]\n",
                  "f:1:32: watch[0].match.uid: bad value 'root'; expected a number or a range such as 1000-1999\n" },
                { "watch: [{name: a, match: {uid: 2000-1000}}]\n",
                  "f:1:32: watch[0].match.uid: out of range: '2000-1000'; expected a number or a range such as 1000-1999\n" },
                { "watch: [{name: a, match: {uid: 4294967295}}]\n",
                  "f:1:32: watch[0].match.uid: out of range: '4294967295'; expected a number or a range such as 1000-1999\n" },
                { "watch: [{name: a, match: {uid: 1, user: root}}]\n",
                  "f:1:26: watch[0].match: both 'user' and 'uid'; expected one of them\n" },
                { "watch: [{name: a, sockets: {family: inet}}]\n",
                  "f:1:37: watch[0].sockets.family: bad value 'inet'; expected any of ipv4, ipv6, unix, packet, netlink, vsock\n" },
                { "watch: [{name: a, sockets: {direction: both}}]\n",
                  "f:1:40: watch[0].sockets.direction: bad value 'both'; expected any of ingress, egress\n" },
                { "watch: [{name: a, sockets: {peer: [':443', ':70000']}}]\n",
                  "f:1:44: watch[0].sockets.peer[1]: bad value ':70000'; expected a port from 1 to 65535 or a range such as 8000-8999\n" },
                { "watch: [{name: a, sockets: {peer: 10/8}}]\n",
                  "f:1:35: watch[0].sockets.peer: bad value '10/8'; expected an address, a network, :PORT, a unix path, or loopback, "
                  "private, link-local, multicast or any\n" },
                { "watch: [{name: a, sockets: {peer: /run/x}}]\n",
                  "f:1:35: watch[0].sockets.peer: bad value '/run/x'; expected an address or port, since the path of a unix peer is "
                  "not known; 'local' takes paths\n" },
                { "watch:\n- name: a\n  sockets:\n    peer: !loopback\n",
                  "f:4:11: watch[0].sockets.peer: found tag '!loopback'; expected a value without tag, or in quotes\n" },
                { "watch: [{name: !!python/object x}]\n",
                  "f:1:16: watch[0].name: found tag 'tag:yaml.org,2002:python/object'; expected a value without tag, or in quotes\n" },
                { "interval: \"\\e]0;x\\a\"\n",
                  "f:1:11: interval: bad value '\\x1b]0;x\\x07'; expected a time from 100ms to 1h\n" },
                { "watch: [{name: a, missed: none}]\n", "f:1:27: watch[0].missed: bad value 'none'; expected folded | each\n" },
                { "[]\n", "f:1:1: got an empty list; expected a mapping\n" },
                { "watch\n", "f:1:1: got a single value; expected a mapping\n" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_refused(cases[i].text, cases[i].message);
}

static void test_syntax(void **state) {
        static const struct {
                const char *text, *message;
        } cases[] = {
                { "", "f:1:1: file is empty\n" },
                { "# nothing\n\n", "f:1:1: file is empty\n" },
                { "---\n", "f:2:1: got nothing; expected a mapping\n" },
                { "watch:\n- name: a\n  match:\n\tcomm: x\n",
                  "f:4:1: found character that cannot start any token while scanning for the next token\n" },
                { "watch:\n- name: a\n  match:\n    comm: x\n\tuser: root\n",
                  "f:5:1: found a tab character that violates indentation while scanning a plain scalar\n" },
                { "watch: [{name: a, sockets: {peer: !loopback}}]\n",
                  "f:1:44: did not find expected whitespace or line break while scanning a tag; expected a value that begins with "
                  "'!' to be in quotes\n" },
                { "watch: [\n", "f:2:1: did not find expected node content while parsing a flow node\n" },
                { "watch: {a: 'x\n", "f:2:1: found unexpected end of stream while scanning a quoted scalar\n" },
                { "a: b: c\n", "f:1:5: mapping values are not allowed in this context\n" },
                { "watch: [{name: *nope}]\n", "f:1:16: found undefined alias\n" },
                { "watch: &x [*x]\n", "f:1:12: found alias inside of what it stands for\n" },
                { RULE "---\n" RULE, "f:2:1: more than one document\n" },
                { "a: \"\\q\"\n", "f:1:5: found unknown escape character while parsing a quoted scalar\n" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_refused(cases[i].text, cases[i].message);
}

static void test_bytes(void **state) {
        assert_refused("watch:\n- name: \"w\\0eb\"\n", "f:2:9: watch[0].name: contains a NUL byte\n");
        assert_refused_bytes("watch:\n- name: w\0eb\n", 20, "f:2:10: control characters are not allowed (0x00)\n");
        assert_refused("watch:\n- name: a\x1b[31m\n", "f:2:10: control characters are not allowed (0x1B)\n");
        assert_refused("watch:\n- name: \xc3(\n", "f:2:10: invalid trailing UTF-8 octet (0x28)\n");
        assert_refused("# \xc3\xa4\xc3\xb6 \xff\n" RULE, "f:1:6: invalid leading UTF-8 octet (0xFF)\n");
        assert_refused("watch: \xed\xa0\x80\n", "f:1:8: invalid Unicode character (0xD800)\n");
        assert_refused("watch: \xe2\x82", "f:1:8: incomplete UTF-8 octet sequence\n");
}

/* Everything that is wrong, in the order of the file, whatever order it was found in. */
static void test_all_at_once(void **state) {
        assert_refused("intervall: 1s\n"
                       "watch:\n"
                       "  - match: {comn: x, uid: y}\n"
                       "    changed: [state, port]\n"
                       "  - name: a\n"
                       "    name: b\n"
                       "cpu_max: 7\n",
                       "f:1:1: unknown key 'intervall'; did you mean 'interval'?\n"
                       "f:3:5: watch[0]: key 'name' is missing\n"
                       "f:3:13: watch[0].match: unknown key 'comn'; did you mean 'comm'?\n"
                       "f:3:27: watch[0].match.uid: bad value 'y'; expected a number or a range such as 1000-1999\n"
                       "f:4:22: watch[0].changed[1]: bad value 'port'; expected any of state, peer, holders\n"
                       "f:6:5: watch[1]: duplicate key 'name' (first at line 5)\n"
                       "f:7:10: cpu_max: bad value '7'; expected a percentage from 0.01% to 100%\n");
}

static void test_warnings(void **state) {
        static const char text[] = "watch:\n"
                                   "- name: a\n"
                                   "  match: {comm: [systemd-journald, systemd-journa*], exe: nginx, unit: nginx, cgroup: x}\n"
                                   "- name: b\n"
                                   "  match: {comm: exactly-15-long, exe: '*/nginx', unit: [x.service, 'x*']}\n";
        _cleanup_text_ Text messages = TEXT_NULL;
        Config c;

        assert_int_equal(config_parse("f", text, sizeof(text) - 1, &c, &messages), 0);
        assert_string_equal(text_string(&messages),
                "f:3:18: watch[0].match.comm[0]: warning: 'systemd-journald' never matches, since the kernel cuts the name of a "
                "process after 15 bytes\n"
                "f:3:59: watch[0].match.exe: warning: 'nginx' never matches, since it is compared with a whole path\n"
                "f:3:72: watch[0].match.unit: warning: 'nginx' never matches, since the name of a unit ends in its type, as in "
                "nginx.service\n"
                "f:3:87: watch[0].match.cgroup: warning: 'x' never matches, since it is compared with a whole path\n");
        config_done(&c);
}

/* --- hostile sizes --------------------------------------------------------------------------------- */

/* `unit` n times between two texts. */
static char *repeated(const char *before, const char *unit, size_t n, const char *after) {
        char *text = malloc(strlen(before) + n * strlen(unit) + strlen(after) + 1), *p = text;

        assert_non_null(text);
        p = stpcpy(p, before);
        for (size_t i = 0; i < n; i++)
                p = stpcpy(p, unit);
        (void) stpcpy(p, after);
        return text;
}

/* With CPU time, so that a busy machine makes no difference; with room for sanitizers. */
static void assert_refused_fast(const char *text, double seconds, const char *expected) {
        clock_t start = clock();

        assert_refused(text, expected);
        assert_true((double) (clock() - start) / CLOCKS_PER_SEC < seconds);
}

/* Lines of messages. */
static int refusals(const char *text) {
        _cleanup_text_ Text messages = TEXT_NULL;
        Config c;
        int n = 0;

        if (config_parse("f", text, strlen(text), &c, &messages) == 0)
                config_done(&c);
        for (const char *p = text_string(&messages); *p; p++)
                n += *p == '\n';
        return n;
}

static void test_deep(void **state) {
        _cleanup_free_ char *brackets = repeated("", "[", 100000, ""), *braces = repeated("", "{a: ", 100000, ""),
                            *dashes = repeated("", "- ", 100000, ""), *nots = repeated("watch: [{name: a, match: ", "{not: ", 13, ""),
                            *whole = NULL;
        Config c;

        assert_refused_fast(brackets, 0.5, "f:1:17: nested more than 16 levels deep\n");
        assert_refused_fast(braces, 0.5, "f:1:65: nested more than 16 levels deep\n");
        assert_refused_fast(dashes, 0.5, "f:1:33: nested more than 16 levels deep\n");

        /* 3 + 13 levels are let in. */
        whole = repeated(nots, "}", 0, "{uid: 1}");
        free(TAKE_PTR(nots));
        nots = repeated(whole, "}", 13, "}]\n");
        assert_refused_fast(nots, 0.5, "f:1:104: nested more than 16 levels deep\n");
        free(TAKE_PTR(nots));
        nots = repeated("watch: [{name: a, match: {not: {not: {not: {not: {not: {not: {not: {not: {not: {not: {not: {not: {uid: 1",
                        "}", 13, "}]\n");
        assert_parses(nots, strlen(nots), &c);
        config_done(&c);
}

static void test_large(void **state) {
        _cleanup_free_ char *values = repeated("a: [", "1,", 200000, "]\n"), *large = repeated("", "#\n", 600000, ""),
                            *keys = repeated(RULE, "x: 1\n", 30000, ""), *rules = repeated("watch:\n", "- {name: a}\n", 300, ""),
                            *just = repeated(RULE, "#", (1 << 20) - strlen(RULE), "");
        _cleanup_text_ Text messages = TEXT_NULL;
        Config c;

        assert_refused_fast(values, 2, "f:1:199999: more than 100000 values\n");
        assert_refused_fast(large, 0.5, "f:1:1: file is larger than 1 MiB\n");
        assert_parses(just, 1 << 20, &c);
        config_done(&c);

        /* The first 64 and a count. */
        assert_int_equal(config_parse("f", keys, strlen(keys), &c, &messages), -EBADMSG);
        assert_int_equal(strncmp(text_string(&messages), "f:2:1: unknown key 'x'; expected interval", 40), 0);
        assert_non_null(strstr(text_string(&messages), "\nf:65:1: "));
        assert_null(strstr(text_string(&messages), "\nf:66:1: "));
        assert_non_null(strstr(text_string(&messages), "\nand 29936 more\n"));

        text_clear(&messages);
        assert_int_equal(config_parse("f", rules, strlen(rules), &c, &messages), -EBADMSG);
        assert_non_null(strstr(text_string(&messages), "f:3:4: watch[1]: duplicate rule name 'a' (first at line 2)\n"));
}

static void test_alias_bombs(void **state) {
        static const char before[] = "watch:\n- name: r\n  match:\n    comm: &a [";
        _cleanup_free_ char *list = repeated(before, "x,", 2000, "x]\n");
        _cleanup_text_ Text text = TEXT_NULL;

        /* 200 times 2,000 patterns: the budget ends it at the use that is one too many. */
        text_append(&text, list);
        for (int i = 0; i < 200; i++)
                text_printf(&text, "- {name: r%d, match: {comm: *a}}\n", i);
        assert_refused_fast(text_string(&text), 2,
                            "f:4:3211: watch[49].match.comm[1598]: more than 100000 values, counting aliases at each use\n");

        /* 2^20 values in 21 lines, where nobody reads them, and where they are read. */
        text_clear(&text);
        text_append(&text, "watch: [{name: a, match: {comm: [&l0 [x, x]");
        for (int i = 1; i < 20; i++)
                text_printf(&text, ", &l%d [*l%d, *l%d]", i, i - 1, i - 1);
        text_append(&text, "]}}]\n");
        assert_int_equal(refusals(text_string(&text)), 20);

        text_clear(&text);
        text_append(&text, "watch: [{name: a, match: &l0 {uid: 1}}");
        for (int i = 1; i < 12; i++)
                text_printf(&text, ", {name: r%d, match: &l%d {not: *l%d}}", i, i, i - 1);
        text_append(&text, "]\n");
        assert_int_equal(refusals(text_string(&text)), 0);
}

static void test_too_many_rules(void **state) {
        _cleanup_text_ Text text = TEXT_NULL;
        Config c;

        text_append(&text, "watch:\n");
        for (int i = 0; i < RULES_MAX; i++)
                text_printf(&text, "- {name: r%d}\n", i);
        assert_parses(text_string(&text), text.size, &c);
        assert_int_equal(c.rules.count, 256);
        config_done(&c);
        text_append(&text, "- {name: r256}\n- {name: r257}\n");
        assert_refused(text_string(&text), "f:258:3: watch[256]: more than 256 rules\n");
}

/* --- files ----------------------------------------------------------------------------------------- */

/* A directory of its own under /run, which belongs to root up to the root, as the way to a trusted file must. */
typedef struct Place {
        char dir[64];
        char file[128], drop_ins[128];
} Place;

static void write_file(const char *path, const char *text) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), (ssize_t) strlen(text));
        assert_int_equal(fchmod(fd, 0644), 0);
        (void) close(fd);
}

static void write_drop_in(const Place *p, const char *name, const char *text) {
        char path[256];

        (void) mkdir(p->drop_ins, 0755);
        (void) snprintf(path, sizeof(path), "%s/%s", p->drop_ins, name);
        write_file(path, text);
}

static int place_set_up(void **state) {
        Place *p = calloc(1, sizeof(Place));

        *state = p;
        if (!p || geteuid() != 0)
                return 0;
        (void) umask(022);
        (void) snprintf(p->dir, sizeof(p->dir), "/run/test-config-XXXXXX");
        if (!mkdtemp(p->dir) || chmod(p->dir, 0755) < 0)
                return -1;
        (void) snprintf(p->file, sizeof(p->file), "%s/c.yaml", p->dir);
        (void) snprintf(p->drop_ins, sizeof(p->drop_ins), "%s/c.yaml.d", p->dir);
        write_file(p->file, RULE);
        return 0;
}

static int place_tear_down(void **state) {
        Place *p = *state;
        char command[128];
        int r = 0;

        if (*p->dir) {
                (void) snprintf(command, sizeof(command), "rm -rf '%s'", p->dir);
                r = system(command);
        }
        free(p);
        return r;
}

static void need_root(void) {
        if (geteuid() != 0)
                skip();
}

/* `expected` with DIR for the directory of the test. */
static void assert_loads_as(const Place *p, const char *path, ConfigTrust trust, int result, const char *expected) {
        _cleanup_text_ Text messages = TEXT_NULL, want = TEXT_NULL;
        Config c;
        int r = config_load(path, trust, &c, &messages);

        for (const char *s = expected; *s; s++)
                if (strncmp(s, "DIR", 3) == 0) {
                        text_append(&want, p->dir);
                        s += 2;
                } else
                        text_append_bytes(&want, s, 1);
        if (r != result || strcmp(text_string(&messages), text_string(&want)) != 0)
                fail_msg("%s returned %d\n%s\ninstead of %d\n%s", path, r, text_string(&messages), result, text_string(&want));
        if (r >= 0)
                config_done(&c);
}

static void assert_loads(const Place *p, ConfigTrust trust, int result, const char *expected) {
        assert_loads_as(p, p->file, trust, result, expected);
}

static void test_load(void **state) {
        const Place *p = *state;
        _cleanup_text_ Text messages = TEXT_NULL;
        Config one, two;

        need_root();
        assert_loads(p, CONFIG_TRUST_REQUIRED, 0, "");
        assert_int_equal(config_load(p->file, CONFIG_TRUST_REQUIRED, &one, &messages), 0);

        write_drop_in(p, "20.yaml", "interval: 3s\nwatch: [{name: c}]\nlimits: {queue: 2M}\nexclude: [{match: {uid: 2}}]\n");
        write_drop_in(p, "10.yaml", "interval: 2s\nwatch: [{name: b}]\nlimits: {sockets: 7}\nexclude: [{match: {uid: 1}}]\n"
                                    "sinks: [json]\ndefaults: {changed: peer}\n");
        assert_int_equal(config_load(p->file, CONFIG_TRUST_REQUIRED, &two, &messages), 0);
        assert_string_equal(text_string(&messages), "");
        assert_int_equal(two.interval, 3000000);
        assert_int_equal(two.sinks, 1 << SINK_JSON);
        assert_int_equal(two.limits.sockets, 7);
        assert_int_equal(two.limits.queue, 2 << 20);
        assert_int_equal(two.rules.count, 3);
        /* Drop-ins by their names, then the file. */
        assert_string_equal(two.rules.rules[0].name, "b");
        assert_string_equal(two.rules.rules[1].name, "c");
        assert_string_equal(two.rules.rules[2].name, "a");
        assert_int_equal(two.rules.rules[0].changed, CHANGE_PEER);
        assert_int_equal(two.rules.exclude_count, 2);
        assert_int_equal(two.rules.excludes[0].uids[0].first, 1);
        assert_true(one.hash != two.hash);
        config_done(&one);
        config_done(&two);
}

static void test_load_only_drop_ins(void **state) {
        const Place *p = *state;

        need_root();
        write_file(p->file, "interval: 1s\n");
        assert_loads(p, CONFIG_TRUST_REQUIRED, -EBADMSG, "DIR/c.yaml:1:1: no 'watch'; expected a list of at least one rule\n");
        write_drop_in(p, "a.yaml", RULE);
        assert_loads(p, CONFIG_TRUST_REQUIRED, 0, "");
}

static void test_load_errors(void **state) {
        const Place *p = *state;

        need_root();
        write_file(p->file, "watch: [{name: a}]\nintervall: 1s\n");
        write_drop_in(p, "b.yaml", "watch: [{name: a, x: 1}]\n");
        write_drop_in(p, "a.yaml", "");
        write_drop_in(p, "c.yaml.bak", "x");
        write_drop_in(p, "\033.yaml.swp", "x");
        write_drop_in(p, ".hidden.yaml", "x");
        assert_loads(p, CONFIG_TRUST_REQUIRED, -EBADMSG,
                     "DIR/c.yaml:2:1: unknown key 'intervall'; did you mean 'interval'?\n"
                     "DIR/c.yaml.d: warning: '\\x1b.yaml.swp' is ignored; expected names that end in .yaml\n"
                     "DIR/c.yaml.d: warning: '.hidden.yaml' is ignored; expected names that end in .yaml\n"
                     "DIR/c.yaml.d/a.yaml:1:1: file is empty\n"
                     "DIR/c.yaml.d/b.yaml:1:10: watch[0]: duplicate rule name 'a' (first at 'DIR/c.yaml' line 1)\n"
                     "DIR/c.yaml.d/b.yaml:1:19: watch[0]: unknown key 'x'; expected name, match, descendants, processes, sockets, changed, "
                     "state_after, stall, expect, fold, missed\n"
                     "DIR/c.yaml.d: warning: 'c.yaml.bak' is ignored; expected names that end in .yaml\n");
}

static void test_load_missing(void **state) {
        const Place *p = *state;
        char path[256];

        need_root();
        (void) snprintf(path, sizeof(path), "%s/no.yaml", p->dir);
        assert_loads_as(p, path, CONFIG_TRUST_REQUIRED, -ENOENT, "DIR/no.yaml: cannot be read: No such file or directory\n");
        (void) snprintf(path, sizeof(path), "%s/no/no.yaml", p->dir);
        assert_loads_as(p, path, CONFIG_TRUST_WARN, -ENOENT, "DIR/no: cannot be read: No such file or directory\n");
        (void) snprintf(path, sizeof(path), "%s/c.yaml/x", p->dir);
        assert_loads_as(p, path, CONFIG_TRUST_WARN, -ENOTDIR, "DIR/c.yaml: cannot be read: Not a directory\n");
        assert_loads_as(p, p->dir, CONFIG_TRUST_WARN, -EISDIR, "DIR: not a regular file\n");
}

/* Everything that is wrong with the owners at once; with --config the same as warnings. */
static void test_trust_owner(void **state) {
        const Place *p = *state;
        char path[256];

        need_root();
        write_drop_in(p, "a.yaml", "interval: 2s\n");
        (void) snprintf(path, sizeof(path), "%s/a.yaml", p->drop_ins);
        assert_int_equal(chown(path, 65534, 65534), 0);
        assert_int_equal(chmod(p->drop_ins, 0775), 0);
        assert_int_equal(chmod(p->file, 0646), 0);
        assert_int_equal(chown(p->dir, 65534, 0), 0);
        assert_loads(p, CONFIG_TRUST_REQUIRED, -EPERM,
                     "DIR: owned by uid 65534; expected root (chown root)\n"
                     "DIR/c.yaml: writable by others than its owner (mode 0646); expected not (chmod go-w)\n"
                     "DIR/c.yaml.d: writable by others than its owner (mode 0775); expected not (chmod go-w)\n"
                     "DIR/c.yaml.d/a.yaml: owned by uid 65534; expected root (chown root)\n");
        assert_loads(p, CONFIG_TRUST_WARN, 0,
                     "DIR: warning: owned by uid 65534; expected root (chown root)\n"
                     "DIR/c.yaml: warning: writable by others than its owner (mode 0646); expected not (chmod go-w)\n"
                     "DIR/c.yaml.d: warning: writable by others than its owner (mode 0775); expected not (chmod go-w)\n"
                     "DIR/c.yaml.d/a.yaml: warning: owned by uid 65534; expected root (chown root)\n");

        assert_int_equal(chown(path, 0, 0), 0);
        assert_int_equal(chown(p->dir, 0, 0), 0);
        assert_int_equal(chmod(p->drop_ins, 0755), 0);
        assert_int_equal(chmod(p->file, 0600), 0);
        assert_loads(p, CONFIG_TRUST_REQUIRED, 0, "");
}

/* In a sticky directory others can make what they like, but not touch what is root's. */
static void test_trust_sticky(void **state) {
        const Place *p = *state;
        char sub[256], file[300];

        need_root();
        assert_int_equal(chmod(p->dir, 01777), 0);
        assert_loads(p, CONFIG_TRUST_REQUIRED, 0, "");
        (void) snprintf(sub, sizeof(sub), "%s/sub", p->dir);
        (void) snprintf(file, sizeof(file), "%s/sub/c.yaml", p->dir);
        assert_int_equal(mkdir(sub, 0755), 0);
        assert_int_equal(rename(p->file, file), 0);
        assert_loads_as(p, file, CONFIG_TRUST_REQUIRED, 0, "");

        /* Another's folder in it; one that another can write; and a sticky one that is another's, who can move what is in it. */
        assert_int_equal(chown(sub, 65534, 0), 0);
        assert_loads_as(p, file, CONFIG_TRUST_WARN, 0, "DIR/sub: warning: owned by uid 65534; expected root (chown root)\n");
        assert_int_equal(chmod(sub, 01777), 0);
        assert_loads_as(p, file, CONFIG_TRUST_REQUIRED, -EPERM, "DIR/sub: owned by uid 65534; expected root (chown root)\n");
        assert_int_equal(chown(sub, 0, 0), 0);
        assert_int_equal(chmod(sub, 0777), 0);
        assert_loads_as(p, file, CONFIG_TRUST_WARN, 0,
                        "DIR/sub: warning: writable by others than its owner (mode 0777); expected not (chmod go-w)\n");
        assert_int_equal(chmod(sub, 01777), 0);
        assert_int_equal(chmod(file, 0666), 0);
        assert_loads_as(p, file, CONFIG_TRUST_WARN, 0,
                        "DIR/sub/c.yaml: warning: writable by others than its owner (mode 0666); expected not (chmod go-w)\n");
}

/* There anybody can make FILE.d. In it a sticky bit helps nobody: others could add to it. */
static void test_trust_sticky_drop_ins(void **state) {
        const Place *p = *state;

        need_root();
        assert_int_equal(chmod(p->dir, 01777), 0);
        write_drop_in(p, "a.yaml", "interval: 2s\n");
        assert_loads(p, CONFIG_TRUST_REQUIRED, 0, "");
        assert_int_equal(chown(p->drop_ins, 65534, 65534), 0);
        assert_loads(p, CONFIG_TRUST_WARN, -EPERM,
                     "DIR/c.yaml.d: warning: owned by uid 65534; expected root (chown root)\n"
                     "DIR/c.yaml.d: not that of the owner of the file, in a directory where anybody can make one\n");
        assert_int_equal(chown(p->file, 65534, 65534), 0); /* all of it is his */
        assert_loads(p, CONFIG_TRUST_WARN, 0,
                     "DIR/c.yaml: warning: owned by uid 65534; expected root (chown root)\n"
                     "DIR/c.yaml.d: warning: owned by uid 65534; expected root (chown root)\n");
        assert_int_equal(chown(p->file, 0, 0), 0);
        assert_int_equal(chown(p->drop_ins, 0, 0), 0);
        assert_int_equal(chmod(p->drop_ins, 01777), 0);
        assert_loads(p, CONFIG_TRUST_WARN, 0,
                     "DIR/c.yaml.d: warning: writable by others than its owner (mode 1777); expected not (chmod go-w)\n");
}

static void test_trust_links(void **state) {
        const Place *p = *state;
        char link[256], through[256], file[256];

        need_root();
        (void) snprintf(link, sizeof(link), "%s/link.yaml", p->dir);
        assert_int_equal(symlink("c.yaml", link), 0);
        assert_loads_as(p, link, CONFIG_TRUST_REQUIRED, -EPERM, "DIR/link.yaml: is a symbolic link; expected a file\n");
        assert_loads_as(p, link, CONFIG_TRUST_WARN, 0, "DIR/link.yaml: warning: is a symbolic link; expected a file\n");

        (void) snprintf(link, sizeof(link), "%s/here", p->dir);
        (void) snprintf(through, sizeof(through), "%s/here/c.yaml", p->dir);
        assert_int_equal(symlink(".", link), 0);
        assert_loads_as(p, through, CONFIG_TRUST_REQUIRED, -EPERM, "DIR/here: is a symbolic link; expected a directory\n");
        assert_loads_as(p, through, CONFIG_TRUST_WARN, 0, "DIR/here: warning: is a symbolic link; expected a directory\n");

        (void) snprintf(file, sizeof(file), "%s/drop", p->dir);
        assert_int_equal(mkdir(file, 0755), 0);
        assert_int_equal(symlink("drop", p->drop_ins), 0);
        assert_loads(p, CONFIG_TRUST_REQUIRED, -EPERM, "DIR/c.yaml.d: is a symbolic link; expected a directory\n");
        assert_loads(p, CONFIG_TRUST_WARN, 0, "DIR/c.yaml.d: warning: is a symbolic link; expected a directory\n");
}

/* Nothing that could block is read, whatever the trust. */
static void test_trust_special(void **state) {
        const Place *p = *state;
        char path[256];

        need_root();
        (void) snprintf(path, sizeof(path), "%s/fifo.yaml", p->dir);
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_loads_as(p, path, CONFIG_TRUST_REQUIRED, -EINVAL, "DIR/fifo.yaml: not a regular file\n");
        assert_loads_as(p, path, CONFIG_TRUST_WARN, -EINVAL, "DIR/fifo.yaml: not a regular file\n");
        assert_loads_as(p, "/dev/zero", CONFIG_TRUST_WARN, -EINVAL, "/dev/zero: not a regular file\n");

        write_drop_in(p, "a.yaml", "x\n");
        (void) snprintf(path, sizeof(path), "%s/b.yaml", p->drop_ins);
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_loads(p, CONFIG_TRUST_WARN, -EINVAL, "DIR/c.yaml.d/b.yaml: not a regular file\n");
}

static void test_load_relative(void **state) {
        const Place *p = *state;

        need_root();
        assert_int_equal(chdir(p->dir), 0);
        assert_loads_as(p, "c.yaml", CONFIG_TRUST_REQUIRED, 0, "");
        assert_loads_as(p, "./../.././/run/../no.yaml", CONFIG_TRUST_REQUIRED, -ENOENT,
                        "./../.././/run/../no.yaml: cannot be read: No such file or directory\n");
        assert_int_equal(chdir("/"), 0);
}

static void test_load_large(void **state) {
        const Place *p = *state;

        need_root();
        assert_int_equal(truncate(p->file, 5000000), 0);
        assert_loads(p, CONFIG_TRUST_REQUIRED, -EFBIG, "DIR/c.yaml: file is larger than 1 MiB\n");
}

/* The example is what people begin with. */
static void test_example(void **state) {
        const char *root = getenv("SOURCE_ROOT");
        _cleanup_free_ char *text = NULL;
        char path[1024];
        size_t size;
        Config c;

        assert_non_null(root);
        (void) snprintf(path, sizeof(path), "%s/conf/sockaudit.yaml", root);
        assert_int_equal(fd_read_at(AT_FDCWD, path, 1 << 20, &text, &size), 0);
        assert_parses(text, size, &c);
        assert_true(c.rules.any_process);
        assert_string_equal(c.rules.rules[0].name, "listeners");
        config_done(&c);
}

#define file_test(f) cmocka_unit_test_setup_teardown(f, place_set_up, place_tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_defaults),    cmocka_unit_test(test_no_hooks), cmocka_unit_test(test_every_key), cmocka_unit_test(test_stall_and_expect), cmocka_unit_test(test_fold),
                cmocka_unit_test(test_yaml_is_yaml),
                cmocka_unit_test(test_hash),        cmocka_unit_test(test_keys),      cmocka_unit_test(test_values),
                cmocka_unit_test(test_syntax),      cmocka_unit_test(test_bytes),     cmocka_unit_test(test_all_at_once),
                cmocka_unit_test(test_warnings),    cmocka_unit_test(test_deep),      cmocka_unit_test(test_large),
                cmocka_unit_test(test_alias_bombs), cmocka_unit_test(test_too_many_rules),
                cmocka_unit_test(test_example),     file_test(test_load),              file_test(test_load_only_drop_ins),
                file_test(test_load_errors),        file_test(test_load_missing),      file_test(test_load_large),
                file_test(test_load_relative),      file_test(test_trust_owner),       file_test(test_trust_links),
                file_test(test_trust_sticky),       file_test(test_trust_sticky_drop_ins),
                file_test(test_trust_special),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
