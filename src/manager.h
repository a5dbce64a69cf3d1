/* SPDX-License-Identifier: MIT */
#pragma once

/* Manager: wires the daemon: one cycle each interval (collect, ledger, sinks), signals, reload, sd_notify. */

#include <stdbool.h>

typedef struct ManagerOptions {
        const char *config_path; /* NULL: CONFIG_PATH, which must be trustworthy */
        unsigned sinks;          /* bits 1 << SinkKind; 0: what the configuration says */
        bool once;               /* one cycle, then stop */
} ManagerOptions;

/* Runs until a signal or a fatal error. 0 or negative errno; everything was logged. */
int manager_run(const ManagerOptions *options);
