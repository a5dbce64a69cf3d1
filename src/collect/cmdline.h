/* SPDX-License-Identifier: MIT */
#pragma once

/* Command lines: what of them may be told. They are where passwords are found that nobody wanted to show. */

#include <stddef.h>

#include "base/text.h"

/* Append arguments (each ended by NUL, as /proc/PID/cmdline has them; the last may be cut) joined by blanks, with "[redacted]" in place of
 *
 *     values of options, variables and headers whose name speaks of a password, secret, token or key: --password=X, --api-key X, PGPASSWORD=X,
 *     "Authorization: X", ?token=X in a URL;
 *     what stands before the @ of a URL: scheme://USER:PASSWORD@host;
 *     values of options that are known to be secrets of a program: mysql -pX, curl -u X, sshpass -p X, ...
 *
 * Commands in an argument (sh -c 'mysql -pX') are looked through, too. It is a guess: it hides too much rather than too little, but a secret that
 * nothing announces is shown. 1 when something was hidden, 0 when nothing was, -ENOMEM. */
int cmdline_redact(Text *t, const char *arguments, size_t size);
