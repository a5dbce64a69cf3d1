/* SPDX-License-Identifier: MIT */
#pragma once

/* What manager.c and manager-config.c share: the daemon as a whole. */

#include <systemd/sd-event.h>

#include "collect/collect.h"
#include "config/config.h"
#include "cycle.h"
#include "manager-fold.h"
#include "manager-heartbeat.h"
#include "manager-hooks.h"
#include "manager-notices.h"
#include "manager-outlet.h"
#include "manager-pace.h"
#include "manager-process.h"
#include "manager-resume.h"
#include "manager.h"

typedef struct Manager {
        ManagerOptions options;
        Config configs[2]; /* a reload reads the one that is not in force */
        Config *config;    /* in force; the ledger and the cycle borrow it */
        sd_event *event;
        sd_event_source *timer;
        int proc_fd;
        Collector *collector;
        Ledger *ledger;
        Cycle cycle;
        FormatContext format;
        Outlets outlets;
        Heartbeat heartbeat;
        FoldStore fold;
        Notices notices;
        ProcessNotices processes;
        HookNotices hooks;
        Pace pace;
        uint64_t blind; /* since when no look has succeeded; 0: the last one has */
        Resume resume;
        bool as_text;   /* some namespaces are read as text, and that was told */
        bool ready;
        char stopped_by[128];
} Manager;

/* The configuration of the command line, or the installed one, into `ret`. What is wrong in it is logged. As config_load(). */
int manager_load(Manager *m, Config *ret);
/* The collector that the configuration names, or the first that works. 0 or negative errno, logged. */
int manager_open_collector(Manager *m);
/* Those that a reload may change, too. */
LedgerOptions manager_ledger_options(const Config *c);
/* audit-started, audit-reloaded: what is in force. */
void manager_tell_configuration(Manager *m, EventKind kind);
/* SIGHUP: the configuration anew; a bad one is logged, and the one before stays in force. */
void manager_reload(Manager *m);
