/* SPDX-License-Identifier: MIT */
#pragma once

/* Key: one row of the table of all configuration keys, and how text becomes the value of such a key. Private to
 * config*.c. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "config/config.h"

/* A configuration while it is read. */
typedef struct Draft {
        Config config;
        struct {
                unsigned changed;
                uint64_t state_after;
                uint64_t stall[_STALL_MAX];
        } defaults;
        struct {
                const char *file; /* borrowed */
                unsigned line;
        } rule_places[RULES_MAX]; /* where each rule was named */
} Draft;

/* A rule that does not say takes what `defaults` says, which may stand behind it or in a drop-in. */
#define STATE_AFTER_UNSET UINT64_MAX
#define CHANGED_UNSET 0
#define STALL_UNSET UINT64_MAX

/* A mapping and the structure that it fills. */
typedef enum Section {
        SECTION_TOP,      /* Draft */
        SECTION_LIMITS,   /* Draft */
        SECTION_DEFAULTS, /* Draft */
        SECTION_EXCLUDE,  /* Match: its `match` is the element itself */
        SECTION_RULE,     /* Rule */
        SECTION_MATCH,    /* Match */
        SECTION_SOCKETS,  /* SocketFilter */
        SECTION_STALL,    /* uint64_t[_STALL_MAX] */
        SECTION_EXPECT,   /* Expected */
        SECTION_FOLD,     /* FoldSpec */
        _SECTION_MAX,
} Section;

typedef enum KeyType {
        KEY_DURATION,  /* uint64_t usec */
        KEY_COUNT,     /* uint64_t */
        KEY_SIZE,      /* uint64_t bytes */
        KEY_PERCENT,   /* uint32_t hundredths of a percent */
        KEY_BOOL,      /* bool or int */
        KEY_CHOICE,    /* one number of a set of names, in a field of any size */
        KEY_CHOICES,   /* unsigned: bits 1 << number; replaces what was there */
        KEY_NAME,      /* char * */
        KEY_GLOBS,     /* Strings */
        KEY_USERS,     /* Match: names into uids */
        KEY_UIDS,      /* Match */
        KEY_ADDRESSES, /* AddressSet * */
        KEY_INLINE,    /* a mapping; the structure is in the field */
        KEY_MATCH,     /* a mapping; the field is a Match *, to be made */
        KEY_RULES,     /* a list of mappings */
        KEY_EXCLUDES,  /* a list of mappings */
} KeyType;

typedef const char *(*choice_name_t)(unsigned number); /* NULL: no such number */

typedef struct Key {
        Section section;
        const char *name;
        KeyType type;
        size_t offset, size;   /* of the field; size of numbers only */
        const char *min, *max; /* of DURATION, COUNT, SIZE, PERCENT: as in the file */
        choice_name_t choice;  /* of CHOICE, CHOICES */
        unsigned choices;      /* numbers below this */
        Section inner;         /* of mappings and lists of them */
        bool required;
        bool emptiable;        /* of CHOICES: an empty list means none of them; else it is an error */
        const char *initial;   /* the default, as in the file; NULL: none */
        const char *help;      /* one line; scdoc */
} Key;

#define KEYS_MAX 96
extern const Key config_keys[];
extern const size_t config_key_count;

/* The number of the key in the table; -ENOENT. */
int key_find(Section section, const char *name, size_t size);
/* What a user who wrote `name` can have meant: a key of this section, or of one inside it ("match.comm"). Writes it to
 * ret, or returns false. */
bool key_guess(Section section, const char *name, size_t size, char ret[64]);
/* "a time from 100ms to 1h" */
void key_expected(const Key *k, Text *t);

/* Does the key take single values (and lists of them), not a mapping? */
bool key_is_value(const Key *k);
/* May several values be given, as a list? */
bool key_is_list(const Key *k);
/* Forget what an earlier file said, where lists replace each other. */
void key_reset(const Key *k, void *structure);
/* One value into the field of the structure. -EINVAL: bad value, -ERANGE: out of range; *ret_why may get a sentence on
 * what was expected that is better than key_expected(). -ENOMEM. */
int key_set(const Key *k, void *structure, const char *value, const char **ret_why);
/* A value that is good but cannot be meant: why; else NULL. */
const char *key_doubt(const Key *k, const char *value);
/* Every default of a section. -ENOMEM. */
int section_set_defaults(Section section, void *structure);
