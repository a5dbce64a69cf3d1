/* SPDX-License-Identifier: MIT */
#pragma once

/* From a tree of values into a Draft, as the table of keys says. Private to config*.c. */

#include "config/config-key.h"
#include "config/config-problem.h"
#include "config/config-yaml.h"

/* What is wrong goes to `problems`. -ENOMEM or 0, also with problems. file: order and name. */
int draft_read(Draft *d, const Place *file, const Node *root, Problems *problems);
