/* SPDX-License-Identifier: MIT */

/* emit-all SINK RUN QUEUE-BYTES: makes events as told on stdin, one command a line, and answers each on stderr:
 *
 *     plain       one event of every kind, every field set to a harmless value made up from type and place in the table
 *     hostile     the same with what an attacker would choose
 *     put N       N small events
 *     flush       until nothing waits, for at most ten seconds
 *     sndbuf N    SO_SNDBUF of the journal's socket
 *     loss        count, first and last seq of what was lost
 *
 * The answer is "ok SEQ WAITING LONGEST" with the last seq, what waits, and the longest call of put() in microseconds so far, or
 * "COUNT FIRST LAST". test_journald.py knows the same values. */

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "collect/notice.h"
#include "detect/rule.h"
#include "emit/sink-private.h"

#define HOSTILE "\n\x1b[31m\\ \xff\xe2\x80\xae\xc3\xa9=MESSAGE"

static FormatContext context = { .clock_offset = 1700000000000000, .unit_log = FORMAT_UNIT_LOG_ALL };
static uint64_t last_seq, longest;
static Event event;

static Bytes made_bytes(FieldId id, bool hostile) {
        static char texts[_EVENT_FIELD_MAX][64], big[5000];
        const char *name = event_field_info(id)->name;
        int n;

        if (id == EVENT_FIELD_UNIT) /* the same in both: OBJECT_SYSTEMD_UNIT comes from it */
                return bytes_of("made\\x2dup.service");
        if (!hostile)
                n = snprintf(texts[id], sizeof(texts[id]), "bytes of %s", name);
        else if (id == EVENT_FIELD_LOCAL_PATH) /* abstract */
                n = snprintf(texts[id], sizeof(texts[id]), "%c" HOSTILE "%s", 0, name);
        else if (id == EVENT_FIELD_PEER_PATH) /* not abstract */
                n = snprintf(texts[id], sizeof(texts[id]), "@%s", name);
        else if (id == EVENT_FIELD_CMDLINE) {
                memset(big, 'x', sizeof(big));
                return (Bytes){ big, sizeof(big) };
        } else
                n = snprintf(texts[id], sizeof(texts[id]), HOSTILE "%s", name);
        return (Bytes){ texts[id], (uint32_t) n };
}

static void set_address(Event *e, FieldId id) {
        static char addresses[_EVENT_FIELD_MAX][16];
        char *a = addresses[id];

        if (id % 2 == 0)
                memcpy(a, "\x0a\0\0", 3);
        else
                memcpy(a, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0", 15);
        a[id % 2 == 0 ? 3 : 15] = (char) id;
        event_set_bytes(e, id, (Bytes){ a, id % 2 == 0 ? 4 : 16 });
}

static void set_field(Event *e, FieldId id, bool hostile) {
        switch (event_field_info(id)->type) {
        case FIELD_NUMBER:
                event_set_number(e, id, hostile ? UINT64_MAX : 1000u + id);
                break;
        case FIELD_HEX:
                event_set_number(e, id, 0xabc000u + id);
                break;
        case FIELD_TIME:
                event_set_number(e, id, USEC_PER_SEC * id);
                break;
        case FIELD_USEC:
                event_set_number(e, id, 5000u + id);
                break;
        case FIELD_FAMILY:
                event_set_number(e, id, FAMILY_IPV6);
                break;
        case FIELD_TRANSPORT:
                event_set_number(e, id, TRANSPORT_TCP);
                break;
        case FIELD_STATE:
                event_set_number(e, id, STATE_CLOSE_WAIT);
                break;
        case FIELD_DIRECTION:
                event_set_number(e, id, DIRECTION_EGRESS);
                break;
        case FIELD_END:
                event_set_number(e, id, END_RESET_RECEIVED);
                break;
        case FIELD_STATES:
                event_set_bytes(e, id, (Bytes){ "\2\1", 2 });
                break;
        case FIELD_ADDRESS:
                set_address(e, id);
                break;
        case FIELD_WORD:
                event_set_printf(e, id, "word-%u", id);
                break;
        case FIELD_BYTES:
                event_set_bytes(e, id, made_bytes(id, hostile));
                break;
        case FIELD_LINES:
                event_set_bytes(e, id, bytes_of("10.0.0.2 1 2 3 0\n10.0.0.3 4 5 6 0"));
                break;
        case FIELD_BYTES_HEX:
                if (!hostile || id == EVENT_FIELD_EXE_SHA) /* else it is derived */
                        event_set_bytes(e, id, (Bytes){ "\0\xff", 2 });
                break;
        case FIELD_HOLDER_IDS:
                event_set_bytes(e, id, (Bytes){ "\1\0\0\0\3\0\0\0\2\0\0\0\0\0\0\0", sizeof(HolderId) });
                break;
        case FIELD_HOLDERS:
                for (unsigned i = 0; i < EVENT_HOLDERS_MAX; i++)
                        event_add_holder(e, &(EventHolder){ .pid = 100 + i, .start_usec = i, .fd = (int) i,
                                                            .comm = hostile ? HOSTILE : "holder" });
                break;
        }
}

static void put(Sink *s) {
        uint64_t before, took;

        event.seq = ++last_seq;
        before = clock_monotonic();
        (void) sink_put(s, &event);
        took = clock_monotonic() - before;
        longest = MAX(longest, took);
}

static void put_every_kind(Sink *s, bool hostile) {
        for (unsigned kind = 0; kind < _EVENT_KIND_MAX; kind++) {
                event_init(&event, kind);
                for (unsigned id = 0; id < _EVENT_FIELD_MAX; id++)
                        set_field(&event, id, hostile);
                put(s);
        }
}

static void put_small(Sink *s, unsigned long count) {
        for (unsigned long i = 0; i < count; i++) {
                event_init(&event, EVENT_PROCESS_GONE);
                event_set_word(&event, EVENT_FIELD_COMM, "small");
                put(s);
        }
}

static void flush(Sink *s) {
        uint64_t end = clock_monotonic() + 10 * USEC_PER_SEC;

        while (sink_flush(s) != 0 && clock_monotonic() < end)
                (void) poll(&(struct pollfd){ .fd = sink_fd(s), .events = POLLOUT }, 1, 10);
}

static int obey(Sink *s, const char *line) {
        unsigned long n = strtoul(strchr(line, ' ') ? strchr(line, ' ') : "0", NULL, 10);
        int size = (int) n;

        if (strcmp(line, "plain\n") == 0)
                put_every_kind(s, false);
        else if (strcmp(line, "hostile\n") == 0)
                put_every_kind(s, true);
        else if (strncmp(line, "put ", 4) == 0)
                put_small(s, n);
        else if (strcmp(line, "flush\n") == 0)
                flush(s);
        else if (strncmp(line, "sndbuf ", 7) == 0)
                return setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        else if (strcmp(line, "loss\n") == 0) {
                SinkLoss loss = sink_take_loss(s);

                (void) fprintf(stderr, "%lu %lu %lu\n", loss.count, loss.first_seq, loss.last_seq);
                return 1;
        } else
                return -1;
        return 0;
}

int main(int argc, char **argv) {
        _cleanup_(sink_freep) Sink *s = NULL;
        Outbox *outbox;
        char line[64];
        int kind, r;

        if (argc != 4 || (kind = sink_from_name(argv[1])) < 0 || strlen(argv[2]) != 32)
                return 2;
        (void) signal(SIGPIPE, SIG_IGN);
        memcpy(context.run, argv[2], sizeof(context.run));
        if (kind == SINK_JOURNAL) {
                r = outbox_open_memory(&outbox, strtoull(argv[3], NULL, 10));
                if (r >= 0)
                        r = sink_journal_new(&s, &context, NULL, outbox, 0);
        } else
                r = sink_stream_new(&s, (SinkKind) kind, &context, 1, strtoull(argv[3], NULL, 10));
        if (r < 0)
                return 1;
        while (fgets(line, sizeof(line), stdin)) {
                r = obey(s, line);
                if (r < 0)
                        return 1;
                if (r == 0)
                        (void) fprintf(stderr, "ok %lu %lu %lu\n", last_seq, sink_waiting(s), longest);
        }
        return 0;
}
