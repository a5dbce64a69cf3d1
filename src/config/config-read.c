/* SPDX-License-Identifier: MIT */

/* The walk through a document, with the table of keys as its map. It goes on after each problem, so that all of
 * them are told at once; only the budget of values ends it. An alias is a shared node that is walked at each use,
 * so the budget counts uses: a few lines of aliases of aliases can stand for billions of values.
 *
 * Functions return 0 also for what is wrong in the file (that is in Walk.problems); a negative return ends the walk. */

#include "config/config-read.h"

#include <errno.h>
#include <string.h>

typedef struct Walk {
        Draft *draft;
        const Place *file;
        Problems *problems;
        Text path; /* of the value at hand: "watch[0].match" */
        unsigned values;
} Walk;

static Place place_of(const Walk *w, const Node *n) {
        return (Place){ w->file->order, w->file->file, n->line, n->column };
}

#define walk_error(w, node, ...)                                                                \
        ({                                                                                      \
                Place _at = place_of(w, node);                                                  \
                problems_error((w)->problems, &_at, text_string(&(w)->path), __VA_ARGS__);      \
        })
#define walk_warn(w, node, ...)                                                                 \
        ({                                                                                      \
                Place _at = place_of(w, node);                                                  \
                problems_warn((w)->problems, &_at, text_string(&(w)->path), __VA_ARGS__);       \
        })

static void path_cut(Walk *w, size_t size) {
        if (!w->path.data)
                return;
        w->path.size = size;
        w->path.data[size] = 0;
}

static const char *node_what(const Node *n) {
        switch (n->kind) {
        case NODE_LIST:
                return n->count == 0 ? "an empty list" : "a list";
        case NODE_MAP:
                return n->count == 0 ? "an empty mapping" : "a mapping";
        case NODE_SCALAR:
        default:
                return n->plain && n->size == 0 ? "nothing" : "a single value";
        }
}

/* Counts the value, and refuses what no key can have. 1 go on, 0 leave this value, negative: end. */
static int walk_enter(Walk *w, const Node *n) {
        char quoted[PROBLEM_QUOTE_MAX];

        if (++w->values > YAML_VALUES_MAX) {
                walk_error(w, n, "more than %d values, counting aliases at each use", YAML_VALUES_MAX);
                return -E2BIG;
        }
        if (n->tag) {
                walk_error(w, n, "found tag %s; expected a value without tag, or in quotes",
                           problem_quote(n->tag, strlen(n->tag), quoted));
                return 0;
        }
        if (n->kind == NODE_SCALAR && memchr(n->text, 0, n->size)) {
                walk_error(w, n, "contains a NUL byte");
                return 0;
        }
        return 1;
}

static void refuse_kind(Walk *w, const Key *k, const Node *n) {
        _cleanup_text_ Text expected = TEXT_NULL;

        key_expected(k, &expected);
        walk_error(w, n, "got %s; expected %s", node_what(n), text_string(&expected));
}

/* --- values ---------------------------------------------------------------------------------------- */

static int scalar_read(Walk *w, const Key *k, const Node *n, void *structure) {
        _cleanup_text_ Text expected = TEXT_NULL;
        char quoted[PROBLEM_QUOTE_MAX];
        const char *why = NULL, *doubt;
        int r;

        r = walk_enter(w, n);
        if (r <= 0)
                return r;
        if (n->kind != NODE_SCALAR || (n->plain && n->size == 0)) {
                refuse_kind(w, k, n);
                return 0;
        }

        (void) problem_quote(n->text, n->size, quoted);
        r = key_set(k, structure, n->text, &why);
        if (r == -ENOMEM)
                return r;
        if (r >= 0) {
                doubt = key_doubt(k, n->text);
                if (doubt)
                        walk_warn(w, n, "%s %s", quoted, doubt);
                return 0;
        }
        key_expected(k, &expected);
        walk_error(w, n, "%s %s; %s%s", r == -ERANGE ? "out of range:" : "bad value", quoted,
                   why ? "" : "expected ", why ?: text_string(&expected));
        return 0;
}

static int value_read(Walk *w, const Key *k, const Node *n, void *structure) {
        size_t mark = w->path.size;
        int r;

        key_reset(k, structure);
        if (n->kind != NODE_LIST || (n->count == 0 && !k->emptiable) || !key_is_list(k))
                return scalar_read(w, k, n, structure);
        r = walk_enter(w, n);
        if (r <= 0)
                return r;
        for (size_t i = 0; i < n->count; i++) {
                text_printf(&w->path, "[%zu]", i);
                r = scalar_read(w, k, n->items[i].value, structure);
                path_cut(w, mark);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* --- mappings -------------------------------------------------------------------------------------- */

static int key_read(Walk *w, const Key *k, const Node *n, void *structure);

static void refuse_unknown(Walk *w, Section section, const Node *key) {
        char quoted[PROBLEM_QUOTE_MAX], guess[64];
        _cleanup_text_ Text known = TEXT_NULL;

        (void) problem_quote(key->text, key->size, quoted);
        if (key_guess(section, key->text, key->size, guess)) {
                walk_error(w, key, "unknown key %s; did you mean '%s'?", quoted, guess);
                return;
        }
        for (size_t i = 0; i < config_key_count; i++)
                if (config_keys[i].section == section)
                        text_printf(&known, "%s%s", known.size > 0 ? ", " : "", config_keys[i].name);
        walk_error(w, key, "unknown key %s; expected %s", quoted, text_string(&known));
}

/* The row of the table for a key of a mapping; NULL when it was refused. first: of each row its node, NULL not yet. */
static const Key *key_accept(Walk *w, Section section, const Node *key, const Node *first[KEYS_MAX]) {
        int i;

        if (key->kind != NODE_SCALAR) {
                walk_error(w, key, "got %s as key; expected a name", node_what(key));
                return NULL;
        }
        i = key_find(section, key->text, key->size);
        if (i < 0) {
                refuse_unknown(w, section, key);
                return NULL;
        }
        if (first[i]) {
                walk_error(w, key, "duplicate key '%s' (first at line %u)", config_keys[i].name, first[i]->line);
                return NULL;
        }
        first[i] = key;
        return &config_keys[i];
}

/* Fills `structure` from a mapping that walk_enter() has let in. first: of each key in the table its node. */
static int section_read(Walk *w, Section section, const Node *n, void *structure, const Node *first[KEYS_MAX]) {
        size_t mark = w->path.size;

        for (size_t i = 0; i < n->count; i++) {
                const NodeItem *item = &n->items[i];
                const Key *k;
                int r;

                r = walk_enter(w, item->key);
                if (r < 0)
                        return r;
                k = r > 0 ? key_accept(w, section, item->key, first) : NULL;
                if (!k)
                        continue;
                text_printf(&w->path, "%s%s", mark > 0 ? "." : "", k->name);
                r = key_read(w, k, item->value, structure);
                path_cut(w, mark);
                if (r < 0)
                        return r;
        }

        for (size_t i = 0; i < config_key_count; i++)
                /* Drop-ins may bring the rules: draft_finish() asks for these. */
                if (config_keys[i].section == section && config_keys[i].required && section != SECTION_TOP && !first[i])
                        walk_error(w, n, "key '%s' is missing", config_keys[i].name);
        return 0;
}

/* Where a mapping names this key; NULL: nowhere. */
static const Node *first_get(const Node *const first[KEYS_MAX], Section section, const char *name) {
        int i = key_find(section, name, strlen(name));

        return i >= 0 ? first[i] : NULL;
}

/* 1 it is a mapping; 0 refused; negative: end. */
static int mapping_enter(Walk *w, const Key *k, const Node *n) {
        int r;

        r = walk_enter(w, n);
        if (r <= 0)
                return r;
        if (n->kind == NODE_MAP)
                return 1;
        refuse_kind(w, k, n);
        return 0;
}

static int inline_read(Walk *w, const Key *k, const Node *n, void *structure) {
        const Node *first[KEYS_MAX] = {};
        int r;

        r = mapping_enter(w, k, n);
        if (r <= 0)
                return r;
        if (k->inner == SECTION_EXPECT || k->inner == SECTION_FOLD)
                r = section_set_defaults(k->inner, structure);
        if (r >= 0)
                r = section_read(w, k->inner, n, structure, first);
        if (r < 0 || k->inner != SECTION_MATCH)
                return r;

        if (n->count == 0)
                walk_error(w, n, "empty, which would mean every process; expected at least one key");
        if (first_get(first, SECTION_MATCH, "user") && first_get(first, SECTION_MATCH, "uid"))
                walk_error(w, n, "both 'user' and 'uid'; expected one of them");
        return 0;
}

static int match_read(Walk *w, const Key *k, const Node *n, Match **field) {
        /* Freed with its rule, whatever is found in it. */
        *field = calloc(1, sizeof(Match));
        if (!*field)
                return -ENOMEM;
        return inline_read(w, k, n, *field);
}

/* --- rules ----------------------------------------------------------------------------------------- */

/* Rule names are told apart over all files. n: where rule i is named. */
static void rule_check_name(Walk *w, const Node *n, size_t i) {
        Draft *d = w->draft;
        const Rule *rules = d->config.rules.rules;

        d->rule_places[i].file = w->file->file;
        d->rule_places[i].line = n->line;
        for (size_t j = 0; j < i; j++) {
                char quoted[PROBLEM_QUOTE_MAX] = "";
                const char *file = d->rule_places[j].file;

                if (!rules[j].name || strcmp(rules[j].name, rules[i].name) != 0)
                        continue;
                if (file != w->file->file)
                        (void) problem_quote(file, strlen(file), quoted);
                walk_error(w, n, "duplicate rule name '%s' (first at %s%sline %u)", rules[i].name, quoted,
                           *quoted ? " " : "", d->rule_places[j].line);
                return;
        }
}

/* What audit-started and audit-reloaded tell of it. */
static int rule_keep_text(Rule *rule, const Node *n) {
        Text t = TEXT_NULL;

        node_print(n, &t);
        if (text_error(&t) < 0) {
                text_done(&t);
                return -ENOMEM;
        }
        rule->text = TAKE_PTR(t.data);
        return 0;
}

static int rule_read(Walk *w, const Key *k, const Node *n) {
        RuleSet *set = &w->draft->config.rules;
        const Node *first[KEYS_MAX] = {}, *name;
        Rule *rules, *rule;
        int r;

        r = mapping_enter(w, k, n);
        if (r <= 0)
                return r;
        if (set->count >= RULES_MAX) {
                walk_error(w, n, "more than %d rules", RULES_MAX);
                return -E2BIG;
        }
        rules = array_grow(set->rules, set->count, sizeof(Rule));
        if (!rules)
                return -ENOMEM;
        set->rules = rules;
        rule = &rules[set->count++];
        *rule = (Rule){ .changed = CHANGED_UNSET, .state_after = STATE_AFTER_UNSET, .sockets.listen = -1 };

        for (StallKind s = 0; s < _STALL_MAX; s++)
                rule->stall[s] = STALL_UNSET;
        r = section_set_defaults(SECTION_RULE, rule);
        if (r < 0)
                return r;
        r = section_read(w, SECTION_RULE, n, rule, first);
        if (r < 0)
                return r;
        r = rule_keep_text(rule, n);
        if (r < 0)
                return r;
        name = first_get(first, SECTION_RULE, "name");
        if (rule->name && name)
                rule_check_name(w, name, set->count - 1);
        return 0;
}

static int exclude_read(Walk *w, const Key *k, const Node *n) {
        RuleSet *set = &w->draft->config.rules;
        const Node *first[KEYS_MAX] = {};
        Match *excludes;
        int r;

        r = mapping_enter(w, k, n);
        if (r <= 0)
                return r;
        excludes = array_grow(set->excludes, set->exclude_count, sizeof(Match));
        if (!excludes)
                return -ENOMEM;
        set->excludes = excludes;
        set->excludes[set->exclude_count] = (Match){};
        return section_read(w, SECTION_EXCLUDE, n, &set->excludes[set->exclude_count++], first);
}

static int list_read(Walk *w, const Key *k, const Node *n, int (*read)(Walk *, const Key *, const Node *)) {
        size_t mark = w->path.size;
        int r;

        r = walk_enter(w, n);
        if (r <= 0)
                return r;
        if (n->kind != NODE_LIST) {
                refuse_kind(w, k, n);
                return 0;
        }
        for (size_t i = 0; i < n->count; i++) {
                text_printf(&w->path, "[%zu]", i);
                r = read(w, k, n->items[i].value);
                path_cut(w, mark);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int key_read(Walk *w, const Key *k, const Node *n, void *structure) {
        void *field = (char *) structure + k->offset;

        switch ((unsigned) k->type) {
        case KEY_INLINE:
                return inline_read(w, k, n, field);
        case KEY_MATCH:
                return match_read(w, k, n, field);
        case KEY_RULES:
                return list_read(w, k, n, rule_read);
        case KEY_EXCLUDES:
                return list_read(w, k, n, exclude_read);
        default:
                return value_read(w, k, n, structure);
        }
}

int draft_read(Draft *d, const Place *file, const Node *root, Problems *problems) {
        static const Key top = { .name = "", .type = KEY_INLINE, .inner = SECTION_TOP };
        Walk w = { .draft = d, .file = file, .problems = problems };
        int r;

        r = inline_read(&w, &top, root, d);
        if (r == 0)
                r = text_error(&w.path);
        text_done(&w.path);
        return r == -E2BIG ? 0 : r;
}
