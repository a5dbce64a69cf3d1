/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "detect/rule.h"

/* Borrowed strings: these are never given to match_done(). */
#define GLOBS(...) { .items = (char *[]){ __VA_ARGS__ }, .count = ELEMENTSOF(((char *[]){ __VA_ARGS__ })) }

static char sh[] = "sh", nginx[] = "nginx", ng[] = "ng*", slash_usr[] = "/usr/*", web_unit[] = "web.service",
            user_unit[] = "app.service", debug[] = "*--debug*", slice[] = "/system.slice/*", empty[] = "";

static void test_direction(void **state) {
        assert_string_equal(direction_name(DIRECTION_INGRESS), "ingress");
        assert_string_equal(direction_name(DIRECTION_EGRESS), "egress");
        assert_null(direction_name(DIRECTION_UNKNOWN));
        assert_null(direction_name(_DIRECTION_MAX));
        assert_int_equal(direction_from_name("egress"), DIRECTION_EGRESS);
        assert_int_equal(direction_from_name("ingress"), DIRECTION_INGRESS);
        assert_int_equal(direction_from_name("in"), DIRECTION_UNKNOWN);
        assert_int_equal(direction_from_name(""), DIRECTION_UNKNOWN);
}

static void test_strings(void **state) {
        Strings s = {};
        char item[] = "one";

        assert_int_equal(strings_add(&s, item), 0);
        item[0] = 'x';
        assert_int_equal(strings_add(&s, "two"), 0);
        assert_int_equal(s.count, 2);
        assert_string_equal(s.items[0], "one");
        assert_string_equal(s.items[1], "two");
        strings_done(&s);
        assert_int_equal(s.count, 0);
        assert_null(s.items);
}

static void test_match(void **state) {
        UidRange people[] = { { 1000, 1999 }, { 33, 33 } };
        Process p = { .uid = 33, .comm = nginx, .exe = (char[]){ "/usr/sbin/nginx" }, .unit = web_unit,
                      .cgroup = (char[]){ "/system.slice/web.service" }, .cmdline = (char[]){ "nginx --debug -g x" } };
        Process unknown = { .uid = PROCESS_UNKNOWN, .comm = nginx };
        Process other_user = { .uid = 2000, .comm = nginx };
        Process of_user = { .uid = 1000, .user_unit = user_unit, .unit = web_unit };
        Match not_sh = { .comm = GLOBS(sh) }, not_exe = { .exe = GLOBS(slash_usr) };

        assert_true(match_process(&(Match){}, &unknown));
        assert_true(match_process(&(Match){ .comm = GLOBS(nginx) }, &p));
        assert_true(match_process(&(Match){ .comm = GLOBS(sh, ng) }, &p));
        assert_false(match_process(&(Match){ .comm = GLOBS(sh) }, &p));
        assert_false(match_process(&(Match){ .comm = GLOBS(empty) }, &p));
        assert_true(match_process(&(Match){ .exe = GLOBS(slash_usr) }, &p));
        assert_false(match_process(&(Match){ .exe = GLOBS(slash_usr) }, &unknown));
        assert_true(match_process(&(Match){ .cmdline = GLOBS(debug) }, &p));
        assert_true(match_process(&(Match){ .cgroup = GLOBS(slice) }, &p));
        assert_true(match_process(&(Match){ .unit = GLOBS(web_unit) }, &p));

        /* several keys: all of them */
        assert_true(match_process(&(Match){ .comm = GLOBS(ng), .exe = GLOBS(slash_usr), .unit = GLOBS(web_unit) }, &p));
        assert_false(match_process(&(Match){ .comm = GLOBS(ng), .unit = GLOBS(user_unit) }, &p));

        /* the unit of the system or of the user */
        assert_true(match_process(&(Match){ .unit = GLOBS(user_unit) }, &of_user));
        assert_true(match_process(&(Match){ .unit = GLOBS(web_unit) }, &of_user));

        assert_true(match_process(&(Match){ .uids = people, .uid_count = 2 }, &p));
        assert_true(match_process(&(Match){ .uids = people, .uid_count = 2 }, &of_user));
        assert_false(match_process(&(Match){ .uids = people, .uid_count = 2 }, &other_user));
        assert_false(match_process(&(Match){ .uids = people, .uid_count = 2 }, &unknown));
        assert_false(match_process(&(Match){ .uids = &(UidRange){ 0, UINT32_MAX }, .uid_count = 1 }, &unknown));

        assert_true(match_process(&(Match){ .comm = GLOBS(ng), .not = &not_sh }, &p));
        assert_false(match_process(&(Match){ .comm = GLOBS(ng), .not = &not_exe }, &p));
        assert_true(match_process(&(Match){ .comm = GLOBS(ng), .not = &not_exe }, &unknown)); /* doubt does not exclude */
        assert_false(match_process(&(Match){ .not = &not_exe }, &p));
}

static void test_sockets(void **state) {
        Socket tcp = { .family = FAMILY_IPV4, .transport = TRANSPORT_TCP, .state = STATE_ESTABLISHED };
        Socket mapped = { .family = FAMILY_IPV6, .transport = TRANSPORT_TCP, .state = STATE_ESTABLISHED,
                          .local.ip = { [10] = 0xff, [11] = 0xff, [12] = 10 }, .peer.ip = { [10] = 0xff, [11] = 0xff, [12] = 11 } };
        Socket six = { .family = FAMILY_IPV6, .transport = TRANSPORT_UDP, .state = STATE_CLOSE, .local.ip = { 0x20, 1 } };
        SocketFilter all = { .listen = -1 };
        SocketFilter ipv4 = { .listen = -1, .families = 1 << FAMILY_IPV4 };
        SocketFilter ipv6 = { .listen = -1, .families = 1 << FAMILY_IPV6 };
        SocketFilter out = { .listen = -1, .directions = 1 << DIRECTION_EGRESS };
        SocketFilter udp = { .listen = -1, .transports = 1 << TRANSPORT_UDP };
        SocketFilter open = { .listen = -1, .states = 1 << STATE_ESTABLISHED | 1 << STATE_SYN_SENT };
        SocketFilter listeners = { .listen = 1 }, no_listeners = { .listen = 0 };

        assert_true(socketfilter_match(&all, &tcp, DIRECTION_UNKNOWN, false));
        assert_true(socketfilter_match(&all, &tcp, DIRECTION_INGRESS, true));

        assert_true(socketfilter_match(&listeners, &tcp, DIRECTION_UNKNOWN, true));
        assert_false(socketfilter_match(&listeners, &tcp, DIRECTION_UNKNOWN, false));
        assert_false(socketfilter_match(&no_listeners, &tcp, DIRECTION_UNKNOWN, true));
        assert_true(socketfilter_match(&no_listeners, &tcp, DIRECTION_UNKNOWN, false));

        assert_true(socketfilter_match(&out, &tcp, DIRECTION_EGRESS, false));
        assert_false(socketfilter_match(&out, &tcp, DIRECTION_INGRESS, false));
        assert_false(socketfilter_match(&out, &tcp, DIRECTION_UNKNOWN, false));

        assert_false(socketfilter_match(&udp, &tcp, DIRECTION_EGRESS, false));
        assert_true(socketfilter_match(&udp, &six, DIRECTION_EGRESS, false));
        assert_true(socketfilter_match(&open, &tcp, DIRECTION_EGRESS, false));
        assert_false(socketfilter_match(&open, &six, DIRECTION_EGRESS, false));

        assert_true(socketfilter_match(&ipv4, &tcp, DIRECTION_EGRESS, false));
        assert_false(socketfilter_match(&ipv6, &tcp, DIRECTION_EGRESS, false));
        assert_true(socketfilter_match(&ipv4, &mapped, DIRECTION_EGRESS, false));
        assert_true(socketfilter_match(&ipv6, &mapped, DIRECTION_EGRESS, false));
        assert_false(socketfilter_match(&ipv4, &six, DIRECTION_EGRESS, false));
        assert_true(socketfilter_match(&ipv6, &six, DIRECTION_EGRESS, false));

        /* a number that no bit can stand for */
        tcp.state = 200;
        assert_false(socketfilter_match(&open, &tcp, DIRECTION_EGRESS, false));
}

static void test_addresses(void **state) {
        SocketFilter f = { .listen = -1 };
        Socket s = { .family = FAMILY_IPV4, .local = { { 10, 0, 0, 1 }, 443 }, .peer = { { 127, 0, 0, 1 }, 5000 } };
        const char *why;

        assert_int_equal(addressset_new(&f.local), 0);
        assert_int_equal(addressset_new(&f.peer), 0);
        assert_int_equal(addressset_add(f.local, ":443", &why), 0);
        assert_true(socketfilter_match(&f, &s, DIRECTION_UNKNOWN, false));
        assert_int_equal(addressset_add(f.peer, "!loopback", &why), 0);
        assert_false(socketfilter_match(&f, &s, DIRECTION_UNKNOWN, false));
        s.peer.ip[0] = 128;
        assert_true(socketfilter_match(&f, &s, DIRECTION_UNKNOWN, false));
        s.local.port = 80;
        assert_false(socketfilter_match(&f, &s, DIRECTION_UNKNOWN, false));
        socketfilter_done(&f);
        assert_null(f.local);
}

static void test_ruleset(void **state) {
        Match is_nginx = { .comm = GLOBS(nginx) }, is_usr = { .exe = GLOBS(slash_usr) }, is_ng = { .comm = GLOBS(ng) };
        Match not_sh = { .uids = &(UidRange){ 0, 0 }, .uid_count = 1, .not = &(Match){ .comm = GLOBS(sh) } };
        Rule rules[] = {
                { .match = NULL, .descendants = true },
                { .match = &is_nginx, .descendants = false },
                { .match = &is_usr, .descendants = true },
                { .match = &is_ng, .descendants = true },
                { .match = &not_sh, .descendants = true },
        };
        RuleSet set = { .rules = rules, .count = ELEMENTSOF(rules), .excludes = &is_nginx, .exclude_count = 1 };
        Process p = { .uid = 1, .comm = nginx }, child = { .uid = 1, .comm = sh }, nobody = { .uid = 1 };
        RuleBits bits = { { ~0ULL, ~0ULL } }, all = { { ~0ULL, ~0ULL, ~0ULL, ~0ULL } }, of_child;

        /* Rules without match are nobody's; what was in the result before is forgotten. */
        assert_int_equal(ruleset_match(&set, &p, NULL, &bits), 1);
        assert_true(bits.bits[0] == (1 << 1 | 1 << 3));
        assert_true(bits.bits[1] == 0);

        /* Only 3 passes on: 1 says no. */
        assert_int_equal(ruleset_match(&set, &child, &bits, &of_child), 3);
        assert_true(of_child.bits[0] == 1 << 3);
        /* And to its children. */
        assert_int_equal(ruleset_match(&set, &nobody, &of_child, &of_child), 3);

        assert_int_equal(ruleset_match(&set, &nobody, NULL, &bits), -1);
        assert_true(bits.bits[0] == 0);

        /* `not` of rule 4 holds for a shell, inherited or not; rule 1 is not inherited, rule 0 has no match. */
        assert_int_equal(ruleset_match(&set, &child, &all, &bits), 2);
        assert_true(bits.bits[0] == (1 << 2 | 1 << 3));
        assert_int_equal(ruleset_match(&set, &nobody, &all, &bits), 2);
        assert_true(bits.bits[0] == (1 << 2 | 1 << 3 | 1 << 4));

        assert_true(ruleset_excludes(&set, &p));
        assert_false(ruleset_excludes(&set, &child));
        assert_false(ruleset_excludes(&(RuleSet){}, &p));
        assert_int_equal(ruleset_match(&(RuleSet){}, &p, &all, &bits), -1);
}

static void test_last_rule(void **state) {
        static Rule rules[RULES_MAX];
        Match is_nginx = { .comm = GLOBS(nginx) };
        RuleSet set = { .rules = rules, .count = RULES_MAX };
        Process p = { .comm = nginx };
        RuleBits bits;

        rules[RULES_MAX - 1].match = &is_nginx;
        assert_int_equal(ruleset_match(&set, &p, NULL, &bits), 255);
        assert_true(rulebits_has(&bits, 255));
        assert_false(rulebits_has(&bits, 254));
}

static void test_done(void **state) {
        RuleSet set = { .rules = calloc(1, sizeof(Rule)), .count = 1, .excludes = calloc(1, sizeof(Match)), .exclude_count = 1 };

        /* Everything in it is owned: AddressSanitizer would see what stays. */
        set.rules[0].name = strdup("web");
        set.rules[0].match = calloc(1, sizeof(Match));
        set.rules[0].match->not = calloc(1, sizeof(Match));
        assert_int_equal(strings_add(&set.rules[0].match->not->exe, "x"), 0);
        set.rules[0].match->uids = calloc(1, sizeof(UidRange));
        assert_int_equal(addressset_new(&set.rules[0].sockets.peer), 0);
        assert_int_equal(strings_add(&set.excludes[0].unit, "x.service"), 0);
        ruleset_done(&set);
        assert_int_equal(set.count, 0);
        ruleset_done(&set);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_direction), cmocka_unit_test(test_strings), cmocka_unit_test(test_match),
                cmocka_unit_test(test_sockets),   cmocka_unit_test(test_addresses), cmocka_unit_test(test_ruleset),
                cmocka_unit_test(test_last_rule), cmocka_unit_test(test_done),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
