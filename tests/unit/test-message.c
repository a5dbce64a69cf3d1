/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collect/notice.h"
#include "detect/rule.h"
#include "emit/format.h"

/* Boottime 0 is 2023-11-14 22:13:20 UTC. */
static const FormatContext context = { .run = "0", .clock_offset = 1700000000000000 };

static Event e;

#define BYTES(s) ((Bytes){ .data = (s), .size = sizeof(s) - 1 })

static void begin(EventKind kind, const char *comm, uint64_t pid) {
        event_init(&e, kind);
        event_set_word(&e, EVENT_FIELD_COMM, comm);
        if (pid > 0)
                event_set_number(&e, EVENT_FIELD_PID, pid);
}

static void set_tcp(Bytes local, uint64_t local_port, Bytes peer, uint64_t peer_port, Direction direction) {
        event_set_number(&e, EVENT_FIELD_FAMILY, local.size == 4 ? FAMILY_IPV4 : FAMILY_IPV6);
        event_set_number(&e, EVENT_FIELD_TRANSPORT, TRANSPORT_TCP);
        event_set_bytes(&e, EVENT_FIELD_LOCAL_ADDRESS, local);
        event_set_number(&e, EVENT_FIELD_LOCAL_PORT, local_port);
        event_set_bytes(&e, EVENT_FIELD_PEER_ADDRESS, peer);
        if (peer.data)
                event_set_number(&e, EVENT_FIELD_PEER_PORT, peer_port);
        event_set_number(&e, EVENT_FIELD_DIRECTION, direction);
}

static void assert_message(const char *expected) {
        _cleanup_text_ Text t = TEXT_NULL;

        format_message(&context, &e, &t);
        assert_string_equal(text_string(&t), expected);
}

static void test_connection(void **state) {
        begin(EVENT_CONNECTION_APPEARED, "nginx", 812);
        set_tcp(BYTES("\x0a\0\0\2"), 443, BYTES("\xcb\0\x71\x09"), 51544, DIRECTION_INGRESS);
        event_set_number(&e, EVENT_FIELD_STATE, STATE_ESTABLISHED);
        event_set_word(&e, EVENT_FIELD_RULE, "web");
        assert_message("nginx[812] appeared: tcp 10.0.0.2:443 <- 203.0.113.9:51544 established (rule web)");

        event_set_number(&e, EVENT_FIELD_HOLDER_COUNT, 3);
        event_set_bytes(&e, EVENT_FIELD_STATES, BYTES("\2"));
        assert_message("nginx[812] appeared: tcp 10.0.0.2:443 <- 203.0.113.9:51544 established, by way of syn-sent, 3 holders (rule web)");

        begin(EVENT_CONNECTION_PRESENT, "curl", 5);
        set_tcp(BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"), 1, BYTES("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2"), 443,
                DIRECTION_EGRESS);
        event_set_number(&e, EVENT_FIELD_HOLDER_COUNT, 0);
        assert_message("curl[5] present: tcp [::1]:1 -> [2001:db8::2]:443 no holder");
}

static void test_changed(void **state) {
        static const HolderId ids[] = { { 1, 3, 2 }, { 4, 6, 5 } };

        begin(EVENT_CONNECTION_CHANGED, "fluentd", 901);
        set_tcp(BYTES("\x0a\0\0\2"), 40022, BYTES("\xc6\x33\x64\x07"), 9200, DIRECTION_EGRESS);
        event_set_number(&e, EVENT_FIELD_PREVIOUS_STATE, STATE_ESTABLISHED);
        event_set_number(&e, EVENT_FIELD_STATE, STATE_CLOSE_WAIT);
        event_set_word(&e, EVENT_FIELD_RULE, "shippers");
        assert_message("fluentd[901] changed: tcp 10.0.0.2:40022 -> 198.51.100.7:9200 established => close-wait (rule shippers)");

        event_set_number(&e, EVENT_FIELD_PREVIOUS_STATE, STATE_CLOSE_WAIT);
        event_set_bytes(&e, EVENT_FIELD_HOLDER_GAINED, (Bytes){ (const char *) ids, 2 * sizeof(HolderId) });
        event_set_bytes(&e, EVENT_FIELD_HOLDER_LOST, (Bytes){ (const char *) ids, sizeof(HolderId) });
        assert_message("fluentd[901] changed: tcp 10.0.0.2:40022 -> 198.51.100.7:9200 close-wait, gained 2 holders, lost 1 holder "
                       "(rule shippers)");
        event_set_number(&e, EVENT_FIELD_HOLDER_COUNT, 0);
        assert_message("fluentd[901] changed: tcp 10.0.0.2:40022 -> 198.51.100.7:9200 close-wait, gained 2 holders, lost 1 holder, released "
                       "(rule shippers)");
}

static void test_inherited(void **state) {
        begin(EVENT_PROCESS_INHERITED, "nginx", 901);
        event_set_number(&e, EVENT_FIELD_INHERITED_COUNT, 5000);
        event_set_number(&e, EVENT_FIELD_FROM_PID, 812);
        event_set_word(&e, EVENT_FIELD_FROM_COMM, "nginx");
        event_set_word(&e, EVENT_FIELD_RULE, "web");
        assert_message("nginx[901] inherited: 5000 sockets of nginx[812] (rule web)");
        event_clear(&e, EVENT_FIELD_PID);
        event_set_number(&e, EVENT_FIELD_PROCESS_COUNT, 40);
        assert_message("nginx[?] inherited: 5000 sockets of nginx[812], 40 processes (rule web)");
}

static void test_stalled(void **state) {
        begin(EVENT_CONNECTION_STALLED, "fluentd", 901);
        set_tcp(BYTES("\x0a\0\0\2"), 40022, BYTES("\xc6\x33\x64\x07"), 9200, DIRECTION_EGRESS);
        event_set_word(&e, EVENT_FIELD_STALL, "unacknowledged");
        event_set_number(&e, EVENT_FIELD_STALLED, 31000000);
        event_set_number(&e, EVENT_FIELD_SEND_QUEUE, 49152);
        event_set_number(&e, EVENT_FIELD_TIMER_RETRANSMITS, 7);
        event_set_word(&e, EVENT_FIELD_RULE, "shippers");
        assert_message("fluentd[901] stalled: tcp 10.0.0.2:40022 -> 198.51.100.7:9200 unacknowledged for 31.0 s, 48.0 KiB waiting, "
                       "7 retransmits (rule shippers)");
        e.kind = EVENT_CONNECTION_RECOVERED;
        assert_message("fluentd[901] recovered: tcp 10.0.0.2:40022 -> 198.51.100.7:9200 was unacknowledged for 31.0 s (rule shippers)");
        e.kind = EVENT_CONNECTION_VANISHED;
        event_set_number(&e, EVENT_FIELD_END, END_TIMED_OUT);
        assert_message("fluentd[901] vanished: tcp 10.0.0.2:40022 -> 198.51.100.7:9200 timed-out, was unacknowledged for 31.0 s "
                       "(rule shippers)");

        begin(EVENT_CONNECTION_STALLED, "nginx", 812);
        set_tcp(BYTES("\0\0\0\0"), 80, (Bytes){}, 0, DIRECTION_UNKNOWN);
        event_set_word(&e, EVENT_FIELD_STALL, "not-accepted");
        event_set_number(&e, EVENT_FIELD_STALLED, 5000000);
        event_set_number(&e, EVENT_FIELD_SEND_QUEUE, 128);
        event_set_number(&e, EVENT_FIELD_RECEIVE_QUEUE, 3);
        assert_message("nginx[812] stalled: tcp 0.0.0.0:80 -- - not-accepted for 5.0 s, 3 of 128 wait");
        event_set_number(&e, EVENT_FIELD_LISTEN_OVERFLOWS, 17);
        assert_message("nginx[812] stalled: tcp 0.0.0.0:80 -- - not-accepted for 5.0 s, 3 of 128 wait, 17 turned away");
        event_clear(&e, EVENT_FIELD_LISTEN_OVERFLOWS);
        event_clear(&e, EVENT_FIELD_SEND_QUEUE);
        event_set_number(&e, EVENT_FIELD_RECEIVE_QUEUE, 1);
        assert_message("nginx[812] stalled: tcp 0.0.0.0:80 -- - not-accepted for 5.0 s, 1 waits");

        begin(EVENT_CONNECTION_STALLED, "app", 7);
        event_set_number(&e, EVENT_FIELD_FAMILY, FAMILY_UNIX);
        event_set_word(&e, EVENT_FIELD_STALL, "not-reading");
        event_set_number(&e, EVENT_FIELD_STALLED, 61000000);
        event_set_number(&e, EVENT_FIELD_SEND_QUEUE, 4096);
        assert_message("app[7] stalled: unix - -- - not-reading for 1 min 1 s, 4.0 KiB not read by the other end");
}

static void test_expectation(void **state) {
        begin(EVENT_EXPECTATION_UNMET, "fluentd", 901);
        event_set_number(&e, EVENT_FIELD_EXPECTED, 2);
        event_set_number(&e, EVENT_FIELD_EXPECTED_STATE, STATE_ESTABLISHED);
        event_set_number(&e, EVENT_FIELD_FOUND, 0);
        event_set_number(&e, EVENT_FIELD_UNMET, 121000000);
        event_set_number(&e, EVENT_FIELD_PROCESS_COUNT, 1);
        event_set_word(&e, EVENT_FIELD_RULE, "shippers");
        assert_message("fluentd[901] unmet: 0 of 2 established for 2 min 1 s (rule shippers)");

        set_tcp(BYTES("\x0a\0\0\2"), 40022, BYTES("\xc6\x33\x64\x07"), 9200, DIRECTION_EGRESS);
        event_set_number(&e, EVENT_FIELD_STATE, STATE_SYN_SENT);
        event_set_word(&e, EVENT_FIELD_STALL, "connecting");
        event_set_number(&e, EVENT_FIELD_STALLED, 3100000);
        assert_message("fluentd[901] unmet: tcp 10.0.0.2:40022 -> 198.51.100.7:9200 0 of 2 established for 2 min 1 s, one is syn-sent, "
                       "was connecting for 3.1 s (rule shippers)");
        event_set_number(&e, EVENT_FIELD_LAST_ENDED, 0);
        event_set_number(&e, EVENT_FIELD_PROCESS_COUNT, 0);
        event_clear(&e, EVENT_FIELD_STALL);
        event_set_number(&e, EVENT_FIELD_END, END_TIMED_OUT);
        assert_message("fluentd[901] unmet: tcp 10.0.0.2:40022 -> 198.51.100.7:9200 0 of 2 established for 2 min 1 s, no process matches, "
                       "the last one ended by 22:13:20.000 in syn-sent, timed-out (rule shippers)");

        begin(EVENT_EXPECTATION_MET, "fluentd", 901);
        event_set_number(&e, EVENT_FIELD_EXPECTED, 2);
        event_set_number(&e, EVENT_FIELD_EXPECTED_STATE, STATE_ESTABLISHED);
        event_set_number(&e, EVENT_FIELD_FOUND, 3);
        event_set_number(&e, EVENT_FIELD_UNMET, 130000000);
        assert_message("fluentd[901] met: 3 of 2 established again, after 2 min 10 s");
}

static void test_unix(void **state) {
        begin(EVENT_CONNECTION_VANISHED, "psql", 77);
        event_set_number(&e, EVENT_FIELD_FAMILY, FAMILY_UNIX);
        event_set_number(&e, EVENT_FIELD_TRANSPORT, TRANSPORT_STREAM);
        event_set_number(&e, EVENT_FIELD_DIRECTION, DIRECTION_EGRESS);
        event_set_bytes(&e, EVENT_FIELD_PEER_PATH, BYTES("\0pg"));
        event_set_number(&e, EVENT_FIELD_DURATION, 3200000);
        event_set_number(&e, EVENT_FIELD_END, END_CLOSED);
        event_set_word(&e, EVENT_FIELD_RULE, "db");
        assert_message("psql[77] vanished: unix - -> @pg after 3.2 s, closed (rule db)");

        event_set_bytes(&e, EVENT_FIELD_LOCAL_PATH, BYTES("/run/a b"));
        event_set_bytes(&e, EVENT_FIELD_PEER_PATH, BYTES("@pg"));
        assert_message("psql[77] vanished: unix \"/run/a b\" -> \"\\x40pg\" after 3.2 s, closed (rule db)");

        event_set_number(&e, EVENT_FIELD_NOT_BEFORE, 100);
        event_set_number(&e, EVENT_FIELD_NOT_AFTER, 100);
        assert_message("psql[77] vanished: unix \"/run/a b\" -> \"\\x40pg\" after 3.2 s, closed (rule db)");
        event_set_number(&e, EVENT_FIELD_NOT_AFTER, 101);
        assert_message("psql[77] vanished: unix \"/run/a b\" -> \"\\x40pg\" after at most 3.2 s, closed (rule db)");
        event_set_number(&e, EVENT_FIELD_PEER_PID, 70);
        assert_message("psql[77] vanished: unix \"/run/a b\" -> \"\\x40pg\" ?[70] after at most 3.2 s, closed (rule db)");
        event_set_word(&e, EVENT_FIELD_PEER_COMM, "my postgres");
        assert_message("psql[77] vanished: unix \"/run/a b\" -> \"\\x40pg\" \"my postgres\"[70] after at most 3.2 s, closed (rule db)");
}

static void test_missed(void **state) {
        begin(EVENT_CONNECTION_MISSED, NULL, 0);
        set_tcp(BYTES("\x0a\0\0\2"), 40100, BYTES("\xc6\x33\x64\x07"), 443, DIRECTION_EGRESS);
        event_set_number(&e, EVENT_FIELD_BYTES_SENT, 517);
        event_set_number(&e, EVENT_FIELD_BYTES_RECEIVED, 3200);
        assert_message("?[?] missed: tcp 10.0.0.2:40100 -> 198.51.100.7:443 517 B sent, 3.1 KiB received");
}

static void test_summary(void **state) {
        begin(EVENT_CONNECTION_SUMMARY, NULL, 0);
        event_clear(&e, EVENT_FIELD_PID);
        event_set_number(&e, EVENT_FIELD_SPAN_FIRST, 0);
        event_set_number(&e, EVENT_FIELD_SPAN_LAST, 600000000);
        event_set_number(&e, EVENT_FIELD_FAILED, 2);
        assert_message("*[*] folded: * * -- * 2 failed, 22:13:20.000 to 22:23:20.000");
        event_set_bytes(&e, EVENT_FIELD_EXE, BYTES("/usr/sbin/nginx"));
        event_set_word(&e, EVENT_FIELD_RULE, "ingress");
        event_set_number(&e, EVENT_FIELD_OPENED, 3120);
        event_set_number(&e, EVENT_FIELD_CLOSED, 3118);
        event_set_number(&e, EVENT_FIELD_LOCAL_PORT, 443);
        event_set_number(&e, EVENT_FIELD_DIRECTION, DIRECTION_INGRESS);
        event_set_number(&e, EVENT_FIELD_TRANSPORT, TRANSPORT_TCP);
        event_set_number(&e, EVENT_FIELD_BYTES_SENT, 517);
        event_set_number(&e, EVENT_FIELD_PEER_COUNT, 812);
        assert_message("nginx[*] folded: tcp *:443 <- * 3120 opened, 3118 closed, 2 failed, 517 B sent, 812 peers, "
                       "22:13:20.000 to 22:23:20.000 (rule ingress)");
        event_set_bytes(&e, EVENT_FIELD_COMM, BYTES("my app"));
        event_set_bytes(&e, EVENT_FIELD_PEER_ADDRESS, BYTES("\xc6\x33\x64\x07"));
        event_clear(&e, EVENT_FIELD_PEER_COUNT);
        event_clear(&e, EVENT_FIELD_FAILED);
        event_clear(&e, EVENT_FIELD_LOCAL_PORT);
        event_set_number(&e, EVENT_FIELD_DIRECTION, DIRECTION_EGRESS);
        event_set_number(&e, EVENT_FIELD_PEER_PORT, 443);
        assert_message("\"my app\"[*] folded: tcp * -> 198.51.100.7:443 3120 opened, 3118 closed, 517 B sent, "
                       "22:13:20.000 to 22:23:20.000 (rule ingress)");
}

static void test_completed(void **state) {
        begin(EVENT_CONNECTION_COMPLETED, "curl", 5);
        set_tcp(BYTES("\x0a\0\0\2"), 40100, (Bytes){}, 0, DIRECTION_UNKNOWN);
        event_set_number(&e, EVENT_FIELD_DURATION, 850);
        event_set_number(&e, EVENT_FIELD_END, END_RESET_RECEIVED);
        event_set_word(&e, EVENT_FIELD_ERROR, "ECONNRESET");
        event_set_number(&e, EVENT_FIELD_BYTES_SENT, 0);
        event_set_number(&e, EVENT_FIELD_RETRANSMITS, 1);
        assert_message("curl[5] completed: tcp 10.0.0.2:40100 -- - after 850 us, reset-received, ECONNRESET, 0 B sent, 1 retransmit");
}

static void test_listener(void **state) {
        begin(EVENT_LISTENER_APPEARED, "nginx", 812);
        set_tcp(BYTES("\0\0\0\0"), 80, (Bytes){}, 0, DIRECTION_UNKNOWN);
        event_set_word(&e, EVENT_FIELD_RULE, "web");
        assert_message("nginx[812] listens: tcp 0.0.0.0:80 (rule web)");
        e.kind = EVENT_LISTENER_PRESENT;
        event_set_number(&e, EVENT_FIELD_HOLDER_COUNT, 5);
        assert_message("nginx[812] listening: tcp 0.0.0.0:80 5 holders (rule web)");
        e.kind = EVENT_LISTENER_VANISHED;
        assert_message("nginx[812] listens no more: tcp 0.0.0.0:80 5 holders (rule web)");
}

static void test_process(void **state) {
        begin(EVENT_PROCESS_MATCHED, "nginx", 812);
        event_set_word(&e, EVENT_FIELD_EXE, "/usr/sbin/nginx");
        event_set_number(&e, EVENT_FIELD_UID, 33);
        event_set_word(&e, EVENT_FIELD_UNIT, "nginx.service");
        event_set_word(&e, EVENT_FIELD_RULE, "web");
        assert_message("nginx[812] matched: /usr/sbin/nginx uid 33 in nginx.service (rule web)");

        event_set_word(&e, EVENT_FIELD_EXE_STATE, "deleted");
        event_set_number(&e, EVENT_FIELD_EFFECTIVE_UID, 0);
        event_set_word(&e, EVENT_FIELD_USER_UNIT, "x.service");
        event_set_number(&e, EVENT_FIELD_PARENT_PID, 1);
        event_set_word(&e, EVENT_FIELD_PARENT_COMM, "systemd");
        assert_message("nginx[812] matched: /usr/sbin/nginx (deleted) uid 33 acting as 0 in x.service child of systemd[1] (rule web)");

        event_clear(&e, EVENT_FIELD_PID);
        event_set_number(&e, EVENT_FIELD_PROCESS_COUNT, 190);
        assert_message("nginx[?] matched: /usr/sbin/nginx (deleted) uid 33 acting as 0 in x.service child of systemd[1], 190 processes (rule web)");

        begin(EVENT_PROCESS_GONE, "(sd-pam)", 9);
        assert_message("\"(sd-pam)\"[9] gone: -");
}

static void test_audit(void **state) {
        begin(EVENT_AUDIT_STARTED, "systemd", 5); /* whatever COMM says */
        event_set_word(&e, EVENT_FIELD_VERSION, "0.1.0");
        event_set_word(&e, EVENT_FIELD_COLLECTOR, "sock_diag");
        event_set_word(&e, EVENT_FIELD_DEGRADED, "no BTF");
        event_set_number(&e, EVENT_FIELD_SOCKET_COUNT, 1);
        event_set_number(&e, EVENT_FIELD_PROCESS_COUNT, 3);
        assert_message("sockauditd[5] started: version 0.1.0, collector sock_diag, degraded: no BTF, 1 socket of 3 processes");

        begin(EVENT_AUDIT_STOPPED, NULL, 0);
        event_set_word(&e, EVENT_FIELD_STOPPED_BY, "1/0/systemd");
        assert_message("sockauditd stopped: by 1/0/systemd");

        begin(EVENT_AUDIT_RELOADED, NULL, 5);
        event_set_number(&e, EVENT_FIELD_CONFIG_HASH, 0xabc);
        event_set_number(&e, EVENT_FIELD_PROCESS_COUNT, 1);
        assert_message("sockauditd[5] reloaded: 1 process, configuration 0000000000000abc");

        begin(EVENT_AUDIT_BALANCE, NULL, 5);
        event_set_word(&e, EVENT_FIELD_OPENED_KERNEL, "12 3");
        event_set_word(&e, EVENT_FIELD_OPENED_REPORTED, "12 3 0");
        event_set_number(&e, EVENT_FIELD_MISSED, 4);
        event_set_word(&e, EVENT_FIELD_ESTIMATE, "yes");
        assert_message("sockauditd[5] balance: openings (active passive) by the kernel 12 3, reported 12 3 0, 4 missed, "
                       "an estimate: without hooks in it the kernel also counts refused attempts and processes that are not watched");
        /* A quiet host, of which the kernel has counted what nobody watches. */
        event_set_number(&e, EVENT_FIELD_NAMESPACE_COUNT, 1);
        event_set_number(&e, EVENT_FIELD_BALANCED_COUNT, 0);
        assert_message("sockauditd[5] balance: openings (active passive) by the kernel 12 3, reported 12 3 0, 4 missed, "
                       "an estimate for 1 namespace: without hooks in it the kernel also counts refused attempts and processes that are not watched");

        begin(EVENT_AUDIT_BALANCE, NULL, 5);
        event_set_number(&e, EVENT_FIELD_MISSED, 0);
        event_set_number(&e, EVENT_FIELD_NAMESPACE_COUNT, 3);
        event_set_number(&e, EVENT_FIELD_BALANCED_COUNT, 2);
        event_set_word(&e, EVENT_FIELD_CLOCK_SYNC, "no");
        assert_message("sockauditd[5] balance: 2 of 3 namespaces balanced, clock in step: no");
        event_set_number(&e, EVENT_FIELD_KEEPS, 12 * 86400 * USEC_PER_SEC);
        assert_message("sockauditd[5] balance: 2 of 3 namespaces balanced, clock in step: no, the journal keeps 12 d 0 h");
}

static void test_condition(void **state) {
        (void) state;
        begin(EVENT_AUDIT_DEGRADED, NULL, 5);
        event_set_word(&e, EVENT_FIELD_CONDITION, "map");
        event_set_word(&e, EVENT_FIELD_DEGRADED, "the state cannot be written");
        event_set_word(&e, EVENT_FIELD_ERROR, "EROFS");
        assert_message("sockauditd[5] degraded: map, the state cannot be written, EROFS");
        begin(EVENT_AUDIT_RESTORED, NULL, 5);
        event_set_word(&e, EVENT_FIELD_CONDITION, "map");
        event_set_number(&e, EVENT_FIELD_DURATION, 12400000);
        assert_message("sockauditd[5] restored: map, after 12.4 s");
        begin(EVENT_AUDIT_DEGRADED, NULL, 5);
        event_set_word(&e, EVENT_FIELD_CONDITION, "budget");
        event_set_word(&e, EVENT_FIELD_DEGRADED, "too much");
        event_set_number(&e, EVENT_FIELD_DURATION, 90000000);
        event_set_number(&e, EVENT_FIELD_BUDGET_WRITTEN, 4 << 20);
        event_set_word(&e, EVENT_FIELD_BUDGET_RULES, "web=4000000 ssh=5");
        assert_message("sockauditd[5] degraded: budget, after 1 min 30 s, too much, 4.0 MiB written, most by web=4000000 ssh=5");
        begin(EVENT_AUDIT_RESTORED, NULL, 5);
        event_set_word(&e, EVENT_FIELD_CONDITION, "budget");
        event_set_number(&e, EVENT_FIELD_BUDGET_FOLDED, 12345);
        assert_message("sockauditd[5] restored: budget, 12345 events summed up");
}

static void test_gap(void **state) {
        begin(EVENT_AUDIT_GAP, NULL, 5);
        event_set_number(&e, EVENT_FIELD_NOT_BEFORE, 120000);
        event_set_number(&e, EVENT_FIELD_NOT_AFTER, 5955000);
        event_set_word(&e, EVENT_FIELD_GAP_REASON, "stopped");
        assert_message("sockauditd[5] gap: not observed 22:13:20.120 to 22:13:25.955, stopped");

        event_set_number(&e, EVENT_FIELD_NOT_AFTER, 120000 + 86400000000);
        event_set_word(&e, EVENT_FIELD_GAP_REASON, "denied");
        event_set_word(&e, EVENT_FIELD_GAP_TABLE, "tcp");
        event_set_number(&e, EVENT_FIELD_NETNS, 4026531840);
        event_set_number(&e, EVENT_FIELD_GAP_COUNT, 2);
        assert_message("sockauditd[5] gap: not observed 2023-11-14 22:13:20.120 to 2023-11-15 22:13:20.120, denied, table tcp, "
                       "netns 4026531840, count 2");

        begin(EVENT_AUDIT_GAP, "init", 1);
        event_set_word(&e, EVENT_FIELD_GAP_REASON, "denied");
        event_set_number(&e, EVENT_FIELD_GAP_COUNT, 1);
        assert_message("sockauditd gap: not observed, denied, process init[1]");

        begin(EVENT_AUDIT_GAP, NULL, 5);
        event_set_number(&e, EVENT_FIELD_NOT_BEFORE, 0);
        event_set_number(&e, EVENT_FIELD_NOT_AFTER, 61000000);
        event_set_word(&e, EVENT_FIELD_GAP_REASON, "suspend");
        event_set_number(&e, EVENT_FIELD_DURATION, 60000000);
        assert_message("sockauditd[5] gap: not observed 22:13:20.000 to 22:14:21.000, suspend for 1 min 0 s");

        begin(EVENT_AUDIT_GAP, NULL, 5);
        event_set_number(&e, EVENT_FIELD_NOT_BEFORE, 0);
        event_set_number(&e, EVENT_FIELD_NOT_AFTER, 1000000);
        event_set_word(&e, EVENT_FIELD_GAP_REASON, "clock-step");
        event_set_word(&e, EVENT_FIELD_CLOCK_BEFORE, "1700000000000000");
        event_set_word(&e, EVENT_FIELD_CLOCK_AFTER, "1699999998000000");
        assert_message("sockauditd[5] gap: clock set 22:13:20.000 to 22:13:21.000, clock-step backwards by 2.0 s");
        event_set_word(&e, EVENT_FIELD_CLOCK_BEFORE, "-5");
        event_set_word(&e, EVENT_FIELD_CLOCK_AFTER, "1999995");
        assert_message("sockauditd[5] gap: clock set 22:13:20.000 to 22:13:21.000, clock-step forwards by 2.0 s");

        begin(EVENT_AUDIT_GAP, NULL, 0);
        event_set_number(&e, EVENT_FIELD_NOT_BEFORE, 0);
        assert_message("sockauditd gap: not observed since 22:13:20.000");
        begin(EVENT_AUDIT_GAP, NULL, 0);
        event_set_number(&e, EVENT_FIELD_NOT_AFTER, (uint64_t) INT64_MIN);
        assert_message("sockauditd gap: not observed until ?");
}

static void set_lost(uint64_t count, uint64_t first, uint64_t last) {
        begin(EVENT_AUDIT_LOST, NULL, 5);
        event_set_number(&e, EVENT_FIELD_LOST_COUNT, count);
        event_set_number(&e, EVENT_FIELD_LOST_FIRST_SEQ, first);
        event_set_number(&e, EVENT_FIELD_LOST_LAST_SEQ, last);
        event_set_word(&e, EVENT_FIELD_SINK, "journal");
}

static void test_lost(void **state) {
        set_lost(3, 17, 19);
        assert_message("sockauditd[5] lost: 3 events, seq 17 to 19, sink journal");
        set_lost(3, 17, 30);
        assert_message("sockauditd[5] lost: 3 events, between seq 17 and 30, sink journal");
        set_lost(1, 17, 17);
        assert_message("sockauditd[5] lost: 1 event, seq 17, sink journal");

        begin(EVENT_AUDIT_LOST, NULL, 5);
        event_set_number(&e, EVENT_FIELD_LOST_COUNT, 1);
        assert_message("sockauditd[5] lost: 1 notice of the kernel");
}

static void test_sizes_and_durations(void **state) {
        static const struct {
                uint64_t bytes;
                const char *text;
        } sizes[] = {
                { 1023, "1023 B" },
                { 1024, "1.0 KiB" },
                { 1048575, "1023.9 KiB" },
                { 1048576, "1.0 MiB" },
                { UINT64_MAX, "16.0 EiB" },
        };
        static const struct {
                uint64_t usec;
                const char *text;
        } durations[] = {
                { 0, "0 us" },
                { 999, "999 us" },
                { 12500, "12 ms" },
                { 59999999, "59.9 s" },
                { 271000000, "4 min 31 s" },
                { 7380000000, "2 h 3 min" },
                { 90000000000, "1 d 1 h" },
        };
        char expected[128];

        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                begin(EVENT_CONNECTION_VANISHED, "x", 1);
                event_set_number(&e, EVENT_FIELD_BYTES_SENT, sizes[i].bytes);
                (void) snprintf(expected, sizeof(expected), "x[1] vanished: ? - -- - %s sent", sizes[i].text);
                assert_message(expected);
        }
        for (size_t i = 0; i < ELEMENTSOF(durations); i++) {
                begin(EVENT_CONNECTION_VANISHED, "x", 1);
                event_set_number(&e, EVENT_FIELD_DURATION, durations[i].usec);
                (void) snprintf(expected, sizeof(expected), "x[1] vanished: ? - -- - after %s", durations[i].text);
                assert_message(expected);
        }
}

static void test_hostile_names(void **state) {
        static const struct {
                Bytes comm;
                const char *text;
        } cases[] = {
                { BYTES("a b"), "\"a b\"[1] gone: -" },
                { BYTES("x[1] gone: -"), "\"x[1] gone: -\"[1] gone: -" },
                { BYTES("say \"hi\""), "\"say \\x22hi\\x22\"[1] gone: -" },
                { BYTES("\x1b[2J"), "\"\\x1b[2J\"[1] gone: -" },
                { BYTES("back\\slash"), "\"back\\\\slash\"[1] gone: -" },
                { BYTES("a\nb"), "\"a\\x0ab\"[1] gone: -" },
                { BYTES("?"), "\"?\"[1] gone: -" },
                { BYTES("gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\"[1] gone: -" },
                { BYTES("kworker/0:1"), "kworker/0:1[1] gone: -" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                begin(EVENT_PROCESS_GONE, NULL, 1);
                event_set_bytes(&e, EVENT_FIELD_COMM, cases[i].comm);
                assert_message(cases[i].text);
        }
        begin(EVENT_PROCESS_GONE, "x", 1);
        event_set_word(&e, EVENT_FIELD_RULE, "a) (rule b");
        assert_message("x[1] gone: - (rule \"a) (rule b\")");
}

static void test_bound(void **state) {
        static char big[2000];
        _cleanup_text_ Text t = TEXT_NULL;

        /* 256 bytes of a path, then three dots: the line goes on */
        memset(big, 'p', sizeof(big));
        begin(EVENT_PROCESS_GONE, "x", 1);
        event_set_bytes(&e, EVENT_FIELD_EXE, (Bytes){ big, sizeof(big) });
        event_set_word(&e, EVENT_FIELD_RULE, "r");
        format_message(&context, &e, &t);
        assert_string_equal(text_string(&t) + t.size - 13, "p... (rule r)");
        assert_int_equal(t.size, strlen("x[1] gone: ") + 256 + strlen("... (rule r)"));

        /* every quote becomes four bytes: more than a line takes */
        memset(big, '"', sizeof(big));
        begin(EVENT_CONNECTION_VANISHED, NULL, 1);
        event_set_number(&e, EVENT_FIELD_FAMILY, FAMILY_UNIX);
        event_set_bytes(&e, EVENT_FIELD_LOCAL_PATH, (Bytes){ big, sizeof(big) });
        event_set_bytes(&e, EVENT_FIELD_PEER_PATH, (Bytes){ big, sizeof(big) });
        text_clear(&t);
        text_append(&t, "before ");
        format_message(&context, &e, &t);
        assert_int_equal(t.size, strlen("before ") + FORMAT_MESSAGE_MAX);
}

static void test_text(void **state) {
        _cleanup_text_ Text t = TEXT_NULL;

        begin(EVENT_PROCESS_GONE, "x", 1);
        format_text(&context, &e, &t);
        assert_string_equal(text_string(&t), "x[1] gone: -\n");

        event_set_number(&e, EVENT_FIELD_NOT_BEFORE, 1000);
        text_clear(&t);
        format_text(&context, &e, &t);
        assert_string_equal(text_string(&t), "22:13:20.001  x[1] gone: -\n");

        event_set_number(&e, EVENT_FIELD_OPENED_AT, 2999);
        text_clear(&t);
        format_text(&context, &e, &t);
        assert_string_equal(text_string(&t), "22:13:20.002  x[1] gone: -\n");

        event_set_number(&e, EVENT_FIELD_NOT_AFTER, 61000000);
        text_clear(&t);
        format_text(&context, &e, &t);
        assert_string_equal(text_string(&t), "22:14:21.000  x[1] gone: -\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_connection),
                cmocka_unit_test(test_changed), cmocka_unit_test(test_inherited),
                cmocka_unit_test(test_stalled), cmocka_unit_test(test_expectation), cmocka_unit_test(test_unix),
                cmocka_unit_test(test_missed),
                cmocka_unit_test(test_summary),
                cmocka_unit_test(test_completed),
                cmocka_unit_test(test_listener),
                cmocka_unit_test(test_process),
                cmocka_unit_test(test_audit),
                cmocka_unit_test(test_condition), cmocka_unit_test(test_gap),
                cmocka_unit_test(test_lost),
                cmocka_unit_test(test_sizes_and_durations),
                cmocka_unit_test(test_hostile_names),
                cmocka_unit_test(test_bound),
                cmocka_unit_test(test_text),
        };

        (void) setenv("TZ", "UTC", 1);
        tzset();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
