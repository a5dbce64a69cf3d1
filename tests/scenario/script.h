/* SPDX-License-Identifier: MIT */
#pragma once

/* Script: a scenario file, line by line, and the words in it. What is written wrongly ends the program, with
 * file and line: a scenario that is not understood tests nothing. */

#include <stdbool.h>
#include <stdio.h>

#include "collect/look.h"
#include "collect/notice.h"
#include "detect/rule.h"

#define WORDS_MAX 64

typedef struct Script {
        const char *path;
        FILE *file;
        unsigned line; /* of the words below */
        char text[2048];
        bool indented; /* the line belongs to the step above it */
        size_t count;
        char *words[WORDS_MAX];
        bool used[WORDS_MAX]; /* has been asked for: what has not is an error */
        bool pushed_back;
} Script;

_Noreturn void script_fail(const Script *s, const char *format, ...) _printf_(2, 3);

void script_open(Script *s, const char *path);
/* The next line that says something; false: none. */
bool script_next(Script *s);
/* The next line, if it is indented. */
bool script_next_row(Script *s);
/* script_next() gives this line once more. */
void script_push_back(Script *s);

/* Word i; fails when there is none: `what` it should be. */
const char *script_word(Script *s, size_t i, const char *what);
/* The value of a word KEY=VALUE; NULL: none. */
const char *script_option(Script *s, const char *key);
uint64_t script_number_option(Script *s, const char *key, uint64_t otherwise);
/* Is there such a word? */
bool script_flag(Script *s, const char *word);
/* Fails for a word that nobody asked for. */
void script_done(const Script *s);

uint64_t script_number(const Script *s, const char *word);
/* Seconds into microseconds. */
uint64_t script_time(const Script *s, const char *word);
/* T or T-T. */
void script_times(const Script *s, char *word, uint64_t *ret_from, uint64_t *ret_to);
TableKind script_table(const Script *s, const char *word);

/* Words from `first` on: COOKIE INODE LOCAL PEER STATE and options; of packet and netlink sockets PROTOCOL and PORT-ID for LOCAL and PEER. */
void script_socket(Script *s, size_t first, TableKind table, Socket *ret);
/* Words from `first` on: PID/START COMM and options. */
void script_process(Script *s, size_t first, Process *ret);
/* Rows NAME: KEY=VALUE ... */
void script_rules(Script *s, RuleSet *ret);
