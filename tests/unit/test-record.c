/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "collect/record.h"

static struct RecordSocket close_of(unsigned old_state, unsigned error, unsigned flags) {
        return (struct RecordSocket){
                .kind = RECORD_CLOSE, .flags = (uint8_t) flags, .family = AF_INET, .old_state = (uint8_t) old_state, .error = (uint16_t) error,
                .protocol = IPPROTO_TCP, .when = 5000123, .opened = 4000999, .cookie = 7, .netns = 9, .netns_inode = 4026531840, .inode = 11,
                .opener = { .pid = 100, .start = 12345678901, .exec = 3 }, .closer = { .pid = 200, .start = 10000000 },
                .local = { 127, 0, 0, 1 }, .peer = { 127, 0, 0, 2 }, .local_port = htons(40000), .peer_port = htons(443),
                .bytes_sent = 100, .bytes_received = 51, .rtt_usec = 8,
        };
}

static void test_kind(void **state) {
        struct RecordSocket s = { .kind = RECORD_OPEN };
        struct RecordExec e = { .head = { .kind = RECORD_EXEC } };

        assert_int_equal(record_kind(&s, sizeof(s)), RECORD_OPEN);
        assert_int_equal(record_kind(&s, sizeof(s) - 1), 0);
        assert_int_equal(record_kind(&s, 0), 0);
        assert_int_equal(record_kind(&e, sizeof(e)), RECORD_EXEC);
        assert_int_equal(record_kind(&e, sizeof(e.head)), 0);
        s.kind = 0;
        assert_int_equal(record_kind(&s, sizeof(s)), 0);
        s.kind = 255;
        assert_int_equal(record_kind(&s, sizeof(s)), 0);
}

static void test_socket(void **state) {
        struct RecordSocket s = close_of(STATE_LAST_ACK, 0, RECORD_TOLD | RECORD_FIN);
        Process who = {};
        Notice n;

        record_socket(&s, &n, &who);
        assert_int_equal(n.kind, NOTICE_CLOSE);
        assert_int_equal(n.source, NOTICE_BY_BPF);
        assert_int_equal(n.not_before, 5000);
        assert_int_equal(n.not_after, 5000);
        assert_int_equal(n.opened, 4000);
        assert_false(n.first);
        assert_int_equal(n.direction, DIRECTION_EGRESS);
        assert_int_equal(n.role, ROLE_OPENER);
        assert_ptr_equal(n.process, &who);
        assert_int_equal(who.pid, 100);
        assert_int_equal(who.start_ticks, 1234); /* of 10 ms */
        assert_int_equal(n.socket.cookie, 7);
        assert_int_equal(n.socket.netns, 9);
        assert_int_equal(n.netns_inode, 4026531840);
        assert_int_equal(n.socket.state, STATE_LAST_ACK);
        assert_int_equal(n.socket.local.port, 40000);
        assert_int_equal(n.socket.peer.port, 443);
        assert_int_equal(n.socket.bytes_received, 50);
        assert_int_equal(n.socket.bytes_sent, 100);
        assert_int_equal(n.socket.rtt_usec, 8);
        assert_int_equal(n.end, END_CLOSED);

        /* What a listener got is whose that closed it. */
        s = close_of(STATE_ESTABLISHED, 0, RECORD_PASSIVE);
        record_socket(&s, &n, &who);
        assert_true(n.first);
        assert_int_equal(n.direction, DIRECTION_INGRESS);
        assert_int_equal(n.role, ROLE_CLOSER);
        assert_int_equal(who.pid, 200);
        s.closer.pid = 0;
        record_socket(&s, &n, &who);
        assert_int_equal(n.role, ROLE_LISTENER);
        assert_int_equal(who.pid, 100);
        s.opener.pid = 0;
        record_socket(&s, &n, &who);
        assert_null(n.process);
}

static void test_open(void **state) {
        struct RecordSocket s = close_of(STATE_SYN_SENT, 0, 0);
        Process who = {};
        Notice n;

        s.kind = RECORD_OPEN;
        s.closer.pid = 0;
        record_socket(&s, &n, &who);
        assert_int_equal(n.kind, NOTICE_OPEN);
        assert_int_equal(n.socket.state, STATE_ESTABLISHED);
        assert_int_equal(n.not_before, 5000);
        assert_int_equal(n.opened, 4000);
        s.old_state = STATE_CLOSE;
        record_socket(&s, &n, &who);
        assert_int_equal(n.socket.state, STATE_LISTEN);
        assert_int_equal(n.direction, DIRECTION_UNKNOWN);
}

static void test_end(void **state) {
        static const struct {
                unsigned old_state, error, flags;
                End end;
        } cases[] = {
                { STATE_SYN_SENT, ECONNREFUSED, 0, END_REFUSED },
                { STATE_SYN_SENT, ETIMEDOUT, 0, END_TIMED_OUT },
                { STATE_SYN_SENT, EHOSTUNREACH, 0, END_UNREACHABLE },
                { STATE_SYN_SENT, ENETUNREACH, 0, END_UNREACHABLE },
                { STATE_SYN_SENT, 0, 0, END_CLOSED },
                { STATE_ESTABLISHED, ECONNRESET, 0, END_RESET_RECEIVED },
                { STATE_CLOSE_WAIT, EPIPE, 0, END_RESET_RECEIVED },
                { STATE_ESTABLISHED, ETIMEDOUT, 0, END_TIMED_OUT },
                { STATE_ESTABLISHED, ECONNABORTED, 0, END_RESET_SENT },
                { STATE_ESTABLISHED, 0, 0, END_RESET_SENT },
                { STATE_CLOSE_WAIT, 0, 0, END_RESET_SENT },
                { STATE_FIN_WAIT_1, 0, 0, END_UNKNOWN },
                { STATE_FIN_WAIT_2, 0, 0, END_CLOSED },
                { STATE_LAST_ACK, 0, RECORD_KILLED, END_KILLED },
                { STATE_LISTEN, 0, 0, END_UNKNOWN },
                { STATE_ESTABLISHED, 12345, 0, END_UNKNOWN },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct RecordSocket s = close_of(cases[i].old_state, cases[i].error, cases[i].flags);
                Process who = {};
                Notice n;

                record_socket(&s, &n, &who);
                assert_int_equal(n.end, cases[i].end);
                assert_int_equal(n.error, cases[i].error);
                assert_int_equal(n.socket.answered == ANSWERED_NO, cases[i].old_state == STATE_SYN_SENT);
        }
}

/* The kernel ended it, and somebody has taken the error away: how is not known. What nobody has accepted has no inode, and is reset with its listener. */
static void test_end_of_nobody(void **state) {
        static const unsigned states[] = { STATE_SYN_SENT, STATE_ESTABLISHED, STATE_CLOSE_WAIT };

        for (size_t i = 0; i < ELEMENTSOF(states); i++) {
                struct RecordSocket s = close_of(states[i], 0, 0);
                Process who = {};
                Notice n;

                s.closer.pid = 0;
                s.inode = 1;
                record_socket(&s, &n, &who);
                assert_int_equal(n.end, END_UNKNOWN);
                s.inode = 0;
                record_socket(&s, &n, &who);
                assert_int_equal(n.end, states[i] == STATE_SYN_SENT ? END_CLOSED : END_RESET_SENT);
        }
}

/* It has no direction, and nobody counts its bytes. */
static void test_udp(void **state) {
        struct RecordSocket s = close_of(STATE_CLOSE, 0, 0);
        Process who = {};
        Notice n;

        s.protocol = IPPROTO_UDP;
        s.peer_port = 0;
        record_socket(&s, &n, &who);
        assert_int_equal(n.kind, NOTICE_CLOSE);
        assert_true(n.first);
        assert_int_equal(n.opened, 4000);
        assert_int_equal(n.socket.transport, TRANSPORT_UDP);
        assert_int_equal(n.socket.state, STATE_CLOSE);
        assert_int_equal(n.socket.local.port, 40000);
        assert_int_equal(n.socket.peer.port, 0);
        assert_true(n.socket.bytes_sent == SOCKET_UNKNOWN && n.socket.bytes_received == SOCKET_UNKNOWN);
        assert_true(n.socket.total_retransmits == SOCKET_UNKNOWN && n.socket.rtt_usec == SOCKET_UNKNOWN);
        assert_int_equal(n.direction, DIRECTION_UNKNOWN);
        assert_int_equal(n.role, ROLE_OPENER);
        assert_int_equal(who.pid, 100);
        assert_int_equal(n.end, END_UNKNOWN);
        s.closer = s.opener;
        record_socket(&s, &n, &who);
        assert_int_equal(n.end, END_CLOSED);
        s.old_state = STATE_ESTABLISHED;
        s.flags = RECORD_KILLED;
        record_socket(&s, &n, &who);
        assert_int_equal(n.socket.state, STATE_ESTABLISHED);
        assert_int_equal(n.end, END_KILLED);
}

/* As the programs write it: from the end on. */
static void set_path(struct RecordPath *p, const char *text) {
        p->begin = (uint16_t) (RECORD_PATH - strlen(text));
        memcpy(p->text + p->begin, text, strlen(text));
}

static struct RecordExec *exec_new(void) {
        struct RecordExec *e = calloc(1, sizeof(*e));

        assert_non_null(e);
        e->head = (struct RecordProcessHead){
                .kind = RECORD_EXEC, .process = { .pid = 5, .start = 20000000 }, .parent = { .pid = 4 },
                .uid = 1, .effective_uid = 2, .gid = 3, .login_uid = 1000, .session = 6, .netns = 8, .netns_inode = 9,
                .tty = 136u << 20 | 300, .comm = "name",
        };
        e->exe.begin = e->cwd.begin = e->cgroup.begin = RECORD_PATH;
        return e;
}

static void test_process(void **state) {
        _cleanup_process_ Process p;
        struct RecordExec *e = exec_new();

        set_path(&e->exe, "/usr/bin/curl");
        set_path(&e->cgroup, "/system.slice/a.service");
        memcpy(e->arguments, "curl\0--user\0me:geheim", 22);
        e->arguments_size = 22;
        process_init(&p);
        assert_int_equal(record_process(&e->head, sizeof(*e), &p), 0);
        assert_int_equal(p.pid, 5);
        assert_int_equal(p.parent, 4);
        assert_int_equal(p.start_ticks, 2);
        assert_int_equal(p.uid, 1);
        assert_int_equal(p.effective_uid, 2);
        assert_int_equal(p.gid, 3);
        assert_int_equal(p.login_uid, 1000);
        assert_int_equal(p.audit_session, 6);
        assert_int_equal(p.netns_inode, 9);
        assert_int_equal(p.tty, 300 % 256 | 136 << 8 | (300 / 256 * 256) << 12);
        assert_string_equal(p.comm, "name");
        assert_string_equal(p.exe, "/usr/bin/curl");
        assert_int_equal(p.exe_state, EXE_PRESENT);
        assert_string_equal(p.cwd, "/");
        assert_string_equal(p.unit, "a.service");
        assert_string_equal(p.cmdline, "curl --user me:geheim");
        assert_non_null(p.cmdline_told);
        assert_null(strstr(p.cmdline_told, "geheim"));
        free(e);
}

static void test_process_limits(void **state) {
        _cleanup_process_ Process p;
        struct RecordExec *e = exec_new();

        memset(e->head.comm, 'x', sizeof(e->head.comm)); /* no end */
        memset(e->arguments, 'y', sizeof(e->arguments));
        e->arguments_size = UINT32_MAX;
        set_path(&e->exe, "/memfd:a");
        e->exe.deleted = 1;
        e->cwd.cut = 1;
        e->cgroup.begin = UINT16_MAX;
        process_init(&p);
        assert_int_equal(record_process(&e->head, sizeof(*e), &p), 0);
        assert_int_equal(strlen(p.comm), sizeof(e->head.comm));
        assert_int_equal(p.cmdline_size, RECORD_ARGUMENTS);
        assert_int_equal(p.exe_state, EXE_MEMFD);
        assert_null(p.cwd);
        assert_null(p.cgroup);
        process_done(&p);

        /* The head alone. */
        assert_int_equal(record_process(&e->head, sizeof(e->head), &p), 0);
        assert_null(p.exe);
        process_done(&p);
        set_path(&e->exe, "/bin/a");
        assert_int_equal(record_process(&e->head, sizeof(*e), &p), 0);
        assert_int_equal(p.exe_state, EXE_DELETED);
        free(e);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_kind),    cmocka_unit_test(test_socket),  cmocka_unit_test(test_open),
                cmocka_unit_test(test_end),     cmocka_unit_test(test_udp), cmocka_unit_test(test_end_of_nobody),     cmocka_unit_test(test_process), cmocka_unit_test(test_process_limits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
