/* SPDX-License-Identifier: MIT */

/* The verb `why`: why does it not get on? Two looks at the whole host a moment apart, since whether something moves cannot be seen in one;
 * what the targets ask for of the second is told in sentences, with the history that the journal has, and as the table of `list`. */

#include "inspect/why.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"
#include "inspect/verb.h"

typedef struct Why {
        List list;
        uint64_t wait, since;
        bool untrusted;
} Why;

static void why_done(Why *w) {
        list_done(&w->list);
}

static int help(void) {
        (void) fputs("sockaudit why [OPTION]... TARGET...\n\n"
                     "Says what is stuck, since when, and whose fault it looks like. Looks twice,\n"
                     "and reads what sockauditd wrote about it. Targets are those of list.\n\n"
                     "  -w, --wait=TIME               from one look to the other (default 1s)\n"
                     "  -s, --since=TIME              how far back in the journal (default 24h)\n"
                     "      --untrusted               believe events whoever wrote them\n"
                     "  -j, --json                    only the JSON array of list\n"
                     "      --collector=auto|sock_diag|proc\n"
                     "                                how to ask the kernel\n"
                     "  -h, --help                    this text\n",
                     stdout);
        return VERB_OK;
}

static int set_time(const char *option, const char *value, uint64_t max, uint64_t *ret) {
        uint64_t usec;

        if (parse_duration(value, &usec) < 0 || usec > max) {
                verb_error("%s: expected a time such as 2s, at most %s (see: sockaudit why --help)", option,
                           max == 60 * USEC_PER_SEC ? "1m" : "365d");
                return VERB_USAGE;
        }
        *ret = usec;
        return VERB_OK;
}

/* VerbExit, or -1 to go on. */
static int parse_options(Why *w, int argc, char *argv[]) {
        enum { OPTION_COLLECTOR = 256, OPTION_UNTRUSTED };
        static const struct option options[] = {
                { "wait", required_argument, NULL, 'w' },
                { "since", required_argument, NULL, 's' },
                { "untrusted", no_argument, NULL, OPTION_UNTRUSTED },
                { "json", no_argument, NULL, 'j' },
                { "collector", required_argument, NULL, OPTION_COLLECTOR },
                { "help", no_argument, NULL, 'h' },
                {},
        };
        int c, r;

        optind = 0;
        opterr = 0;
        while ((c = getopt_long(argc, argv, ":w:s:jh", options, NULL)) >= 0) {
                r = VERB_OK;
                switch (c) {
                case 'w':
                        r = set_time("--wait", optarg, 60 * USEC_PER_SEC, &w->wait);
                        break;
                case 's':
                        r = set_time("--since", optarg, 365ULL * 86400 * USEC_PER_SEC, &w->since);
                        break;
                case OPTION_UNTRUSTED:
                        w->untrusted = true;
                        break;
                case 'j':
                        w->list.json = true;
                        break;
                case OPTION_COLLECTOR:
                        r = list_collector(&w->list, optarg);
                        break;
                case 'h':
                        return help();
                default:
                        verb_error(c == ':' ? "%s needs a value (see: sockaudit why --help)" : "unknown option %s (see: sockaudit why --help)",
                                   argv[MAX(optind - 1, 1)]);
                        return VERB_USAGE;
                }
                if (r != VERB_OK)
                        return r;
        }
        return -1;
}

/* Twice; *ret_elapsed: from the end of the first to the beginning of the second. */
static int look_twice(Why *w, Before **ret_before, uint64_t *ret_elapsed) {
        List *l = &w->list;
        uint64_t first;
        int r;

        *ret_elapsed = 0;
        if (w->wait == 0)
                return list_look(l);
        r = list_look(l);
        if (r < 0)
                return r;
        first = clock_boottime();
        r = before_take(ret_before, &l->survey.map);
        survey_done(&l->survey);
        l->survey = (Survey){};
        if (r < 0)
                return r;
        (void) usleep((useconds_t) w->wait);
        *ret_elapsed = clock_boottime() - first;
        return list_look(l);
}

static int tell(Why *w, uint64_t elapsed) {
        _cleanup_text_ Text t = TEXT_NULL;
        int r;

        r = why_tell(&w->list, elapsed, &t);
        if (r >= 0 && w->since > 0)
                r = why_history(&w->list, w->since, w->untrusted, &t);
        if (r < 0)
                return r;
        if (w->list.row_count > 0)
                text_append(&t, "\n");
        (void) fputs(text_string(&t), stdout);
        return text_error(&t);
}

static int run(Why *w) {
        _cleanup_(before_freep) Before *before = NULL;
        List *l = &w->list;
        uint64_t elapsed;
        bool found;
        int r;

        r = look_twice(w, &before, &elapsed);
        if (r < 0)
                return r;
        map_judge(&l->survey.map, before, elapsed);
        r = list_select(l);
        if (r >= 0 && !l->json)
                r = tell(w, elapsed);
        if (r >= 0)
                r = list_print(l);
        if (r < 0)
                return r;
        found = list_report_not_found(l);
        return l->stuck > 0 ? VERB_WRONG : l->doubt ? VERB_INCOMPLETE : found ? VERB_OK : VERB_WRONG;
}

int verb_why(int argc, char *argv[]) {
        _cleanup_(why_done) Why w = {
                .list = { .headings = true, .everything = true },
                .wait = USEC_PER_SEC,
                .since = 86400 * USEC_PER_SEC,
        };
        int r;

        r = parse_options(&w, argc, argv);
        if (r >= 0)
                return r;
        r = list_targets(&w.list, argc, argv);
        if (r == 0 && w.list.target_count == 0) {
                verb_error("why: expected a TARGET (see: sockaudit why --help)");
                return VERB_USAGE;
        }
        if (r > 0)
                return r;
        r = r < 0 ? r : run(&w);
        if (r < 0) {
                verb_error("why: %s", strerror(-r));
                return VERB_INCOMPLETE;
        }
        return r;
}
