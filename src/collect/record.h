/* SPDX-License-Identifier: MIT */
#pragma once

/* What the programs in the kernel have written (bpf/record.h), into notices. Pure. Records come from the kernel, their texts and addresses from anybody. */

#include <stddef.h>
#include <stdint.h>

#include "bpf/record.h"
#include "collect/notice.h"
#include "collect/process.h"

/* RECORD_OPEN, RECORD_CLOSE ... of a record; 0: none that is known, or of another size than it should have. */
unsigned record_kind(const void *record, size_t size);

/* RECORD_OPEN and RECORD_CLOSE, with who is meant in ret->process: `who`, which has pid and start time only. ret->process is NULL where nobody is known. */
void record_socket(const struct RecordSocket *r, Notice *ret, Process *who);

/* Of a process: identity, names, users; of RECORD_EXEC also its paths, its control group and its command line, as far as the record has them. `who` is initialised.
 * 0, -ENOMEM, or -EINVAL: no control group has such a path. */
int record_process(const struct RecordProcessHead *h, size_t size, Process *who);

uint64_t record_ticks(uint64_t start_nsec); /* Process.start_ticks */
/* The path that is in it, with an end, in `buffer`; NULL: none, or not the whole of it. */
const char *record_path(const struct RecordPath *p, char buffer[RECORD_PATH + RECORD_NAME + 1]);
