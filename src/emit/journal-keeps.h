/* SPDX-License-Identifier: MIT */
#pragma once

/* For how long the journal keeps what is written to it, at the rate of what it holds.
 *
 * journald deletes its oldest file whenever its files would take more room, or be more, than it allows itself. So the span from the oldest entry to now is the
 * answer where that has begun. Before, the span grows as the room is used up: an estimate. It is rather too short, since room is taken ahead of what is
 * written, and an eighth of it is free again after each deletion.
 *
 * Nothing is asked of journald, whose own word about its limit stands at its start and is the first that a full journal loses. Read are its directory, the
 * headers of the files there (their format is fixed: systemd.io/JOURNAL_FILE_FORMAT) and journald.conf. They are read, not mapped: a disk that fails is an
 * error here, and not the end of the daemon. */

#include <stdint.h>

typedef struct JournalUse {
        uint64_t oldest;    /* entry of the system's own, microseconds since the epoch; 0: there is none */
        uint64_t bytes;     /* that all files take, those of users, too */
        uint64_t bytes_max; /* that they may take, with what is free now */
        uint64_t archived;  /* files that are full: they alone are deleted */
        uint64_t active;    /* files that are written to */
        uint64_t files_max; /* 0: any number */
        uint64_t retention; /* MaxRetentionSec in microseconds; 0: none */
} JournalUse;

/* Of the directory that journald writes to. 0; -ENOENT: it stores nothing; -EINVAL or -ERANGE: a setting that is not understood; -EACCES, or
 * what else reading said. */
int journal_use_read(JournalUse *ret);

/* Pure: 0 and microseconds; -ENODATA: nothing can be said, since the journal is empty, too young for an estimate, or dated in the future. */
int journal_use_keeps(const JournalUse *u, uint64_t now, uint64_t *ret);

#define JOURNAL_HEADER_SIZE 208

/* Pure: when the oldest entry was written, from the first bytes of a journal file. 0; -ENODATA: there is none; -EBADMSG: this is no journal. */
int journal_header_oldest(const uint8_t header[JOURNAL_HEADER_SIZE], uint64_t *ret);
