/* SPDX-License-Identifier: MIT */

/* An argument is taken apart into words at blanks, since it may be a command by itself, or a rewritten title; a value that is quoted there goes
 * on to the closing quote. A word is taken apart at ? & , ; into pieces, of which each may be NAME=VALUE or NAME:VALUE. What follows a
 * secret in its word goes with it. */

#include "collect/cmdline.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/macro.h"

#define HIDDEN "[redacted]"
#define TO_THE_END '\n' /* in no word */
#define NAME_MAX_SIZE 64 /* longer ones are no names of options */

/* --- names ----------------------------------------------------------------------------------------- */

/* Anywhere in a name. */
static const char *const secrets[] = { "password", "passwd", "passphrase", "passwort", "secret", "token", "apikey", "credential", "authorization", "cookie" };
/* A whole part of it: parts are what stands between - _ and . */
static const char *const secret_parts[] = { "pass", "passin", "passout", "pwd", "pw", "psk", "auth", "key", "keys" };
/* As its last part: the value is not the secret, but where it is found or of what kind it is. As its first: there is none. */
static const char *const harmless_ends[] = { "file", "path", "dir", "directory", "name", "id", "type", "size", "length", "stdin", "prompt", "fd",
                                             "format", "method", "policy", "ttl", "jar" };
static const char *const harmless_starts[] = { "no", "ask", "without", "disable" };

static bool is_among(const char *word, size_t size, const char *const *words, size_t count) {
        for (size_t i = 0; i < count; i++)
                if (strlen(words[i]) == size && strncasecmp(words[i], word, size) == 0)
                        return true;
        return false;
}

static bool ends_with(const char *word, size_t size, const char *end) {
        size_t n = strlen(end);

        return size >= n && strncasecmp(word + size - n, end, n) == 0;
}

static bool is_secret_part(const char *part, size_t size) {
        return is_among(part, size, secret_parts, ELEMENTSOF(secret_parts)) || ends_with(part, size, "key");
}

/* Does a name, of an option with its dashes or of something else, announce a secret? */
static bool is_secret(const char *name, size_t size) {
        char text[NAME_MAX_SIZE + 1];
        bool secret = false;
        size_t part;

        while (size > 0 && *name && strchr("-/\"'", *name))
                name++, size--;
        if (size == 0 || size > NAME_MAX_SIZE)
                return false;
        memcpy(text, name, size);
        text[size] = 0;
        for (size_t i = 0; i < ELEMENTSOF(secrets); i++)
                secret |= strcasestr(text, secrets[i]) != NULL;
        for (const char *p = text;; p += part + 1) {
                part = strcspn(p, "-_.");
                if (p == text && is_among(p, part, harmless_starts, ELEMENTSOF(harmless_starts)))
                        return false;
                secret |= is_secret_part(p, part);
                if (p[part] == 0)
                        return secret && !is_among(p, part, harmless_ends, ELEMENTSOF(harmless_ends));
        }
}

/* --- options of programs ---------------------------------------------------------------------------- */

static const struct ProgramOption {
        const char *program; /* glob of its name */
        const char *option;
        bool next; /* the value may be the next word, too; else it is the rest of this one only */
} program_options[] = {
        { "mysql*", "-p", false },  { "mariadb*", "-p", false },  { "sshpass", "-p", true },       { "curl", "-u", true },
        { "curl", "-U", true },     { "curl", "--user", true },   { "curl", "--proxy-user", true }, { "redis-cli", "-a", true },
        { "ldap*", "-w", true },    { "smbclient", "-U", true },  { "lftp", "-u", true },          { "sqlcmd", "-P", true },
        { "ipmitool", "-P", true }, { "mosquitto_*", "-P", true }, { "snmp*", "-c", true },        { "snmp*", "-A", true },
        { "snmp*", "-X", true },    { "mongo*", "-p", true },     { "xfreerdp*", "/p:", false },
};

static bool names_program(const char *word, size_t size, const char *glob) {
        char name[NAME_MAX_SIZE + 1];

        for (size_t i = size; i > 0; i--)
                if (word[i - 1] == '/') {
                        word += i;
                        size -= i;
                        break;
                }
        if (size == 0 || size > NAME_MAX_SIZE)
                return false;
        memcpy(name, word, size);
        name[size] = 0;
        return fnmatch(glob, name, 0) == 0;
}

/* --- words ------------------------------------------------------------------------------------------ */

typedef struct Redaction {
        Text *out;
        const char *program; /* glob of the last word that was a known program; NULL: none yet */
        bool next;           /* the word before announced a secret */
        bool first;          /* the word is the first of its argument */
        char quote;          /* what is hidden goes on until this, or TO_THE_END of the argument; 0: it does not */
        bool hidden;         /* something was */
} Redaction;

static void hide(Redaction *r) {
        text_append(r->out, HIDDEN);
        r->hidden = true;
}

static bool is_quote(char c) {
        return c == '"' || c == '\'';
}

/* The rest of a word; and what follows: up to the closing quote, or, in the first word of an argument, which is hardly a command then, all of it. */
static void hide_value(Redaction *r, const char *value, size_t size) {
        char quote = size > 0 && is_quote(value[0]) ? value[0] : 0;

        hide(r);
        if (!quote)
                r->quote = r->first ? TO_THE_END : 0;
        else if (size < 2 || value[size - 1] != quote)
                r->quote = quote;
}

/* -u, or -su: flags in one word, of which the last takes a value. */
static bool is_option(const char *word, size_t size, const char *option) {
        size_t n = strlen(option);

        if (size == n)
                return memcmp(word, option, n) == 0;
        if (n != 2 || size > 5 || word[0] != '-' || word[size - 1] != option[1])
                return false;
        for (size_t i = 1; i < size; i++)
                if (!isalpha((unsigned char) word[i]))
                        return false;
        return true;
}

/* -uVALUE, --user=VALUE: the size up to VALUE; 0: it is none. */
static size_t find_attached(const char *word, size_t size, const char *option) {
        size_t n = strlen(option);

        if (size <= n || memcmp(word, option, n) != 0)
                return 0;
        if (option[0] == '-' && option[1] == '-')
                return word[n] == '=' ? n + 1 : 0;
        return n;
}

/* One that this program is known to take: the size up to its value; 0: there is none in this word. */
static size_t find_program_option(Redaction *r, const char *word, size_t size) {
        for (size_t i = 0; i < ELEMENTSOF(program_options); i++) {
                const struct ProgramOption *o = &program_options[i];
                size_t shown;

                if (names_program(word, size, o->program))
                        r->program = o->program;
                if (!r->program || strcmp(o->program, r->program) != 0)
                        continue;
                r->next |= o->next && is_option(word, size, o->option);
                shown = r->next ? 0 : find_attached(word, size, o->option);
                if (shown > 0)
                        return shown;
        }
        return 0;
}

/* scheme://USER@: the size up to USER, and of USER. */
static bool find_userinfo(const char *word, size_t size, size_t *ret_before, size_t *ret_size) {
        const char *start = memmem(word, size, "://", 3), *end = word + size, *at = NULL;

        if (!start)
                return false;
        start += 3;
        for (const char *p = start; p < end && !strchr("/?#", *p); p++)
                if (*p == '@')
                        at = p;
        if (!at)
                return false;
        *ret_before = (size_t) (start - word);
        *ret_size = (size_t) (at - start);
        return true;
}

/* NAME=VALUE, or NAME:VALUE, of a secret name: the size up to VALUE; 0: there is none. */
static size_t find_named(const char *word, size_t size) {
        size_t start = 0;

        for (size_t i = 0; i < size; i++) {
                if (strchr("?&,;", word[i]))
                        start = i + 1;
                else if ((word[i] == '=' || word[i] == ':') && i + 1 < size && is_secret(word + start, i - start))
                        return i + 1;
        }
        return 0;
}

/* After a word that announced a secret. What comes as another option is none: the value is to be asked for, or is in a file. */
static bool is_announced(Redaction *r, const char *word, size_t size) {
        bool next = r->next;

        r->next = false;
        return next && !(size > 2 && word[0] == '-' && word[1] == '-' && isalpha((unsigned char) word[2]));
}

static void redact_word(Redaction *r, const char *word, size_t size) {
        size_t before, userinfo, shown;

        if (is_announced(r, word, size)) {
                hide_value(r, word, size);
                return;
        }
        shown = find_program_option(r, word, size);
        if (shown == 0)
                shown = find_named(word, size);
        if (shown > 0) {
                text_append_bytes(r->out, word, shown);
                hide_value(r, word + shown, size - shown);
                return;
        }
        if (find_userinfo(word, size, &before, &userinfo)) {
                text_append_bytes(r->out, word, before);
                hide(r);
                word += before + userinfo;
                size -= before + userinfo;
        }
        text_append_bytes(r->out, word, size);
        r->next |= size > 0 && word[0] == '-' && is_secret(word, size);
        if (size > 1 && word[size - 1] == ':' && is_secret(word, size - 1)) {
                text_append(r->out, " ");
                hide(r);
                r->quote = is_quote(word[0]) ? word[0] : TO_THE_END;
        }
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\n';
}

static size_t run_of(const char *p, size_t size, bool blanks) {
        size_t n = 0;

        while (n < size && is_blank(p[n]) == blanks)
                n++;
        return n;
}

static void redact_argument(Redaction *r, const char *argument, size_t size) {
        if (is_announced(r, argument, size)) {
                hide(r);
                return;
        }
        r->first = true;
        for (size_t i = 0, n; i < size; i += n) {
                n = run_of(argument + i, size - i, true);
                if (!r->quote)
                        text_append_bytes(r->out, argument + i, n);
                i += n;
                n = run_of(argument + i, size - i, false);
                if (r->quote && memchr(argument + i, r->quote, n))
                        r->quote = 0;
                else if (!r->quote && n > 0)
                        redact_word(r, argument + i, n);
                r->first = false;
        }
        r->quote = 0;
}

int cmdline_redact(Text *t, const char *arguments, size_t size) {
        Redaction r = { .out = t };

        for (size_t i = 0; i < size;) {
                size_t n = strnlen(arguments + i, size - i);

                if (i > 0)
                        text_append(t, " ");
                redact_argument(&r, arguments + i, n);
                i += n + 1;
        }
        return text_error(t) < 0 ? text_error(t) : r.hidden;
}
