/* SPDX-License-Identifier: MIT */
#pragma once

/* Deputy: a process of our own that asks, in our place, what may never be answered.
 *
 * Some facts about a process are had only through what its user controls. Its command line is in its memory: whoever reads that takes a
 * lock that any thread of it holds for as long as a page fault lasts, and the page may be of a FUSE file system that never answers. Its
 * executable is a file, of whatever file system. Nothing can interrupt such a reading: so it is done by somebody who can be killed, or, where
 * the kernel does not let him die either, be left behind. A thread could not: it would keep us all from ending.
 *
 * It is this program, executed again (deputy_called()), so that it has nothing of our memory; it speaks by two pipes, since sockets would be in
 * the map; and it ends when we do. Questions are answered in their order. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/macro.h"
#include "collect/process.h"

typedef enum DeputyTask {
        DEPUTY_CMDLINE, /* data: as /proc/PID/cmdline has it */
        DEPUTY_EXE,     /* data: an ExeHash */
        _DEPUTY_TASK_MAX,
} DeputyTask;

typedef struct DeputyQuestion {
        uint32_t task; /* DeputyTask */
        uint32_t pid;
        uint64_t start_ticks; /* another process has no answer */
} DeputyQuestion;

#define DEPUTY_DATA_MAX 4072

/* As large as what a pipe passes on as a whole (PIPE_BUF). */
typedef struct DeputyAnswer {
        DeputyQuestion question;
        int64_t size; /* of data, or negative errno: -ESRCH where it is gone */
        char data[DEPUTY_DATA_MAX];
} DeputyAnswer;

#define DEPUTY_LEFT_MAX 4

typedef struct Deputy {
        pid_t pid;      /* 0: there is none yet */
        int to, from;   /* its pipes, where there is one */
        uint64_t rests;   /* until then deputy_cmdline() asks nothing */
        pid_t left[DEPUTY_LEFT_MAX]; /* killed, and not yet dead; 0: none */
} Deputy;

/* One that is all zero is none yet. */
void deputy_done(Deputy *d);

/* Give it a question, without waiting; it is made where there is none. 0; -EAGAIN when it has so many questions that no more fit its pipe;
 * -EBUSY when so many before it do not die that there is none; or what making it said. */
int deputy_ask(Deputy *d, const DeputyQuestion *q);

/* Its next answer. wait: msec, at most. 1; 0 when none came; -EPIPE when it is gone, and with it what it was asked. */
int deputy_answer(Deputy *d, int wait, DeputyAnswer *ret);

/* The command line of a process, into its facts, or cmdline_silent. It waits for that, 100 ms where the kernel lets the deputy wait for something, three seconds where
 * a busy machine gives it no turn, and asks nothing for four times as long after that: then it stays unknown. 0, -ESRCH, -ENOMEM. */
int deputy_cmdline(Deputy *d, int proc_fd, Process *p);

/* It has not answered in time. The next question makes another. */
void deputy_kill(Deputy *d);

/* For main(): is this the process of a deputy? Then it is to return what deputy_main() does. */
bool deputy_called(int argc, char *argv[]);
int deputy_main(void);
