/* SPDX-License-Identifier: MIT */
#pragma once

/* Reader: events of sockauditd back from the journal of this host; the only user of sd-journal(3).
 *
 * Anybody may write entries with our fields. Believed are those with _UID=0 and _SYSTEMD_UNIT=sockauditd.service, which journald
 * itself sets. */

#include <stdbool.h>
#include <stdint.h>

#include "inspect/history.h"

typedef struct ReaderOptions {
        const char *const *kinds; /* SOCKAUDIT_EVENT: any of these; NULL ends. NULL: of all */
        uint64_t since;           /* microseconds since the epoch: when it was stored */
        bool untrusted;           /* believe every entry */
} ReaderOptions;

/* Called for each event, the newest first. A negative return ends it and is passed on. */
typedef int (*reader_take_t)(void *userdata, const History *h);

/* Oldest and newest entry of the whole journal (microseconds since the epoch) and its size on disk. 0; -ENODATA: it is empty; -EACCES: there may be
 * one, and it may not be read; or negative errno. */
int reader_extent(uint64_t *ret_first, uint64_t *ret_last, uint64_t *ret_bytes);

/* The number of events, or negative errno: there is no journal, or it may not be read. */
int reader_run(const ReaderOptions *options, reader_take_t take, void *userdata);
