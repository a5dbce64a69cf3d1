/* SPDX-License-Identifier: MIT */
#pragma once

/* Survey: fills a Map from this machine, once, with no more work than the question needs. */

#include "collect/collect.h"
#include "inspect/map.h"

/* Is the operator interested in this process? */
typedef bool (*survey_wants_t)(void *userdata, const Process *p);

typedef struct SurveyOptions {
        CollectorKind collector;
        unsigned want;        /* ProcfsWant bits */
        bool cmdline;         /* command lines, too */
        bool everything;      /* all processes and namespaces, from the start: sockets are asked for, or nothing in particular */
        const uint32_t *pids; /* nothing but these processes is asked for, ascending; NULL: ask wants() about each */
        size_t pid_count;
        survey_wants_t wants; /* unused with `everything`; NULL: all of pids */
        void *userdata;
} SurveyOptions;

typedef struct Survey {
        Map map;
        CollectorKind collector;         /* who answered */
        uint64_t begin, end;             /* microseconds since the epoch */
        size_t tables_failed;            /* tables of namespaces that could not be read to the end */
        int table_error;                 /* positive errno of the first of them; 0: none, or cut short */
        size_t namespaces_as_text;       /* of which only the text of /proc/PID/net could be read */
        size_t namespaces_failed;        /* namespaces that could not be entered */
        size_t closed;                   /* descriptors that were closed while looking */
} Survey;

/* 0 or negative errno; what merely could not be seen is counted in ret. */
int survey_run(const SurveyOptions *options, Survey *ret);
void survey_done(Survey *s);
