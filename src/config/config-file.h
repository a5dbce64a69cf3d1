/* SPDX-License-Identifier: MIT */
#pragma once

/* Sources: the texts that make a configuration, in the order in which they count. Private to config*.c. */

#include <stddef.h>

#include "config/config-problem.h"
#include "config/config.h"

typedef struct Source {
        Place place; /* order and name; line 0 */
        const char *text;
        size_t size;
        char *owned_name, *owned_text;
} Source;

typedef struct Sources {
        Source *items;
        size_t count;
} Sources;

void sources_done(Sources *s);

/* Opens the file and its drop-ins. Whatever keeps it from that goes to `problems`, as do doubts about who can write
 * them: as errors with CONFIG_TRUST_REQUIRED (-EPERM), else as warnings. -ENOENT and so on; ret is written on
 * success only. */
int sources_open(const char *path, ConfigTrust trust, Problems *problems, Sources *ret);
