/* SPDX-License-Identifier: MIT */
#pragma once

/* Config: the configuration in memory. config.c reads YAML (it is the only user of libyaml) into it through
 * one table of keys: type, range, default and a line of help each; the manual's list is made from it. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/text.h"
#include "detect/rule.h"

#define CONFIG_PATH "/etc/sockaudit/sockaudit.yaml" /* its drop-ins: *.yaml in sockaudit.yaml.d beside it */

typedef enum UnitLog {
        UNIT_LOG_PROBLEMS,
        UNIT_LOG_ALL,
        UNIT_LOG_NONE,
} UnitLog;

typedef struct Config {
        uint64_t interval; /* usec */
        uint64_t balance;  /* usec: from one audit-balance to the next */
        uint64_t baseline; /* usec: what lives on is told once more; 0: never */
        uint64_t budget;   /* bytes of the journal a day; 0: no limit */
        uint64_t retention_wanted; /* usec that the journal should keep; 0: any */
        uint64_t rescan;   /* usec: who has run is read again and his descriptors are walked, and of the others one in eight */
        int collector;     /* CollectorKind of collect/collect.h */
        unsigned hooks;    /* bits 1 << HookOption of collect/hooks.h */
        unsigned sinks;    /* bits 1 << SinkKind of emit/sink.h */
        uint32_t cpu_max;  /* hundredths of a percent of one CPU */
        UnitLog unit_log;
        Cmdline cmdline;
        bool exe_hash;
        bool intrusive;    /* descriptors of others may be copied, to find the namespace of a socket in which nobody lives */
        bool community_id;
        struct {
                uint64_t sockets;    /* watched sockets in the map */
                uint64_t processes;  /* processes looked at */
                uint64_t namespaces; /* network namespaces looked at */
                uint64_t holders;    /* descriptors of watched processes that are remembered */
                uint64_t peer_walks; /* over the descriptors of all processes, a minute, for the other ends of connections */
                uint64_t queue;      /* bytes waiting for a sink, in memory */
                uint64_t outbox;     /* bytes waiting for the journal, on disk */
                uint64_t fold_rows;  /* sums at one time */
                uint64_t ring;       /* bytes of records of hooks in the kernel that wait to be read */
        } limits;
        RuleSet rules;
        uint64_t hash; /* of the text of all files read; tells configurations apart */
} Config;

/* Defaults, no rules. */
void config_init(Config *c);
void config_done(Config *c);

typedef enum ConfigTrust {
        CONFIG_TRUST_REQUIRED, /* owner root, not writable by others up to /, regular, no link: else refused */
        CONFIG_TRUST_WARN,     /* an explicit --config: told in `warnings` only */
} ConfigTrust;

/* Read a file and its drop-ins. On success 0, and warnings (a line each) may be in `messages`. On a bad configuration -EBADMSG
 * with every error in `messages`, one a line: FILE:LINE:COLUMN: path.to.key: what is wrong; what was expected. A file that cannot be
 * read: negative errno, with the reason in messages. ret is written on success only (initialised by the callee). */
int config_load(const char *path, ConfigTrust trust, Config *ret, Text *messages);

/* The same from memory: name stands for FILE. For tests and fuzzing; no drop-ins. */
int config_parse(const char *name, const char *text, size_t size, Config *ret, Text *messages);

/* Every key with type, range, default and help: scdoc source, with a heading of the second level for each mapping. */
void config_print_keys(FILE *f);
