/* SPDX-License-Identifier: MIT */
#pragma once

/* Delivery: what the daemon does so that each event gets into the journal. Private to manager*.c. */

#include "config/config.h"
#include "emit/outbox.h"

/* The outbox in the state directory; where that cannot be used, one in memory, and `ret_degraded` says so. What was found in it is logged. 0 or
 * negative errno. */
int delivery_open_outbox(Outbox **ret, const Config *config, uint64_t *ret_waiting, const char **ret_degraded);
