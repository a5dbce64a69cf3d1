/* SPDX-License-Identifier: MIT */
#pragma once

/* The directory in which the daemon keeps what outlives it, and the files in it. They are ours alone, and reached without following
 * links: what another user could have laid there is not opened. */

#define STATE_PATH "/var/lib/sockaudit"

/* The directory, made with mode 0700 if it is missing. A descriptor; or -EPERM: it is another user's, or others may enter it; -ELOOP or -ENOTDIR:
 * it is a link, or no directory; else negative errno. */
int state_open(const char *path);

/* The same of the one that systemd gives to the unit (the first of $STATE_DIRECTORY), else STATE_PATH. Also -ENOMEM. */
int state_open_own(void);

/* A file in it, as open(2) with `flags`; a new one has mode 0600. A descriptor; or -EPERM: it is another user's, open to others, not regular, or has a second
 * name; -ELOOP: it is a link; -EXDEV: the name leads elsewhere; else negative errno. */
int state_file(int dir_fd, const char *name, int flags);

#define STATE_KEPT_MAX 3 /* set aside: NAME.damaged-1, the newest, to -3 */

/* Those that were set aside before under this name move up, and the oldest goes: NAME.damaged-1 is free. Negative errno of renameat(2). */
int state_make_room(int dir_fd, const char *name);
/* What is not believed is kept: it is NAME.damaged-1 from now on. The same. */
int state_set_aside(int dir_fd, const char *name);
