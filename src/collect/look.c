/* SPDX-License-Identifier: MIT */

#include "collect/look.h"

#include "base/macro.h"
#include "collect/socket.h"

bool netns_has_cookie(uint64_t id) {
        return id >> 63 == 0;
}

const char *table_name(TableKind kind) {
        static const char *const names[_TABLE_MAX] = {
                [TABLE_TCP] = "tcp",
                [TABLE_UDP] = "udp",
                [TABLE_RAW] = "raw",
                [TABLE_UNIX] = "unix",
                [TABLE_UDPLITE] = "udplite",
                [TABLE_PACKET] = "packet",
                [TABLE_NETLINK] = "netlink",
                [TABLE_VSOCK] = "vsock",
        };

        return (unsigned) kind < _TABLE_MAX ? names[kind] : NULL;
}

#define TRANSPORTS(a, b, c) (1u << TRANSPORT_UNKNOWN | 1u << (a) | 1u << (b) | 1u << (c))

TableKind table_of(unsigned family, unsigned transport) {
        static const struct {
                TableKind table;
                unsigned families, transports;
        } tables[] = {
                { TABLE_TCP, 1 << FAMILY_IPV4 | 1 << FAMILY_IPV6, 1 << TRANSPORT_TCP | 1 << TRANSPORT_MPTCP },
                { TABLE_UDP, 1 << FAMILY_IPV4 | 1 << FAMILY_IPV6, 1 << TRANSPORT_UDP },
                { TABLE_UDPLITE, 1 << FAMILY_IPV4 | 1 << FAMILY_IPV6, 1 << TRANSPORT_UDPLITE },
                { TABLE_RAW, 1 << FAMILY_IPV4 | 1 << FAMILY_IPV6, 1 << TRANSPORT_RAW | 1 << TRANSPORT_ICMP },
                { TABLE_UNIX, 1 << FAMILY_UNIX, TRANSPORTS(TRANSPORT_STREAM, TRANSPORT_DGRAM, TRANSPORT_SEQPACKET) },
                { TABLE_PACKET, 1 << FAMILY_PACKET, TRANSPORTS(TRANSPORT_RAW, TRANSPORT_DGRAM, TRANSPORT_PACKET) },
                { TABLE_NETLINK, 1 << FAMILY_NETLINK, 1 << TRANSPORT_UNKNOWN },
                { TABLE_VSOCK, 1 << FAMILY_VSOCK, TRANSPORTS(TRANSPORT_STREAM, TRANSPORT_DGRAM, TRANSPORT_SEQPACKET) },
        };

        for (size_t i = 0; i < ELEMENTSOF(tables); i++)
                if (family < _FAMILY_MAX && transport < _TRANSPORT_MAX && tables[i].families >> family & 1 &&
                    tables[i].transports >> transport & 1)
                        return tables[i].table;
        return _TABLE_MAX;
}

const char *coverage_name(CoverageState state) {
        static const char *const names[_COVERAGE_MAX] = {
                [COVERAGE_OK] = "ok",
                [COVERAGE_GONE] = "gone",
                [COVERAGE_LOST] = "namespace-lost",
                [COVERAGE_DENIED] = "denied",
                [COVERAGE_INTERRUPTED] = "interrupted",
                [COVERAGE_OVER_LIMIT] = "over-limit",
        };

        return (unsigned) state < _COVERAGE_MAX ? names[state] : NULL;
}
