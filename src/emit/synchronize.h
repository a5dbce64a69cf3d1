/* SPDX-License-Identifier: MIT */
#pragma once

/* Synchronize: asks journald to say when it has dealt with all that it was sent before the question (io.systemd.Journal.Synchronize,
 * by varlink). The answer says "dealt with", not "stored"; it may take long, since journald answers when it has nothing else to do, and
 * any user can keep it busy. It costs journald an fsync. Nothing here waits. */

#include <stddef.h>
#include <stdint.h>

#define SYNCHRONIZE_SOCKET "/run/systemd/journal/io.systemd.journal"
#define SYNCHRONIZE_NULL ((Synchronize){ .fd = -1 })

typedef struct Synchronize {
        int fd; /* -1: nothing was asked */
        char answer[256];
        size_t size;
} Synchronize;

void synchronize_done(Synchronize *s);

/* path: NULL for SYNCHRONIZE_SOCKET. 0; or negative errno: nobody can be asked now. An earlier question is forgotten. */
int synchronize_ask(Synchronize *s, const char *path);

/* To the question that was asked: 1 once; 0: none yet; or negative errno: there will be none, ask again. */
int synchronize_answered(Synchronize *s);
