/* SPDX-License-Identifier: MIT */
#pragma once

/* What the files of the verb `why` share: why.c looks twice, why-tell.c says in sentences what is stuck and whose fault it looks like,
 * why-history.c what the journal knows. */

#include "inspect/list.h"

/* Sentences about each socket of the rows that is stuck, or one that nothing is. elapsed: between the two looks; 0: there was one. */
int why_tell(const List *l, uint64_t elapsed, Text *t);

/* Events about the targets in the journal since so long ago. An unreadable journal is told, too. -ENOMEM. */
int why_history(const List *l, uint64_t span, bool untrusted, Text *t);
