/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <string.h>

#include "collect/connector.h"

/* Laid out here, and not by the headers' structs alone: 16 bytes of netlink, 20 of the connector, 40 of the event, unaligned. */
typedef struct Message {
        char data[128];
        size_t size;
} Message;

static void make(Message *m, uint32_t sequence, uint32_t what, uint32_t cpu, uint64_t nsec, size_t count, const uint32_t *words) {
        const struct nlmsghdr h = { .nlmsg_len = 76, .nlmsg_type = NLMSG_DONE };
        const struct cn_msg c = { .id = { CN_IDX_PROC, CN_VAL_PROC }, .seq = sequence, .len = 40 };

        memset(m, 0, sizeof(*m));
        memcpy(m->data, &h, 16);
        memcpy(m->data + 16, &c, 20);
        memcpy(m->data + 36, &what, 4);
        memcpy(m->data + 40, &cpu, 4);
        memcpy(m->data + 44, &nsec, 8);
        memcpy(m->data + 52, words, count * 4);
        m->size = 76;
}

static ConnectorNotice parse(uint32_t what, size_t count, const uint32_t *words) {
        ConnectorNotice n;
        Message m;

        make(&m, 7, what, 1, 5000000999, count, words);
        assert_int_equal(connector_parse(m.data, m.size, &n), 0);
        assert_int_equal(n.cpu, 1);
        assert_int_equal(n.sequence, 7);
        assert_int_equal(n.when, 5000000);
        return n;
}

static void test_kinds(void **state) {
        static const struct {
                uint32_t what;
                uint32_t words[6];
                ConnectorKind kind;
                uint32_t pid, parent;
        } cases[] = {
                { PROC_EVENT_FORK, { 10, 10, 20, 20 }, CONNECTOR_FORK, 20, 10 },
                { PROC_EVENT_FORK, { 11, 10, 20, 20 }, CONNECTOR_FORK, 20, 10 }, /* by a thread */
                { PROC_EVENT_FORK, { 10, 10, 21, 20 }, CONNECTOR_OTHER, 20, 10 },
                { PROC_EVENT_EXEC, { 20, 20 }, CONNECTOR_EXEC, 20, 0 },
                { PROC_EVENT_UID, { 20, 20, 1000, 1000 }, CONNECTOR_CHANGE, 20, 0 },
                { PROC_EVENT_UID, { 21, 20, 1000, 1000 }, CONNECTOR_OTHER, 20, 0 },
                { PROC_EVENT_COMM, { 20, 20, 0x41414141 }, CONNECTOR_CHANGE, 20, 0 },
                { PROC_EVENT_COMM, { 21, 20, 0x41414141 }, CONNECTOR_OTHER, 20, 0 },
                { PROC_EVENT_EXIT, { 20, 20, 0, 17, 10, 10 }, CONNECTOR_EXIT, 20, 0 },
                { PROC_EVENT_EXIT, { 21, 20, 0, 17, 10, 10 }, CONNECTOR_OTHER, 20, 0 },
                { PROC_EVENT_GID, { 20, 20 }, CONNECTOR_OTHER, 0, 0 },
                { PROC_EVENT_SID, { 20, 20 }, CONNECTOR_OTHER, 0, 0 },
                { 0x400, { 20, 20 }, CONNECTOR_OTHER, 0, 0 },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ConnectorNotice n = parse(cases[i].what, 6, cases[i].words);

                assert_int_equal(n.kind, cases[i].kind);
                assert_int_equal(n.pid, cases[i].pid);
                assert_int_equal(n.parent, cases[i].parent);
        }
}

static void test_acknowledgement(void **state) {
        const uint32_t error = EPERM;
        ConnectorNotice n = parse(PROC_EVENT_NONE, 1, &error);

        (void) state;
        assert_int_equal(n.kind, CONNECTOR_ACK);
        assert_int_equal(n.error, EPERM);
}

static void test_damaged(void **state) {
        static const uint32_t words[6] = { 10, 10, 20, 20 };
        const uint32_t more = 77, less = 35, other = CN_IDX_PROC + 1;
        const uint16_t much = 41, little = 15;
        ConnectorNotice n;
        Message m;

        (void) state;
        make(&m, 1, PROC_EVENT_FORK, 0, 0, 4, words);
        for (size_t size = 0; size < m.size; size++)
                assert_int_equal(connector_parse(m.data, size, &n), -EINVAL);
        memcpy(m.data, &more, 4);
        assert_int_equal(connector_parse(m.data, m.size, &n), -EINVAL);
        memcpy(m.data, &less, 4);
        assert_int_equal(connector_parse(m.data, m.size, &n), -EINVAL);
        make(&m, 1, PROC_EVENT_FORK, 0, 0, 4, words);
        memcpy(m.data + 16, &other, 4);
        assert_int_equal(connector_parse(m.data, m.size, &n), -EINVAL);
        make(&m, 1, PROC_EVENT_FORK, 0, 0, 4, words);
        memcpy(m.data + 32, &much, 2);
        assert_int_equal(connector_parse(m.data, m.size, &n), -EINVAL);
        memcpy(m.data + 32, &little, 2);
        assert_int_equal(connector_parse(m.data, m.size, &n), -EINVAL);
}

static uint64_t count(Connector *c, uint32_t cpu, uint32_t sequence, ConnectorKind kind) {
        return connector_count(c, &(ConnectorNotice){ .kind = kind, .cpu = cpu, .sequence = sequence });
}

static void test_count(void **state) {
        uint32_t next[2] = {};
        bool known[2] = {};
        Connector c = { .fd = -1, .next = next, .known = known, .cpus = 2 };

        (void) state;
        assert_int_equal(count(&c, 0, 100, CONNECTOR_FORK), 0);
        assert_int_equal(count(&c, 0, 101, CONNECTOR_OTHER), 0);
        assert_int_equal(count(&c, 1, UINT32_MAX, CONNECTOR_EXIT), 0);
        assert_int_equal(count(&c, 0, 105, CONNECTOR_FORK), 3);
        assert_int_equal(count(&c, 1, 3, CONNECTOR_EXIT), 3); /* 0, 1 and 2 */
        assert_int_equal(count(&c, UINT32_MAX, 7777, CONNECTOR_ACK), 0); /* of no CPU: not counted */
        assert_int_equal(count(&c, 0, 106, CONNECTOR_ACK), 0);
        assert_int_equal(count(&c, 0, 107, CONNECTOR_EXEC), 0);
        assert_int_equal(count(&c, 0, 1, CONNECTOR_EXEC), 0);   /* began anew */
        assert_int_equal(count(&c, 0, 3, CONNECTOR_EXEC), 1);
        assert_int_equal(count(&c, 9, 3, CONNECTOR_EXEC), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_kinds),
                cmocka_unit_test(test_acknowledgement),
                cmocka_unit_test(test_damaged),
                cmocka_unit_test(test_count),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
