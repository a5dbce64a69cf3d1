/* SPDX-License-Identifier: MIT */
#pragma once

/* Community ID, version 1: one name for a flow, the same from both ends and in Zeek, Suricata and others, so that what they saw on the
 * wire can be joined with the process that did it. Specification: github.com/corelight/community-id-spec.
 *
 * Both ends of a connection on one host have the same id: within a host join by SOCKAUDIT_CONNECTION. */

#include <stdbool.h>

#include "collect/socket.h"

#define COMMUNITY_ID_MAX 31 /* "1:", 28 characters of base64, NUL */

/* false: it has none. Only flows have one, so no listener and no socket without a peer; only TCP, MPTCP (as TCP, which it is on the
 * wire), UDP and SCTP: the ids of ICMP need the type of each message, and those of other protocols leave out the ports. */
bool community_id(const Socket *s, char ret[COMMUNITY_ID_MAX]);
