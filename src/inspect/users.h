/* SPDX-License-Identifier: MIT */
#pragma once

/* Users: names of uids, and back, through the name service of this host: for people at the command line only (a look-up
 * can block on the network, and means nothing for the uids of a container). */

#include <stdint.h>

#include "base/text.h"

/* Append the escaped name of a user, or the number where there is none. The names of the first 64 users are remembered. */
void user_append(Text *t, uint32_t uid);
/* -ENOENT: no such user. */
int user_find(const char *name, uint32_t *ret_uid);
