/* SPDX-License-Identifier: MIT */
#pragma once

/* What the files of the survey share: survey.c (tables, and the order of it all), survey-process.c, survey-peer.c. */

#include "collect/deputy.h"
#include "inspect/survey-peer.h"
#include "inspect/survey.h"

typedef struct SurveyRun {
        const SurveyOptions *options;
        Survey *survey;
        Collector *collector;
        int proc_fd;
        Deputy deputy;    /* who reads command lines */
        Netns own;        /* our own namespace, which needs no privilege */
        uint32_t walking; /* process whose descriptors arrive */
        SurveyPeers peers;
} SurveyRun;

/* survey-process.c; each returns 0 or -ENOMEM, or why /proc cannot be listed. */

/* Those asked for. */
int survey_read_processes(SurveyRun *run);
/* So far only the processes with options->pids were read: read the others, too. */
int survey_read_others(SurveyRun *run);
/* The descriptors of one, unless they are known; of all that are wanted, once that is decided. */
int survey_walk_process(SurveyRun *run, uint32_t index);
int survey_walk_wanted(SurveyRun *run);
