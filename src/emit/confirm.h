/* SPDX-License-Identifier: MIT */
#pragma once

/* Confirm: the events of one run, read back from the journal of this host as they arrive.
 *
 * Only entries with _UID=0 count, which journald sets: whoever may read the journal knows the run, and could confirm for us otherwise. */

#include <stdint.h>

#include "base/macro.h"

typedef struct Confirm Confirm;

/* From the end of what is in the journal. 0; or negative errno: there is no journal, or it may not be read. */
int confirm_open(Confirm **ret, const char *run);
Confirm *confirm_free(Confirm *c);
DEFINE_CLEANUP(Confirm, confirm_free)

/* Open the journal that is there now, and go on with the entry that was read last, once more; if none was, with the first one. A directory that was made, or mounted, since
 * it was opened is seen so. 0; or negative errno, and the reader is as it was. */
int confirm_reopen(Confirm *c);

/* Look for new files of the journal; before each series of confirm_next(). */
void confirm_refresh(Confirm *c);

/* The next seq: 1, in the order in which journald took them; it may come more than once. 0 for an entry that has none. 0: that is all there is
 * by now; or negative errno. */
int confirm_next(Confirm *c, uint64_t *ret_seq);
