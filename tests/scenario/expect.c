/* SPDX-License-Identifier: MIT */

#include "expect.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

typedef struct Got {
        EventKind kind;
        uint64_t connection; /* 0: it is about none */
        char *fields[_EVENT_FIELD_MAX]; /* NULL: absent */
} Got;

/* What the scenario calls a connection. */
typedef struct Label {
        UT_hash_handle hh;
        char name[24];
        uint64_t connection;
} Label;

/* 10.25; no zeros that say nothing. */
static void seconds(Text *t, uint64_t usec) {
        size_t size;

        text_printf(t, "%llu.%06llu", usec / USEC_PER_SEC, usec % USEC_PER_SEC);
        for (size = t->size; t->data[size - 1] == '0'; size--)
                ;
        if (t->data[size - 1] == '.')
                size--;
        t->data[t->size = size] = 0;
}

static void holders(Text *t, const Event *e) {
        for (size_t i = 0; i < e->holder_count; i++)
                text_printf(t, "%s%u/%d", i > 0 ? "," : "", e->holders[i].pid, e->holders[i].fd);
}

/* PID/FD, as HOLDER is written. */
static void holder_ids(Text *t, Bytes b) {
        for (uint32_t i = 0; i + sizeof(HolderId) <= b.size; i += sizeof(HolderId)) {
                HolderId h;

                memcpy(&h, b.data + i, sizeof(h));
                text_printf(t, "%s%u/%d", i > 0 ? "," : "", h.pid, h.fd);
        }
}

static void states(Text *t, Bytes b) {
        for (uint32_t i = 0; i < b.size; i++)
                text_printf(t, "%s%s", i > 0 ? "," : "", state_name((unsigned char) b.data[i]));
}

/* From outside: '@' for NUL, as the formats write it; the lines of a value are parted by semicolons. */
static void bytes(Text *t, Bytes b) {
        for (uint32_t i = 0; i < b.size; i++)
                text_printf(t, "%c", b.data[i] == 0 ? '@' : b.data[i] == ' ' ? ',' : b.data[i] == '\n' ? ';' : b.data[i]);
}

static void address(Text *t, Bytes b) {
        char buffer[ENDPOINT_TEXT_MAX];
        Endpoint e = {};

        memcpy(e.ip, b.data, b.size);
        text_append(t, endpoint_ip(b.size == 4 ? FAMILY_IPV4 : FAMILY_IPV6, &e, buffer));
}

static void name_or_number(Text *t, const char *name, uint64_t number) {
        if (name)
                text_append(t, name);
        else
                text_printf(t, "%" PRIu64, number);
}

static void render(Text *t, const Event *e, FieldId id) {
        const EventValue *v = &e->values[id];

        switch (event_field_info(id)->type) {
        case FIELD_TIME:
        case FIELD_USEC:
                seconds(t, v->number);
                break;
        case FIELD_FAMILY:
                name_or_number(t, family_name((unsigned) v->number), v->number);
                break;
        case FIELD_TRANSPORT:
                name_or_number(t, transport_name((unsigned) v->number), v->number);
                break;
        case FIELD_STATE:
                name_or_number(t, state_name((unsigned) v->number), v->number);
                break;
        case FIELD_DIRECTION:
                name_or_number(t, direction_name((unsigned) v->number), v->number);
                break;
        case FIELD_END:
                name_or_number(t, end_name((unsigned) v->number), v->number);
                break;
        case FIELD_STATES:
                states(t, v->bytes);
                break;
        case FIELD_ADDRESS:
                address(t, v->bytes);
                break;
        case FIELD_WORD:
        case FIELD_BYTES:
        case FIELD_LINES:
        case FIELD_BYTES_HEX:
                bytes(t, v->bytes);
                break;
        case FIELD_HOLDER_IDS:
                holder_ids(t, v->bytes);
                break;
        case FIELD_HOLDERS:
                holders(t, e);
                break;
        case FIELD_NUMBER:
        case FIELD_HEX:
                text_printf(t, "%" PRIu64, v->number);
                break;
        }
}

static bool has(const Event *e, FieldId id) {
        return id == EVENT_FIELD_HOLDER ? e->holder_count > 0 : event_has(e, id);
}

void expect_event(void *userdata, const Event *e) {
        Expect *x = userdata;
        const char *wrong = invariants_check(&x->invariants, e);
        Got *got;

        if (wrong)
                script_fail(x->script, "%s: %s", event_kind_info(e->kind)->name, wrong);
        x->got = reallocarray(x->got, x->count + 1, sizeof(Got));
        if (!x->got)
                abort();
        got = &x->got[x->count++];
        *got = (Got){ .kind = e->kind };
        if (event_has(e, EVENT_FIELD_CONNECTION))
                got->connection = e->values[EVENT_FIELD_CONNECTION].number;
        for (FieldId id = 0; id < _EVENT_FIELD_MAX; id++)
                if (has(e, id)) {
                        Text t = TEXT_NULL;

                        render(&t, e, id);
                        got->fields[id] = t.data ?: strdup("");
                }
}

static void print(const Expect *x, const Got *got) {
        const Label *label;

        fprintf(stderr, "> %s", event_kind_info(got->kind)->name);
        for (label = x->labels; label; label = label->hh.next)
                if (label->connection == got->connection)
                        fprintf(stderr, " %s", label->name);
        if (got->fields[EVENT_FIELD_PID])
                fprintf(stderr, " %s[%s]", got->fields[EVENT_FIELD_COMM] ?: "?", got->fields[EVENT_FIELD_PID]);
        for (FieldId id = 0; id < _EVENT_FIELD_MAX; id++)
                if (got->fields[id] && id != EVENT_FIELD_CONNECTION && id != EVENT_FIELD_PROCESS_ENTITY)
                        fprintf(stderr, " %s=%s", event_field_info(id)->name, got->fields[id]);
        fputc('\n', stderr);
}

_Noreturn static void fail(const Expect *x, const char *why) {
        fprintf(stderr, "%s:%u: %s\n", x->script->path, x->script->line, why);
        if (x->script->count > 0 && x->script->words[0][0] == '>') {
                fprintf(stderr, "expected:\n");
                for (size_t i = 0; i < x->script->count; i++)
                        fprintf(stderr, "%s%s", x->script->words[i], i + 1 < x->script->count ? " " : "\n");
        }
        fprintf(stderr, "this step made %zu events:\n", x->count);
        for (size_t i = 0; i < x->count; i++)
                print(x, &x->got[i]);
        exit(1);
}

/* c1 is the connection with cookie 1, i1001 the one with inode 1001, from its first event on; c1.2 is another use of the
 * socket, c1 of its own. */
static void compare_label(Expect *x, const Got *got, const char *name) {
        const char *first = got->fields[name[0] == 'c' ? EVENT_FIELD_COOKIE : EVENT_FIELD_INODE];
        size_t size = strcspn(name + 1, ".");
        Label *label, *other;

        if (got->connection == 0)
                fail(x, "the event is about no connection");
        if (first && (strlen(first) != size || memcmp(first, name + 1, size) != 0))
                fail(x, "the event is about another socket");
        HASH_FIND_STR(x->labels, name, label);
        if (label && label->connection != got->connection)
                fail(x, "the event is about another connection");
        if (label)
                return;
        if (!first)
                fail(x, "no event has told this connection yet");
        for (other = x->labels; other; other = other->hh.next)
                if (other->connection == got->connection)
                        fail(x, "the connection has another name already");
        label = calloc(1, sizeof(Label));
        if (!label)
                abort();
        (void) snprintf(label->name, sizeof(label->name), "%s", name);
        label->connection = got->connection;
        HASH_ADD_STR(x->labels, name, label);
}

static void compare_endpoint(const Expect *x, const Got *got, FieldId ip, FieldId port, const char *wanted) {
        char text[128];

        if (!got->fields[ip])
                fail(x, "the event has no such address");
        (void) snprintf(text, sizeof(text), strchr(got->fields[ip], ':') ? "[%s]:%s" : "%s:%s", got->fields[ip],
                        got->fields[port] ?: "");
        if (strcmp(text, wanted) != 0)
                fail(x, "the address differs");
}

static void compare_field(Expect *x, const Got *got, const char *word) {
        const char *equals = strchr(word, '='), *wanted = equals + 1;
        FieldId id = event_field_from_name(word, (size_t) (equals - word));
        FieldType type;
        Text t = TEXT_NULL;

        if (strncmp(word, "LOCAL=", 6) == 0) {
                compare_endpoint(x, got, EVENT_FIELD_LOCAL_ADDRESS, EVENT_FIELD_LOCAL_PORT, wanted);
                return;
        }
        if (strncmp(word, "PEER=", 5) == 0) {
                compare_endpoint(x, got, EVENT_FIELD_PEER_ADDRESS, EVENT_FIELD_PEER_PORT, wanted);
                return;
        }
        if (id == _EVENT_FIELD_MAX)
                script_fail(x->script, "'%s': no such field", word);
        type = event_field_info(id)->type;
        if (type == FIELD_TIME || type == FIELD_USEC)
                seconds(&t, script_time(x->script, wanted));
        else
                text_append(&t, wanted);
        if (!got->fields[id] || strcmp(text_string(&t), got->fields[id]) != 0) {
                fprintf(stderr, "%s is %s\n", event_field_info(id)->name, got->fields[id] ?: "absent");
                fail(x, word);
        }
        text_done(&t);
}

static void compare_process(const Expect *x, const Got *got, const char *word) {
        const char *pid = got->fields[EVENT_FIELD_PID], *comm = got->fields[EVENT_FIELD_COMM];
        char text[128];

        (void) snprintf(text, sizeof(text), "%s[%s]", comm ?: "?", pid ?: "?");
        if (strcmp(text, word) != 0)
                fail(x, "the process differs");
}

static void compare_word(Expect *x, const Got *got, const char *word) {
        if (strchr(word, '='))
                compare_field(x, got, word);
        else if (word[0] == '-') {
                FieldId id = event_field_from_name(word + 1, strlen(word + 1));

                if (id == _EVENT_FIELD_MAX)
                        script_fail(x->script, "'%s': no such field", word);
                if (got->fields[id])
                        fail(x, "the event has this field");
        } else if (strchr(word, '['))
                compare_process(x, got, word);
        else if (strcspn(word, "ci") == 0 && strspn(word + 1, "0123456789.") == strlen(word + 1))
                compare_label(x, got, word);
        else
                script_fail(x->script, "what is '%s'?", word);
}

static void compare_line(Expect *x, const Got *got) {
        Script *s = x->script;
        EventKind kind = event_kind_from_name(script_word(s, 1, "kind of event"));

        if (kind == _EVENT_KIND_MAX)
                script_fail(s, "'%s' is no kind of event", s->words[1]);
        if (!got)
                fail(x, "this event did not happen");
        if (kind != got->kind)
                fail(x, "another event happened");
        for (size_t i = 2; i < s->count; i++)
                compare_word(x, got, s->words[i]);
}

static void forget(Expect *x) {
        for (size_t i = 0; i < x->count; i++)
                for (FieldId id = 0; id < _EVENT_FIELD_MAX; id++)
                        free(x->got[i].fields[id]);
        free(x->got);
        x->got = NULL;
        x->count = 0;
}

void expect_compare(Expect *x) {
        Script *s = x->script;
        size_t next = 0;

        while (script_next(s)) {
                if (strcmp(s->words[0], ">") != 0) {
                        script_push_back(s);
                        break;
                }
                compare_line(x, next < x->count ? &x->got[next] : NULL);
                next++;
        }
        if (next < x->count)
                fail(x, "an event happened that is not named before this line");
        forget(x);
}

void expect_done(Expect *x) {
        Label *label, *next;

        forget(x);
        invariants_done(&x->invariants);
        HASH_ITER(hh, x->labels, label, next) {
                HASH_DEL(x->labels, label);
                free(label);
        }
}
