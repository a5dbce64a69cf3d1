/* SPDX-License-Identifier: MIT */
#pragma once

/* The records of a saved map (ledger-save.c): what of each of its entries is kept. Each is described once, for both ways (base/archive.h). Rules are known
 * again by their names, and a process keeps what it matched only of those that have not changed. A loaded number is checked before it is used as one: whatever the
 * bytes are, nothing is reached that is not there. A change of what follows what is a new RESUME_VERSION of the file (manager-resume.h). */

#include "base/archive.h"
#include "detect/ledger-internal.h"

typedef struct Image {
        Archive archive;
        Ledger *ledger;
        uint64_t now;   /* loading: no time in it can be later */
        Actor **actors; /* by their numbers in it */
        size_t actor_count;
        struct ImageRule {
                int number; /* that the rule has now; -1: it is there no more */
                bool unchanged;
        } *rules; /* loading: by their numbers in it */
        size_t rule_count;
        size_t connections, slots; /* saving: how many there are */
} Image;

/* 0; -ENOMEM; or -EBADMSG: the archive is bad. */
int image_rules(Image *i);
/* Loading: of another limit nothing is kept. */
void image_budget(Image *i, Budget *b);
void image_table(Image *i, TableState *t);
void image_actor(Image *i, Actor *a);
/* What connection_new() makes a connection of. */
void image_socket(Image *i, uint64_t *key, uint16_t *table, Socket *s);
/* All else. -ENOMEM. */
int image_connection(Image *i, Connection *c);
