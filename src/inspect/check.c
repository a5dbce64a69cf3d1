/* SPDX-License-Identifier: MIT */

/* sockaudit check: is this configuration good, and what does it match now?
 *
 * The file is read as the daemon reads it, but doubts about who can write it are warnings, so that a draft in a home
 * directory can be checked. Then each process of /proc is judged once, parents before their children. The daemon may
 * know more: it saw parents that are gone by now, and what a process was called before. */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "collect/deputy.h"
#include "collect/procfs.h"
#include "config/config.h"
#include "inspect/verb.h"

#define EXAMPLES_MAX 4 /* processes named for each rule */
#define EXAMPLES_WIDTH 60

typedef struct Judged {
        Process process;
        RuleBits rules;
        bool excluded;
        bool done;
} Judged;

typedef struct Census {
        Judged *all; /* by pid */
        size_t count;
        size_t hidden; /* processes whose executable may not be read */
} Census;

static void census_done(Census *c) {
        for (size_t i = 0; i < c->count; i++)
                process_done(&c->all[i].process);
        free(c->all);
}

static int by_start(const void *a, const void *b) {
        const Process *x = &(*(Judged *const *) a)->process, *y = &(*(Judged *const *) b)->process;

        return CMP(x->start_ticks, y->start_ticks) ?: CMP(x->pid, y->pid);
}

static int by_pid(const void *a, const void *b) {
        const Judged *x = a, *y = b;

        return CMP(x->process.pid, y->process.pid);
}

/* Kernel threads have no executable; kthreadd is 2, and their parent. */
static bool is_hidden(const Process *p) {
        return !p->exe && p->pid != 2 && p->parent != 2;
}

static int census_read(Census *c, int proc_fd) {
        _cleanup_(deputy_done) Deputy deputy = {};
        _cleanup_free_ uint32_t *pids = NULL;
        size_t count;
        int r;

        r = procfs_list(proc_fd, &pids, &count);
        if (r < 0)
                return r;
        c->all = calloc(count ?: 1, sizeof(Judged));
        if (!c->all)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                Process *p = &c->all[c->count].process;

                if (pids[i] == (uint32_t) getpid())
                        continue;
                r = procfs_read(proc_fd, pids[i], PROCFS_EXE, p);
                if (r >= 0)
                        r = deputy_cmdline(&deputy, proc_fd, p);
                if (r == -ENOMEM)
                        return r;
                if (r < 0) {
                        process_done(p);
                        continue; /* it went away, or is hidden as a whole */
                }
                c->hidden += is_hidden(p);
                c->count++;
        }
        return 0;
}

/* The parent's rules, if it was judged: it is older than its child, or else the pid is another's by now. */
static const RuleBits *parent_rules(const Census *c, const Process *child) {
        Judged key = { .process.pid = child->parent };
        const Judged *parent = bsearch(&key, c->all, c->count, sizeof(Judged), by_pid);

        return parent && parent->done && parent->process.start_ticks <= child->start_ticks ? &parent->rules : NULL;
}

static int census_judge(Census *c, const RuleSet *rules) {
        _cleanup_free_ Judged **order = calloc(c->count ?: 1, sizeof(Judged *));

        if (!order)
                return -ENOMEM;
        for (size_t i = 0; i < c->count; i++)
                order[i] = &c->all[i];
        qsort(order, c->count, sizeof(Judged *), by_start);
        for (size_t i = 0; i < c->count; i++) {
                Judged *j = order[i];

                j->excluded = ruleset_excludes(rules, &j->process);
                (void) ruleset_match(rules, &j->process, parent_rules(c, &j->process), &j->rules);
                j->done = true;
        }
        return 0;
}

/* "3 processes: nginx[812], nginx[813], nginx[814]"; rule -1: those that are excluded. */
static void print_matches(const Census *c, int rule) {
        _cleanup_text_ Text examples = TEXT_NULL;
        size_t matches = 0, named = 0;

        for (size_t i = 0; i < c->count; i++) {
                const Judged *j = &c->all[i];

                if (rule < 0 ? !j->excluded : j->excluded || !rulebits_has(&j->rules, (size_t) rule))
                        continue;
                matches++;
                if (named >= EXAMPLES_MAX || examples.size > EXAMPLES_WIDTH)
                        continue;
                text_append(&examples, named++ > 0 ? ", " : ": ");
                (void) text_escape(&examples, j->process.comm ? bytes_of(j->process.comm) : bytes_of("?"), 64);
                text_printf(&examples, "[%u]", j->process.pid);
        }
        if (matches == 0)
                printf("no process\n");
        else
                printf("%zu %s%s%s\n", matches, matches == 1 ? "process" : "processes", text_string(&examples),
                       matches > named ? ", ..." : "");
}

static bool match_uses_exe(const Match *m) {
        return m && (m->exe.count > 0 || match_uses_exe(m->not));
}

static bool rules_use_exe(const RuleSet *rules) {
        for (size_t i = 0; i < rules->count; i++)
                if (match_uses_exe(rules->rules[i].match))
                        return true;
        for (size_t i = 0; i < rules->exclude_count; i++)
                if (match_uses_exe(&rules->excludes[i]))
                        return true;
        return false;
}

static void print_census(const Census *c, const RuleSet *rules) {
        int width = 4;

        for (size_t i = 0; i < rules->count; i++)
                width = MAX(width, (int) strlen(rules->rules[i].name));
        printf("%-*s  MATCHES NOW\n", width, "RULE");
        for (size_t i = 0; i < rules->count; i++) {
                printf("%-*s  ", width, rules->rules[i].name);
                if (rules->rules[i].match)
                        print_matches(c, (int) i);
                else
                        printf("every process\n");
        }
        if (rules->exclude_count > 0) {
                printf("\nExcluded: ");
                print_matches(c, -1);
        }
        /* For root only dead processes that wait for their parent have none. */
        if (c->hidden > 0 && geteuid() != 0 && rules_use_exe(rules))
                printf("\nNot seen: the executables of %zu processes of other users; root sees all.\n", c->hidden);
}

static int show_matches(const RuleSet *rules) {
        _cleanup_(census_done) Census census = {};
        _cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r = proc_fd < 0 ? -errno : 0;

        if (r >= 0)
                r = census_read(&census, proc_fd);
        if (r >= 0)
                r = census_judge(&census, rules);
        if (r < 0) {
                /* The configuration is good all the same. */
                verb_error("what the rules match now is not known: /proc: %s", strerror(-r));
                return VERB_INCOMPLETE;
        }
        print_census(&census, rules);
        return VERB_OK;
}

static int check(const char *path) {
        _cleanup_text_ Text messages = TEXT_NULL, shown = TEXT_NULL;
        Config config;
        int r;

        r = config_load(path, CONFIG_TRUST_WARN, &config, &messages);
        (void) fputs(text_string(&messages), stderr);
        if (r < 0) {
                if (messages.size == 0)
                        verb_error("%s: %s", path, strerror(-r));
                return VERB_WRONG;
        }
        (void) text_escape(&shown, bytes_of(path), 1024);
        printf("%s: good, %zu %s\n\n", text_string(&shown), config.rules.count, config.rules.count == 1 ? "rule" : "rules");
        r = show_matches(&config.rules);
        config_done(&config);
        return r;
}

static int help(void) {
        (void) fputs("sockaudit check [FILE]\n\n"
                     "Says what is wrong with a configuration (default " CONFIG_PATH ")\n"
                     "and its drop-ins (FILE.d/*.yaml), each as FILE:LINE:COLUMN: KEY: ..., and if\n"
                     "it is good, which processes its rules match now.\n\n"
                     "  -h, --help                    this text\n\n"
                     "Exit codes: 0 good, 1 bad, 2 usage, 3 good, but processes could not be seen.\n",
                     stdout);
        return VERB_OK;
}

int verb_check(int argc, char *argv[]) {
        static const struct option options[] = {
                { "help", no_argument, NULL, 'h' },
                {},
        };
        int o;

        optind = 0; /* getopt may have been used before */
        opterr = 0;
        while ((o = getopt_long(argc, argv, "+h", options, NULL)) >= 0) {
                if (o == 'h')
                        return help();
                verb_error("unknown option %s (see: sockaudit check --help)", argv[MAX(optind - 1, 1)]);
                return VERB_USAGE;
        }
        if (argc - optind > 1) {
                verb_error("more than one file (see: sockaudit check --help)");
                return VERB_USAGE;
        }
        return check(argc > optind ? argv[optind] : CONFIG_PATH);
}
