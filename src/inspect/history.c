/* SPDX-License-Identifier: MIT */

#include "inspect/history.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

#define VALUE_MAX 4096
#define MESSAGE_MAX 2048

void history_init(History *h) {
        *h = (History){};
        process_init(&h->process);
        socket_init(&h->socket);
}

void history_done(History *h) {
        text_done(&h->message);
        process_done(&h->process);
}

/* --- values ---------------------------------------------------------------------------------------- */

static void take_number(const char *value, uint64_t max, uint64_t *ret) {
        uint64_t n;

        if (parse_u64(value, 0, max, &n) == 0)
                *ret = n;
}

static uint32_t number32(const char *value, uint32_t otherwise) {
        uint32_t n;

        return parse_u32(value, 0, UINT32_MAX, &n) == 0 ? n : otherwise;
}

static uint16_t port(const char *value) {
        uint32_t n = number32(value, 0);

        return n <= UINT16_MAX ? (uint16_t) n : 0;
}

/* As the kernel had it, without the escapes; a NUL ends it. */
static int take_string(const char *value, size_t size, char **ret) {
        _cleanup_free_ char *raw = malloc(size + 1);
        size_t n;

        if (!raw)
                return -ENOMEM;
        if (text_unescape(value, size, raw, &n) < 0)
                return 0;
        raw[n] = 0;
        free(*ret);
        *ret = strdup(raw);
        return *ret ? 0 : -ENOMEM;
}

static uint8_t take_path(const char *value, size_t size, char ret[SOCKET_PATH_MAX]) {
        char raw[VALUE_MAX];
        size_t n;

        if (size > sizeof(raw) || text_unescape(value, size, raw, &n) < 0 || n == 0 || n > SOCKET_PATH_MAX)
                return 0;
        memcpy(ret, raw, n);
        if (value[0] == '@')
                ret[0] = 0;
        return (uint8_t) n;
}

static void take_address(const char *value, Endpoint *ret) {
        uint8_t ip[16] = {};

        if (inet_pton(AF_INET, value, ip) == 1 || inet_pton(AF_INET6, value, ip) == 1)
                memcpy(ret->ip, ip, sizeof(ip));
}

/* boot-pid-start */
static void take_entity(const char *value, Process *p) {
        const char *dash = strrchr(value, '-');

        if (dash)
                take_number(dash + 1, UINT64_MAX, &p->start_ticks);
}

static void take_word(const char *value, size_t max, char *ret) {
        if (strlen(value) < max)
                memcpy(ret, value, strlen(value) + 1);
}

/* --- fields ---------------------------------------------------------------------------------------- */

typedef enum Field {
        EVENT, NOT_AFTER, STALL, STATE, PID, ENTITY, UID, COMM, EXE, UNIT, USER_UNIT, CGROUP, FAMILY, TRANSPORT, LOCAL_ADDRESS, LOCAL_PORT,
        PEER_ADDRESS, PEER_PORT, LOCAL_PATH, PEER_PATH, _FIELD_MAX,
} Field;

static const char *const names[_FIELD_MAX] = {
        [EVENT] = "EVENT", [NOT_AFTER] = "NOT_AFTER", [STALL] = "STALL", [STATE] = "STATE", [PID] = "PID", [ENTITY] = "PROCESS_ENTITY",
        [UID] = "UID", [COMM] = "COMM", [EXE] = "EXE", [UNIT] = "UNIT", [USER_UNIT] = "USER_UNIT", [CGROUP] = "CGROUP",
        [FAMILY] = "FAMILY", [TRANSPORT] = "TRANSPORT", [LOCAL_ADDRESS] = "LOCAL_ADDRESS", [LOCAL_PORT] = "LOCAL_PORT",
        [PEER_ADDRESS] = "PEER_ADDRESS", [PEER_PORT] = "PEER_PORT", [LOCAL_PATH] = "LOCAL_PATH", [PEER_PATH] = "PEER_PATH",
};

static int take_process(History *h, Field f, const char *value, size_t size) {
        Process *p = &h->process;

        switch ((unsigned) f) {
        case PID:
                p->pid = number32(value, 0);
                return 0;
        case ENTITY:
                take_entity(value, p);
                return 0;
        case UID:
                p->uid = number32(value, PROCESS_UNKNOWN);
                return 0;
        case COMM:
                return take_string(value, size, &p->comm);
        case EXE:
                return take_string(value, size, &p->exe);
        case UNIT:
                return take_string(value, size, &p->unit);
        case USER_UNIT:
                return take_string(value, size, &p->user_unit);
        case CGROUP:
                return take_string(value, size, &p->cgroup);
        default:
                return 0;
        }
}

static void take_socket(History *h, Field f, const char *value, size_t size) {
        Socket *s = &h->socket;

        switch ((unsigned) f) {
        case FAMILY:
                s->family = (uint8_t) family_from_name(value);
                break;
        case TRANSPORT:
                s->transport = (uint8_t) transport_from_name(value);
                break;
        case LOCAL_ADDRESS:
                take_address(value, &s->local);
                break;
        case LOCAL_PORT:
                s->local.port = port(value);
                break;
        case PEER_ADDRESS:
                take_address(value, &s->peer);
                break;
        case PEER_PORT:
                s->peer.port = port(value);
                break;
        case LOCAL_PATH:
                s->path_size = take_path(value, size, s->path);
                break;
        case PEER_PATH:
                h->peer_path_size = take_path(value, size, h->peer_path);
                break;
        default:
                break;
        }
}

static int take(History *h, Field f, const char *value, size_t size) {
        switch ((unsigned) f) {
        case EVENT:
                take_word(value, sizeof(h->kind), h->kind);
                return 0;
        case NOT_AFTER:
                take_number(value, INT64_MAX, &h->time);
                return 0;
        case STALL:
                take_word(value, sizeof(h->stall), h->stall);
                return 0;
        case STATE:
                h->state = (uint8_t) state_from_name(value);
                return 0;
        default:
                take_socket(h, f, value, size);
                return take_process(h, f, value, size);
        }
}

/* Printable already, unless somebody else wrote it: backslashes stay single, the rest is escaped once more. */
static void take_message(History *h, const char *value, size_t size) {
        text_clear(&h->message);
        for (size_t i = 0, n; i < size && h->message.size < MESSAGE_MAX; i += n) {
                const char *slash = memchr(value + i, '\\', size - i);

                n = slash ? (size_t) (slash - value) - i : size - i;
                (void) text_escape(&h->message, (Bytes){ .data = value + i, .size = (uint32_t) n }, MESSAGE_MAX);
                if (slash) {
                        text_append(&h->message, "\\");
                        n++;
                }
        }
}

int history_field(History *h, const char *data, size_t size) {
        static const char prefix[] = "SOCKAUDIT_";
        const char *equals = memchr(data, '=', size);
        char value[VALUE_MAX + 1];
        size_t name_size, value_size;

        if (!equals)
                return 0;
        name_size = (size_t) (equals - data);
        value_size = size - name_size - 1;
        if (value_size == 0 || value_size > VALUE_MAX || memchr(equals + 1, 0, value_size))
                return 0;
        if (name_size == strlen("MESSAGE") && memcmp(data, "MESSAGE", name_size) == 0) {
                take_message(h, equals + 1, value_size);
                return text_error(&h->message);
        }
        if (name_size <= strlen(prefix) || memcmp(data, prefix, strlen(prefix)) != 0)
                return 0;
        data += strlen(prefix);
        name_size -= strlen(prefix);
        memcpy(value, equals + 1, value_size);
        value[value_size] = 0;
        for (Field f = 0; f < _FIELD_MAX; f++)
                if (strlen(names[f]) == name_size && memcmp(names[f], data, name_size) == 0)
                        return take(h, f, value, value_size);
        return 0;
}

bool history_peer(const History *h, Socket *ret) {
        if (h->peer_path_size == 0)
                return false;
        socket_init(ret);
        ret->family = FAMILY_UNIX;
        memcpy(ret->path, h->peer_path, h->peer_path_size);
        ret->path_size = h->peer_path_size;
        return true;
}
