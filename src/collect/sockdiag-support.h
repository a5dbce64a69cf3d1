/* SPDX-License-Identifier: MIT */
#pragma once

/* Which families of sockets the sock_diag of this kernel knows. */

typedef enum SockdiagFamily {
        SOCKDIAG_TCP,
        SOCKDIAG_UDP,
        SOCKDIAG_RAW,
        SOCKDIAG_MPTCP,
        SOCKDIAG_UNIX,
        SOCKDIAG_PACKET,
        SOCKDIAG_NETLINK,
        SOCKDIAG_VSOCK,
        _SOCKDIAG_FAMILY_MAX,
} SockdiagFamily;

/* Does a dump of this family give an answer? 0; -ENOENT: there is no handler; else negative errno. */
int sockdiag_supports(SockdiagFamily family);
