/* SPDX-License-Identifier: MIT */
#pragma once

/* What collect.c (which way of asking there is) and collect-look.c (a look at a whole table) share. */

#include "collect/collect.h"
#include "collect/hooks.h"
#include "collect/sockdiag.h"

struct Collector {
        CollectorKind kind;
        int proc_fd;
        Hooks *hooks;  /* NULL: this kind has none */
        Hook refused;  /* where there are none, though they were wanted: which one, and why */
        int refusal;
        Netns own;     /* pid 0 */
        Sockdiag diag; /* in our own namespace; opened when needed */
        bool text;     /* other namespaces may not be entered: what has no other way is read as text */
        int names;     /* a socket in our own namespace, for names of interfaces; opened when needed */
        bool mptcp;    /* can be asked for */
        uint64_t *mptcp_netns; /* ids of the namespaces whose last look told MPTCP connections */
        size_t mptcp_count;
};

/* The socket in our own namespace is open after that. 0 or negative errno. */
int collector_own_diag(Collector *c);
bool collector_is_own(const Collector *c, const Netns *netns);
/* The socket for a namespace: our own is lent, a foreign one is kept in *foreign by the caller for as long as his look lasts. -EPERM: only its text can be had. */
int collector_diag_for(Collector *c, const Netns *netns, Sockdiag *foreign, Sockdiag **ret);
