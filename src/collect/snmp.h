/* SPDX-License-Identifier: MIT */
#pragma once

/* /proc/PID/net/snmp and netstat: the kernel's own counters of a namespace. They count for all processes and do not depend on any look, so
 * that they can be held against what was told. */

#include <stddef.h>

#include "collect/look.h"

/* The counters of a namespace. 0; -ESRCH when nobody lives there under its pid any more; -EINVAL; or what open or read said. */
int snmp_read(int proc_fd, const Netns *netns, Openings *ret);

/* Pure: ActiveOpens and PassiveOpens of the two lines "Tcp: NAME..." and "Tcp: VALUE...". -EINVAL when they are not there. */
int snmp_parse(const char *text, size_t size, Openings *ret);

/* The same of ListenOverflows and ListenDrops of /proc/PID/net/netstat ("TcpExt: ..."). */
int netstat_read(int proc_fd, const Netns *netns, Overflows *ret);
int netstat_parse(const char *text, size_t size, Overflows *ret);
