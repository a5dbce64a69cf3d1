/* SPDX-License-Identifier: MIT */

#include "collect/look.h"

#include "base/macro.h"
#include "collect/socket.h"

const char *table_name(TableKind kind) {
        static const char *const names[_TABLE_MAX] = {
                [TABLE_TCP] = "tcp",
                [TABLE_UDP] = "udp",
                [TABLE_RAW] = "raw",
                [TABLE_UNIX] = "unix",
        };

        return (unsigned) kind < _TABLE_MAX ? names[kind] : NULL;
}

TableKind table_of(unsigned family, unsigned transport) {
        if (family == FAMILY_UNIX)
                return TABLE_UNIX;
        if (family != FAMILY_IPV4 && family != FAMILY_IPV6)
                return _TABLE_MAX;
        if (transport == TRANSPORT_TCP || transport == TRANSPORT_MPTCP)
                return TABLE_TCP;
        if (transport == TRANSPORT_UDP)
                return TABLE_UDP;
        if (transport == TRANSPORT_RAW || transport == TRANSPORT_ICMP)
                return TABLE_RAW;
        return _TABLE_MAX;
}

const char *coverage_name(CoverageState state) {
        static const char *const names[_COVERAGE_MAX] = {
                [COVERAGE_OK] = "ok",
                [COVERAGE_GONE] = "gone",
                [COVERAGE_DENIED] = "denied",
                [COVERAGE_INTERRUPTED] = "interrupted",
                [COVERAGE_OVER_LIMIT] = "over-limit",
        };

        return (unsigned) state < _COVERAGE_MAX ? names[state] : NULL;
}
