/* SPDX-License-Identifier: MIT */
#pragma once

/* The verbs of sockaudit(1): one function and one file each; the table is in src/sockaudit.c. */

#include "base/macro.h"

/* Exit codes, documented in the manual. */
typedef enum VerbExit {
        VERB_OK = 0,         /* nothing wrong */
        VERB_WRONG = 1,      /* something is wrong: a stuck connection, a bad configuration */
        VERB_USAGE = 2,      /* bad options or arguments */
        VERB_INCOMPLETE = 3, /* could not see everything */
} VerbExit;

typedef struct Verb {
        const char *name;
        const char *arguments; /* for the usage line */
        const char *help;      /* one line */
        int (*run)(int argc, char *argv[]); /* argv[0] is the verb; returns VerbExit */
} Verb;

/* One line on stderr, for people: "sockaudit: ...". Made printable here, so that arguments may be named as they are. */
void verb_error(const char *format, ...) _printf_(1, 2);

int verb_list(int argc, char *argv[]);
int verb_why(int argc, char *argv[]);
int verb_check(int argc, char *argv[]);
int verb_doctor(int argc, char *argv[]);
