/* SPDX-License-Identifier: MIT */

#include "script.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

void script_fail(const Script *s, const char *format, ...) {
        va_list ap;

        fprintf(stderr, "%s:%u: ", s->path, s->line);
        va_start(ap, format);
        (void) vfprintf(stderr, format, ap);
        va_end(ap);
        fputc('\n', stderr);
        exit(1);
}

void script_open(Script *s, const char *path) {
        *s = (Script){ .path = path, .file = fopen(path, "re") };
        if (!s->file)
                script_fail(s, "cannot be opened: %m");
}

static void split(Script *s) {
        char *rest = s->text;

        s->count = 0;
        s->indented = s->text[0] == ' ';
        for (char *word; (word = strtok_r(rest, " \n", &rest));) {
                if (s->count == WORDS_MAX)
                        script_fail(s, "more than %d words", WORDS_MAX);
                s->used[s->count] = false;
                s->words[s->count++] = word;
        }
}

bool script_next(Script *s) {
        if (s->pushed_back) {
                s->pushed_back = false;
                return true;
        }
        while (fgets(s->text, sizeof(s->text), s->file)) {
                char *comment = strchr(s->text, '#');

                s->line++;
                if (!strchr(s->text, '\n'))
                        script_fail(s, "a line without end, or longer than %zu bytes", sizeof(s->text));
                if (comment)
                        *comment = 0;
                split(s);
                if (s->count > 0)
                        return true;
        }
        if (ferror(s->file))
                script_fail(s, "cannot be read: %m");
        s->count = 0;
        return false;
}

void script_push_back(Script *s) {
        s->pushed_back = true;
}

bool script_next_row(Script *s) {
        if (!script_next(s))
                return false;
        if (s->indented)
                return true;
        script_push_back(s);
        return false;
}

const char *script_word(Script *s, size_t i, const char *what) {
        if (i >= s->count)
                script_fail(s, "%s is missing", what);
        s->used[i] = true;
        return s->words[i];
}

const char *script_option(Script *s, const char *key) {
        size_t size = strlen(key);

        for (size_t i = 0; i < s->count; i++)
                if (strncmp(s->words[i], key, size) == 0 && s->words[i][size] == '=') {
                        s->used[i] = true;
                        return s->words[i] + size + 1;
                }
        return NULL;
}

uint64_t script_number_option(Script *s, const char *key, uint64_t otherwise) {
        const char *value = script_option(s, key);

        return value ? script_number(s, value) : otherwise;
}

static uint64_t script_time_option(Script *s, const char *key, uint64_t otherwise) {
        const char *value = script_option(s, key);

        return value ? script_time(s, value) : otherwise;
}

bool script_flag(Script *s, const char *word) {
        for (size_t i = 0; i < s->count; i++)
                if (strcmp(s->words[i], word) == 0) {
                        s->used[i] = true;
                        return true;
                }
        return false;
}

void script_done(const Script *s) {
        for (size_t i = 0; i < s->count; i++)
                if (!s->used[i])
                        script_fail(s, "what is '%s'?", s->words[i]);
}

uint64_t script_number(const Script *s, const char *word) {
        uint64_t n;

        if (parse_u64(word, 0, UINT64_MAX, &n) < 0)
                script_fail(s, "'%s' is no number", word);
        return n;
}

uint64_t script_time(const Script *s, const char *word) {
        uint64_t usec = 0, unit = USEC_PER_SEC;
        const char *p = word;

        for (; *p >= '0' && *p <= '9'; p++)
                usec = usec * 10 + (unsigned) (*p - '0') * USEC_PER_SEC;
        if (*p == '.' && p != word)
                for (p++; *p >= '0' && *p <= '9' && unit > 1; p++) {
                        unit /= 10;
                        usec += (uint64_t) (*p - '0') * unit;
                }
        if (*p != 0 || p == word)
                script_fail(s, "'%s' is no time in seconds", word);
        return usec;
}

void script_times(const Script *s, char *word, uint64_t *ret_from, uint64_t *ret_to) {
        char *to = strchr(word, '-');

        if (to)
                *to++ = 0;
        *ret_from = script_time(s, word);
        *ret_to = to ? script_time(s, to) : *ret_from;
        if (*ret_to < *ret_from)
                script_fail(s, "the span ends before it begins");
}

TableKind script_table(const Script *s, const char *word) {
        for (TableKind kind = TABLE_TCP; kind < _TABLE_MAX; kind++)
                if (strcmp(table_name(kind), word) == 0)
                        return kind;
        script_fail(s, "'%s' is no table", word);
}

/* c1 for cookie 1, - for none. */
static uint64_t cookie(const Script *s, const char *word) {
        if (strcmp(word, "-") == 0)
                return 0;
        if (word[0] != 'c')
                script_fail(s, "'%s' is no cookie (c1, c2 ... or -)", word);
        return script_number(s, word + 1);
}

static uint32_t inode(const Script *s, const char *word) {
        return strcmp(word, "-") == 0 ? 0 : (uint32_t) script_number(s, word);
}

/* 10.0.0.2:443, [::1]:443, *:53, or - for none. */
static Family endpoint(const Script *s, const char *word, Endpoint *ret) {
        const char *colon = strrchr(word, ':');
        char ip[64];
        Family family = FAMILY_IPV4;

        *ret = (Endpoint){};
        if (strcmp(word, "-") == 0)
                return FAMILY_UNKNOWN;
        if (!colon || (size_t) (colon - word) >= sizeof(ip))
                script_fail(s, "'%s' is no address:port", word);
        memcpy(ip, word, (size_t) (colon - word));
        ip[colon - word] = 0;
        if (ip[0] == '[') {
                family = FAMILY_IPV6;
                ip[strlen(ip) - 1] = 0;
        }
        if (strcmp(ip, "*") != 0 &&
            inet_pton(family == FAMILY_IPV6 ? AF_INET6 : AF_INET, family == FAMILY_IPV6 ? ip + 1 : ip, ret->ip) != 1)
                script_fail(s, "'%s' is no IP address", ip);
        ret->port = (uint16_t) script_number(s, colon + 1);
        return family;
}

static void unix_socket(Script *s, size_t first, Socket *ret) {
        const char *path = script_word(s, first, "path");
        const char *type = script_option(s, "type");

        ret->family = FAMILY_UNIX;
        ret->transport = (uint8_t) (type ? transport_from_name(type) : TRANSPORT_STREAM);
        if (strcmp(path, "-") != 0) {
                ret->path_size = (uint8_t) MIN(strlen(path), (size_t) SOCKET_PATH_MAX);
                memcpy(ret->path, path, ret->path_size);
                if (path[0] == '@')
                        ret->path[0] = 0;
        }
        ret->peer_inode = inode(s, script_word(s, first + 1, "peer inode"));
}

static void inet_socket(Script *s, size_t first, TableKind table, Socket *ret) {
        static const uint8_t transports[_TABLE_MAX] = {
                [TABLE_TCP] = TRANSPORT_TCP,
                [TABLE_UDP] = TRANSPORT_UDP,
                [TABLE_RAW] = TRANSPORT_RAW,
                [TABLE_UDPLITE] = TRANSPORT_UDPLITE,
        };
        const char *transport = script_option(s, "transport");
        Family a = endpoint(s, script_word(s, first, "local address"), &ret->local);
        Family b = endpoint(s, script_word(s, first + 1, "peer address"), &ret->peer);

        if (a != FAMILY_UNKNOWN && b != FAMILY_UNKNOWN && a != b)
                script_fail(s, "two families of addresses");
        ret->family = (uint8_t) (a != FAMILY_UNKNOWN ? a : b != FAMILY_UNKNOWN ? b : FAMILY_IPV4);
        ret->transport = transport ? (uint8_t) transport_from_name(transport) : transports[table];
}

/* PROTOCOL PORT-ID, the first as a number: packet, netlink. */
static void raw_socket(Script *s, size_t first, TableKind table, Socket *ret) {
        const char *transport = script_option(s, "transport");

        ret->family = table == TABLE_PACKET ? FAMILY_PACKET : FAMILY_NETLINK;
        ret->transport = transport ? (uint8_t) transport_from_name(transport) : table == TABLE_PACKET ? TRANSPORT_RAW : TRANSPORT_UNKNOWN;
        ret->local.port = (uint16_t) script_number(s, script_word(s, first, "protocol"));
        endpoint_set_word(&ret->local, 0, inode(s, script_word(s, first + 1, "port id")));
}

void script_socket(Script *s, size_t first, TableKind table, Socket *ret) {
        const char *state, *answered;

        socket_init(ret);
        ret->cookie = cookie(s, script_word(s, first, "cookie"));
        ret->inode = inode(s, script_word(s, first + 1, "inode"));
        if (table == TABLE_UNIX)
                unix_socket(s, first + 2, ret);
        else if (table == TABLE_PACKET || table == TABLE_NETLINK)
                raw_socket(s, first + 2, table, ret);
        else
                inet_socket(s, first + 2, table, ret);
        state = script_word(s, first + 4, "state");
        ret->state = (uint8_t) state_from_name(state);
        if (ret->state == STATE_UNKNOWN)
                script_fail(s, "'%s' is no state", state);
        ret->subflow = script_flag(s, "subflow");
        ret->interface = (uint32_t) script_number_option(s, "interface", 0);
        if (ret->interface != 0)
                (void) snprintf(ret->device, sizeof(ret->device), "eth%u", ret->interface);
        ret->timer = (uint8_t) script_number_option(s, "timer", TIMER_NONE);
        ret->bytes_sent = script_number_option(s, "sent", SOCKET_UNKNOWN);
        ret->bytes_received = script_number_option(s, "received", SOCKET_UNKNOWN);
        answered = script_option(s, "answered");
        if (answered)
                ret->answered = strcmp(answered, "yes") == 0 ? ANSWERED_YES : ANSWERED_NO;
        ret->total_retransmits = script_number_option(s, "retransmits", SOCKET_UNKNOWN);
        ret->send_queue = (uint32_t) script_number_option(s, "sendq", 0);
        ret->receive_queue = (uint32_t) script_number_option(s, "recvq", 0);
        ret->bytes_acked = script_number_option(s, "acked", SOCKET_UNKNOWN);
        ret->retransmits = (uint8_t) script_number_option(s, "again", 0);
        ret->backoff = (uint8_t) script_number_option(s, "backoff", 0);
        ret->rto_usec = (uint32_t) script_time_option(s, "rto", 0);
        ret->idle_usec = script_time_option(s, "idle", SOCKET_UNKNOWN);
        ret->heard_usec = script_time_option(s, "heard", SOCKET_UNKNOWN);
        ret->waiting = (uint32_t) script_number_option(s, "waiting", 0);
        ret->opened = script_time_option(s, "opened", SOCKET_UNKNOWN);
}

static char *copy(const char *s) {
        return s ? strdup(s) : NULL;
}

void script_process(Script *s, size_t first, Process *ret) {
        char *slash, id[64];

        (void) snprintf(id, sizeof(id), "%s", script_word(s, first, "PID/START"));
        slash = strchr(id, '/');
        if (!slash)
                script_fail(s, "'%s' is no PID/START", id);
        *slash = 0;
        process_init(ret);
        ret->pid = (uint32_t) script_number(s, id);
        ret->start_ticks = script_number(s, slash + 1);
        ret->start_usec = ret->start_ticks * 10000;
        ret->comm = copy(script_word(s, first + 1, "process name"));
        ret->parent = (uint32_t) script_number_option(s, "parent", 0);
        ret->uid = ret->effective_uid = (uint32_t) script_number_option(s, "uid", PROCESS_UNKNOWN);
        ret->exe = copy(script_option(s, "exe"));
        ret->unit = copy(script_option(s, "unit"));
        ret->container = copy(script_option(s, "container"));
        ret->container_runtime = ret->container ? "docker" : NULL;
        ret->pod = copy(script_option(s, "pod"));
        ret->cwd = copy(script_option(s, "cwd"));
        ret->tty = (uint32_t) script_number_option(s, "tty", 0);
        ret->exe_state = script_flag(s, "memfd") ? EXE_MEMFD : EXE_PRESENT;
        ret->cmdline = copy(script_option(s, "cmdline"));
        ret->cmdline_size = ret->cmdline ? (uint32_t) strlen(ret->cmdline) : 0;
}
