/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include "detect/peer.h"

static void test_better(void **state) {
        const PeerProcess init = { 1, 1 }, old = { 70, 100 }, young = { 60, 200 }, self = { 50, 50 };

        assert_true(peer_is_better(&old, &young, &self) && !peer_is_better(&young, &old, &self));
        assert_true(peer_is_better(&young, &init, &self) && !peer_is_better(&init, &young, &self));
        assert_true(peer_is_better(&young, &self, &self) && !peer_is_better(&self, &young, &self));
        assert_true(peer_is_better(&init, &self, &self)); /* this end is the last choice */
        assert_false(peer_is_better(&old, &old, &self));
        /* the pid alone is not the process */
        assert_true(peer_is_better(&(PeerProcess){ 50, 60 }, &old, &self));
}

static void test_state(void **state) {
        assert_int_equal(peer_state_of(TRANSPORT_TCP, STATE_ESTABLISHED, 7), PEER_ACCEPTED);
        assert_int_equal(peer_state_of(TRANSPORT_TCP, STATE_FIN_WAIT_2, 7), PEER_ACCEPTED);
        assert_int_equal(peer_state_of(TRANSPORT_TCP, STATE_ESTABLISHED, 0), PEER_PENDING);
        assert_int_equal(peer_state_of(TRANSPORT_TCP, STATE_CLOSE_WAIT, 0), PEER_PENDING);
        assert_int_equal(peer_state_of(TRANSPORT_TCP, STATE_FIN_WAIT_1, 0), PEER_GONE);
        assert_int_equal(peer_state_of(TRANSPORT_TCP, STATE_LAST_ACK, 0), PEER_GONE);
        assert_int_equal(peer_state_of(TRANSPORT_UDP, STATE_ESTABLISHED, 0), PEER_STATE_UNKNOWN);
        assert_int_equal(peer_state_of(TRANSPORT_UDP, STATE_ESTABLISHED, 7), PEER_STATE_UNKNOWN); /* nobody accepts a datagram */
}

static void test_names(void **state) {
        assert_string_equal(peer_by_name(PEER_BY_TUPLE), "tuple");
        assert_string_equal(peer_by_name(PEER_BY_UNIX), "unix");
        assert_null(peer_by_name(PEER_BY_NOTHING));
        assert_null(peer_by_name(_PEER_BY_MAX));
        assert_string_equal(peer_state_name(PEER_PENDING), "pending");
        assert_null(peer_state_name(PEER_STATE_UNKNOWN));
        assert_null(peer_state_name(_PEER_STATE_MAX));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_better),
                cmocka_unit_test(test_state),
                cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
