/* SPDX-License-Identifier: MIT */

/* Config: the steps from files to a configuration, each in a file of its own:
 *
 *     config-file.c     files, drop-ins and who may write them     -> Sources (text)
 *     config-yaml.c     YAML, the only user of libyaml             -> YamlTree (values with places)
 *     config-read.c     the walk through the values                -> Draft
 *     config-key.c      one value, as a row of the table says
 *     config-keys.c     the table of keys
 *     config-problem.c  what is wrong, and where
 *
 * Sources fill one Draft, one after the other: single values override, lists of rules and exclusions grow. The first rule that matches decides: so the rules of
 * drop-ins, which are there to change something, stand before those of the file. */

#include "config/config.h"

#include <errno.h>

#include "config/config-file.h"
#include "config/config-key.h"
#include "config/config-problem.h"
#include "config/config-read.h"
#include "config/config-yaml.h"

static int draft_init(Draft *d) {
        *d = (Draft){};
        return section_set_defaults(SECTION_TOP, d) ?: section_set_defaults(SECTION_LIMITS, d) ?:
               section_set_defaults(SECTION_DEFAULTS, d) ?: section_set_defaults(SECTION_STALL, d->defaults.stall);
}

void config_init(Config *c) {
        _cleanup_free_ Draft *d = malloc(sizeof(Draft));

        *c = (Config){};
        /* The defaults of these sections are numbers: reading them takes no memory but a few bytes. */
        if (d && draft_init(d) >= 0)
                *c = d->config;
}

void config_done(Config *c) {
        ruleset_done(&c->rules);
}

static void draft_done(Draft *d) {
        config_done(&d->config);
        free(d);
}

DEFINE_CLEANUP(Draft, draft_done)

/* FNV-1a. The size goes in first, so that text cannot move from one file to the next unseen. */
static uint64_t hash_add(uint64_t hash, const char *text, size_t size) {
        hash = (hash ^ size) * 0x100000001b3;
        for (size_t i = 0; i < size; i++)
                hash = (hash ^ (unsigned char) text[i]) * 0x100000001b3;
        return hash;
}

static int source_read(Draft *d, const Source *s, Problems *problems) {
        _cleanup_(yamltree_done) YamlTree tree = {};
        int r;

        d->config.hash = hash_add(d->config.hash, s->text, s->size);
        r = yamltree_read(&s->place, s->text, s->size, problems, &tree);
        if (r < 0)
                return r == -EBADMSG ? 0 : r;
        return draft_read(d, &s->place, tree.root, problems);
}

/* What can be said only when every file was read. */
static void draft_finish(Draft *d, const Source *first, Problems *problems) {
        RuleSet *set = &d->config.rules;

        for (size_t i = 0; i < set->count; i++) {
                Rule *r = &set->rules[i];

                if (r->changed == CHANGED_UNSET)
                        r->changed = d->defaults.changed;
                if (r->state_after == STATE_AFTER_UNSET)
                        r->state_after = d->defaults.state_after;
                for (StallKind k = 0; k < _STALL_MAX; k++)
                        if (r->stall[k] == STALL_UNSET)
                                r->stall[k] = d->defaults.stall[k];
                if (!r->match)
                        set->any_process = true;
        }
        if (set->count == 0 && problems->errors == 0) {
                Place start = { first->place.order, first->place.file, 1, 1 };

                problems_error(problems, &start, NULL, "no 'watch'; expected a list of at least one rule");
        }
}

static void rules_reverse(Rule *rules, size_t count) {
        for (size_t i = 0; i < count / 2; i++) {
                Rule r = rules[i];

                rules[i] = rules[count - 1 - i];
                rules[count - 1 - i] = r;
        }
}

/* The first `count` rules go behind all others. */
static void rules_move_behind(RuleSet *set, size_t count) {
        if (!set->rules)
                return;
        rules_reverse(set->rules, count);
        rules_reverse(set->rules + count, set->count - count);
        rules_reverse(set->rules, set->count);
}

static int sources_read(const Source *sources, size_t count, Problems *problems, Config *ret) {
        _cleanup_(draft_donep) Draft *d = malloc(sizeof(Draft));
        size_t of_file = 0;
        int r;

        if (!d)
                return -ENOMEM;
        r = draft_init(d);
        if (r < 0)
                return r;
        d->config.hash = 0xcbf29ce484222325;
        for (size_t i = 0; i < count; i++) {
                r = source_read(d, &sources[i], problems);
                if (r < 0)
                        return r;
                if (i == 0)
                        of_file = d->config.rules.count;
        }
        rules_move_behind(&d->config.rules, of_file);
        draft_finish(d, &sources[0], problems);
        if (problems->errors > 0)
                return -EBADMSG;
        *ret = d->config;
        d->config = (Config){};
        return 0;
}

int config_parse(const char *name, const char *text, size_t size, Config *ret, Text *messages) {
        _cleanup_(problems_done) Problems problems = {};
        Source source = { .place = { .file = name }, .text = text, .size = size };
        Config c;
        int r, k;

        r = sources_read(&source, 1, &problems, &c);
        k = problems_print(&problems, messages);
        if (r >= 0 && k < 0) {
                config_done(&c);
                return k;
        }
        if (r >= 0)
                *ret = c;
        return r;
}

int config_load(const char *path, ConfigTrust trust, Config *ret, Text *messages) {
        _cleanup_(problems_done) Problems problems = {};
        _cleanup_(sources_done) Sources sources = {};
        Config c;
        int r, k;

        r = sources_open(path, trust, &problems, &sources);
        if (r >= 0)
                r = sources_read(sources.items, sources.count, &problems, &c);
        k = problems_print(&problems, messages);
        if (r >= 0 && k < 0) {
                config_done(&c);
                return k;
        }
        if (r >= 0)
                *ret = c;
        return r;
}
