/* SPDX-License-Identifier: MIT */

/* Rules of a scenario. One row a rule: NAME: and the keys of the configuration, lists joined by commas. Keys of
 * `not` begin with not. (not.comm=nginx); a row named `exclude` is no rule. */

#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "script.h"

#define COUNT_MAX 32

typedef void (*element_t)(const Script *s, const char *element, void *userdata);

/* Each element of a list KEY=A,B; returns whether there is one. */
static bool list(Script *s, const char *key, element_t element, void *userdata) {
        const char *value = script_option(s, key);
        char copy[256], *rest = copy;

        if (!value)
                return false;
        (void) snprintf(copy, sizeof(copy), "%s", value);
        for (char *word; (word = strtok_r(rest, ",", &rest));)
                element(s, word, userdata);
        return true;
}

static void add_string(const Script *s, const char *element, void *userdata) {
        if (strings_add(userdata, element) < 0)
                abort();
}

static void add_uids(const Script *s, const char *element, void *userdata) {
        Match *m = userdata;
        char copy[64], *to;

        (void) snprintf(copy, sizeof(copy), "%s", element);
        to = strchr(copy, '-');
        if (to)
                *to++ = 0;
        m->uids = reallocarray(m->uids, m->uid_count + 1, sizeof(UidRange));
        if (!m->uids)
                abort();
        m->uids[m->uid_count++] = (UidRange){ (uint32_t) script_number(s, copy),
                                              (uint32_t) script_number(s, to ? to : copy) };
}

static bool read_match(Script *s, const char *prefix, Match *m) {
        const struct {
                const char *key;
                element_t element;
                void *userdata;
        } keys[] = {
                { "comm", add_string, &m->comm },       { "exe", add_string, &m->exe },
                { "cmdline", add_string, &m->cmdline }, { "unit", add_string, &m->unit },
                { "cgroup", add_string, &m->cgroup },   { "uid", add_uids, m },
        };
        bool any = false;
        char key[32];

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                (void) snprintf(key, sizeof(key), "%s%s", prefix, keys[i].key);
                any |= list(s, key, keys[i].element, keys[i].userdata);
        }
        return any;
}

static void read_whole_match(Script *s, Match *ret, bool *ret_any) {
        Match without = {};

        *ret_any = read_match(s, "", ret);
        if (!read_match(s, "not.", &without))
                return;
        ret->not = calloc(1, sizeof(Match));
        if (!ret->not)
                abort();
        *ret->not = without;
        *ret_any = true;
}

#define DEFINE_BITS(what)                                                                       \
        static void add_##what(const Script *s, const char *element, void *userdata) {          \
                unsigned n = what##_from_name(element);                                         \
                                                                                                \
                if (n == 0)                                                                     \
                        script_fail(s, "'%s' is no " #what, element);                           \
                *(uint32_t *) userdata |= 1u << n;                                              \
        }

DEFINE_BITS(transport)
DEFINE_BITS(family)
DEFINE_BITS(state)
DEFINE_BITS(direction)

static void add_address(const Script *s, const char *element, void *userdata) {
        AddressSet **set = userdata;
        const char *why = "";

        if (!*set && addressset_new(set) < 0)
                abort();
        if (addressset_add(*set, element, &why) < 0)
                script_fail(s, "'%s': %s", element, why);
}

static void add_change(const Script *s, const char *element, void *userdata) {
        unsigned *changed = userdata;

        if (strcmp(element, "state") == 0)
                *changed |= CHANGE_STATE;
        else if (strcmp(element, "peer") == 0)
                *changed |= CHANGE_PEER;
        else if (strcmp(element, "holders") == 0)
                *changed |= CHANGE_HOLDERS;
        else if (strcmp(element, "nothing") != 0)
                script_fail(s, "'%s' is nothing that changes", element);
}

static bool yes(Script *s, const char *key, bool otherwise) {
        const char *value = script_option(s, key);

        if (!value)
                return otherwise;
        if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
                script_fail(s, "%s is yes or no", key);
        return value[0] == 'y';
}

static void read_filter(Script *s, SocketFilter *f) {
        (void) list(s, "transport", add_transport, &f->transports);
        (void) list(s, "family", add_family, &f->families);
        (void) list(s, "state", add_state, &f->states);
        (void) list(s, "direction", add_direction, &f->directions);
        (void) list(s, "local", add_address, &f->local);
        (void) list(s, "peer", add_address, &f->peer);
        f->listen = -1;
        if (script_option(s, "listen"))
                f->listen = yes(s, "listen", false);
}

static void read_stall(Script *s, Rule *rule) {
        memcpy(rule->stall, STALL_DEFAULTS, sizeof(rule->stall));
        for (StallKind k = STALL_CONNECTING; k < _STALL_MAX; k++) {
                char key[32];
                const char *value;

                (void) snprintf(key, sizeof(key), "stall.%s", stall_name(k));
                value = script_option(s, key);
                if (value && parse_duration(value, &rule->stall[k]) < 0)
                        script_fail(s, "'%s' is no duration", value);
        }
}

/* expect=MIN/STATE/DURATION */
static void read_expect(Script *s, Expected *ret) {
        const char *value = script_option(s, "expect");
        char copy[64], *state, *wait;

        if (!value)
                return;
        (void) snprintf(copy, sizeof(copy), "%s", value);
        state = strchr(copy, '/');
        wait = state ? strchr(state + 1, '/') : NULL;
        if (!wait)
                script_fail(s, "'%s' is not MIN/STATE/DURATION", value);
        *state++ = *wait++ = 0;
        ret->min = script_number(s, copy);
        ret->state = state_from_name(state);
        if (ret->state == STATE_UNKNOWN || parse_duration(wait, &ret->wait) < 0)
                script_fail(s, "'%s' is not MIN/STATE/DURATION", value);
}

static void add_fold_by(const Script *s, const char *element, void *userdata) {
        for (unsigned by = 0; by < FOLD_BY_NETNS; by++)
                if (strcmp(fold_by_name(by), element) == 0) {
                        *(unsigned *) userdata |= 1u << by;
                        return;
                }
        script_fail(s, "'%s' is nothing to fold by", element);
}

static void read_fold(Script *s, FoldSpec *ret) {
        const char *every = script_option(s, "every");

        if (!list(s, "fold", add_fold_by, &ret->by))
                return;
        ret->first = script_number_option(s, "first", 1);
        if (parse_duration(every ?: "10m", &ret->every) < 0)
                script_fail(s, "'%s' is no duration", every);
}

/* The row, as a rule has it from its configuration: a restart knows by it whether the rule is still the same. */
static char *text_of(const Script *s) {
        char *text = NULL;

        for (size_t i = 0; i < s->count; i++) {
                char *before = text;

                if (asprintf(&text, "%s %s", before ?: "", s->words[i]) < 0)
                        abort();
                free(before);
        }
        return text;
}

static void read_rule(Script *s, const char *name, RuleSet *set) {
        Rule *rule = &set->rules[set->count++];
        const char *state_after = script_option(s, "state_after");
        Match match = {};
        bool any;

        rule->name = strndup(name, strlen(name) - 1);
        rule->text = text_of(s);
        read_whole_match(s, &match, &any);
        if (any) {
                rule->match = calloc(1, sizeof(Match));
                if (!rule->match)
                        abort();
                *rule->match = match;
        } else
                set->any_process = true;
        rule->descendants = yes(s, "descendants", true);
        rule->processes = yes(s, "processes", true);
        read_filter(s, &rule->sockets);
        if (!list(s, "changed", add_change, &rule->changed))
                rule->changed = CHANGE_ALL;
        if (state_after && parse_duration(state_after, &rule->state_after) < 0)
                script_fail(s, "'%s' is no duration", state_after);
        read_stall(s, rule);
        read_expect(s, &rule->expect);
        read_fold(s, &rule->fold);
        rule->missed_each = script_option(s, "missed") && strcmp(script_option(s, "missed"), "each") == 0;
}

void script_rules(Script *s, RuleSet *ret) {
        *ret = (RuleSet){
                .rules = calloc(COUNT_MAX, sizeof(Rule)),
                .excludes = calloc(COUNT_MAX, sizeof(Match)),
        };
        while (script_next_row(s)) {
                const char *name = script_word(s, 0, "name of the rule");
                bool any;

                if (name[strlen(name) - 1] != ':')
                        script_fail(s, "a rule begins with NAME:");
                if (ret->count == COUNT_MAX || ret->exclude_count == COUNT_MAX)
                        script_fail(s, "more than %d rules", COUNT_MAX);
                if (strcmp(name, "exclude:") == 0)
                        read_whole_match(s, &ret->excludes[ret->exclude_count++], &any);
                else
                        read_rule(s, name, ret);
                script_done(s);
        }
}
