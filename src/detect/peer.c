/* SPDX-License-Identifier: MIT */

#include "detect/peer.h"

#include "base/macro.h"

const char *peer_by_name(unsigned by) {
        static const char *const names[_PEER_BY_MAX] = { [PEER_BY_TUPLE] = "tuple", [PEER_BY_UNIX] = "unix" };

        return by < _PEER_BY_MAX ? names[by] : NULL;
}

const char *peer_state_name(unsigned state) {
        static const char *const names[_PEER_STATE_MAX] = {
                [PEER_ACCEPTED] = "accepted", [PEER_PENDING] = "pending", [PEER_GONE] = "gone",
        };

        return state < _PEER_STATE_MAX ? names[state] : NULL;
}

static bool is_same(const PeerProcess *a, const PeerProcess *b) {
        return a->pid == b->pid && a->start_ticks == b->start_ticks;
}

bool peer_is_better(const PeerProcess *a, const PeerProcess *b, const PeerProcess *this_end) {
        int d;

        if (is_same(a, this_end) != is_same(b, this_end))
                return is_same(b, this_end);
        if ((a->pid == 1) != (b->pid == 1))
                return b->pid == 1;
        d = CMP(a->start_ticks, b->start_ticks);
        return (d ?: CMP(a->pid, b->pid)) < 0;
}

/* Without an inode nobody holds it: not yet, as long as it has closed nothing itself; else no more. */
PeerState peer_state_of(unsigned transport, unsigned state, uint32_t inode) {
        if (transport != TRANSPORT_TCP)
                return PEER_STATE_UNKNOWN;
        if (inode != 0)
                return PEER_ACCEPTED;
        return state == STATE_ESTABLISHED || state == STATE_CLOSE_WAIT ? PEER_PENDING : PEER_GONE;
}
