/* SPDX-License-Identifier: MIT */

#include "invariant.h"

#include <stdlib.h>
#include <uthash.h>

struct Life {
        UT_hash_handle hh;
        uint64_t id;
        bool open, ended, stalled;
        bool reloaded; /* since it was opened */
};

static bool is_present(EventKind kind) {
        return kind == EVENT_CONNECTION_PRESENT || kind == EVENT_LISTENER_PRESENT || kind == EVENT_SOCKET_PRESENT;
}

static bool is_opening(EventKind kind) {
        return is_present(kind) || kind == EVENT_CONNECTION_APPEARED || kind == EVENT_LISTENER_APPEARED || kind == EVENT_SOCKET_APPEARED;
}

static const char *check_life(Invariants *v, const Event *e) {
        uint64_t id = e->values[EVENT_FIELD_CONNECTION].number;
        Life *life;

        HASH_FIND(hh, v->lives, &id, sizeof(id), life);
        if (!life) {
                life = calloc(1, sizeof(Life));
                if (!life)
                        abort();
                life->id = id;
                HASH_ADD(hh, v->lives, id, sizeof(life->id), life);
        }
        if (life->ended)
                return "an event about a connection that has ended";
        if (is_opening(e->kind)) {
                if (life->open && !life->reloaded && !(v->baseline && is_present(e->kind)))
                        return "a connection is opened twice";
                life->open = true;
                life->reloaded = false;
                return NULL;
        }
        if (e->kind == EVENT_CONNECTION_STALLED || e->kind == EVENT_CONNECTION_RECOVERED) {
                bool stalls = e->kind == EVENT_CONNECTION_STALLED;

                if (life->stalled == stalls)
                        return stalls ? "a connection stalls twice" : "a connection recovers that had not stalled";
                life->stalled = stalls;
                life->open |= v->folds;
        } else
                life->ended = e->kind != EVENT_CONNECTION_CHANGED && e->kind != EVENT_EXPECTATION_UNMET;
        if (e->kind == EVENT_CONNECTION_COMPLETED)
                return life->open ? "a connection that was told is completed" : NULL;
        if (e->kind == EVENT_CONNECTION_FAILED)
                return NULL; /* told as an attempt before, or not */
        return life->open ? NULL : "a connection changed, stalled or vanished that was never told";
}

static const char *check_fields(const Event *e) {
        for (FieldId id = 0; id < _EVENT_FIELD_MAX; id++) {
                FieldType type = event_field_info(id)->type;
                const EventValue *value = &e->values[id];

                if (!event_has(e, id))
                        continue;
                if ((type == FIELD_WORD || type == FIELD_BYTES) && value->bytes.size == 0)
                        return "a field is empty";
                if (type == FIELD_TIME && value->number == 0)
                        return "a time is 0";
                if (type == FIELD_STATE && (value->number == 0 || value->number >= _STATE_MAX))
                        return "a state has no name";
        }
        if (event_has(e, EVENT_FIELD_NETNS) && e->values[EVENT_FIELD_NETNS].number == 0)
                return "a namespace is 0";
        if (event_has(e, EVENT_FIELD_INODE) && e->values[EVENT_FIELD_INODE].number == 0)
                return "an inode is 0";
        return NULL;
}

static bool reversed(const Event *e, FieldId from, FieldId to) {
        return event_has(e, from) && event_has(e, to) && e->values[from].number > e->values[to].number;
}

const char *invariants_check(Invariants *v, const Event *e) {
        const char *wrong = check_fields(e);

        if (wrong)
                return wrong;
        if (e->seq != ++v->seq)
                return "seq has a hole";
        if (reversed(e, EVENT_FIELD_NOT_BEFORE, EVENT_FIELD_NOT_AFTER))
                return "NOT_BEFORE is later than NOT_AFTER";
        if (reversed(e, EVENT_FIELD_OPENED_NOT_BEFORE, EVENT_FIELD_OPENED_AT))
                return "OPENED_NOT_BEFORE is later than OPENED_AT";
        if (reversed(e, EVENT_FIELD_OPENED_AT, EVENT_FIELD_NOT_AFTER))
                return "closed before it was opened";
        return event_has(e, EVENT_FIELD_CONNECTION) ? check_life(v, e) : NULL;
}

void invariants_reload(Invariants *v) {
        for (Life *life = v->lives; life; life = life->hh.next)
                life->reloaded = true;
}

void invariants_done(Invariants *v) {
        Life *life, *next;

        HASH_ITER(hh, v->lives, life, next) {
                HASH_DEL(v->lives, life);
                free(life);
        }
        *v = (Invariants){};
}
