/* SPDX-License-Identifier: MIT */

/* deliver sendv|sent|confirmed N: N usual events to journald, as fast as it takes them: by sd_journal_sendv(3); through an outbox in the state directory;
 * and until the last of them was read back. Prints "wall_ms X", "cpu_ms X" and "run RUN". */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/uio.h>

#include <systemd/sd-journal.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/state.h"
#include "detect/rule.h"
#include "emit/confirm.h"
#include "emit/sink.h"

#define READ_EVERY (200 * USEC_PER_MSEC)
#define READ_MAX 1000

static FormatContext context = { .clock_offset = 1700000000000000 };
static Event event;

static void die(const char *what, int r) {
        (void) fprintf(stderr, "deliver: %s: %s\n", what, strerror(-r));
        exit(1);
}

static const Event *usual_event(uint64_t seq) {
        static uint8_t address[4] = { 198, 51, 100, 7 };
        uint64_t now = clock_boottime();

        event_init(&event, EVENT_CONNECTION_APPEARED);
        event.seq = seq;
        event_set_number(&event, EVENT_FIELD_NOT_BEFORE, now - USEC_PER_SEC);
        event_set_number(&event, EVENT_FIELD_NOT_AFTER, now);
        event_set_word(&event, EVENT_FIELD_SEEN_BY, "snapshot");
        event_set_word(&event, EVENT_FIELD_RULE, "web");
        event_set_number(&event, EVENT_FIELD_CONNECTION, seq * 0x9e3779b97f4a7c15);
        event_set_number(&event, EVENT_FIELD_INODE, 4000000 + seq);
        event_set_number(&event, EVENT_FIELD_COOKIE, 7000000 + seq);
        event_set_number(&event, EVENT_FIELD_NETNS, 4026531840);
        event_set_number(&event, EVENT_FIELD_FAMILY, FAMILY_IPV4);
        event_set_number(&event, EVENT_FIELD_TRANSPORT, TRANSPORT_TCP);
        event_set_number(&event, EVENT_FIELD_STATE, STATE_ESTABLISHED);
        event_set_number(&event, EVENT_FIELD_DIRECTION, DIRECTION_INGRESS);
        event_set_bytes(&event, EVENT_FIELD_LOCAL_ADDRESS, (Bytes){ (const char *) address, 4 });
        event_set_number(&event, EVENT_FIELD_LOCAL_PORT, 443);
        event_set_bytes(&event, EVENT_FIELD_PEER_ADDRESS, (Bytes){ (const char *) address, 4 });
        event_set_number(&event, EVENT_FIELD_PEER_PORT, 1024 + seq % 60000);
        event_set_number(&event, EVENT_FIELD_PID, 812);
        event_set_word(&event, EVENT_FIELD_COMM, "nginx");
        event_set_word(&event, EVENT_FIELD_EXE, "/usr/sbin/nginx");
        event_set_number(&event, EVENT_FIELD_UID, 33);
        event_set_word(&event, EVENT_FIELD_UNIT, "nginx.service");
        return &event;
}

/* --- sd_journal_sendv -------------------------------------------------------------------------------- */

typedef struct Fields {
        char data[8192];
        struct iovec parts[FORMAT_FIELDS_MAX];
        size_t used;
        int count;
} Fields;

static int add_field(void *userdata, const char *name, const char *value, size_t size) {
        Fields *f = userdata;
        size_t n = strlen(name);

        f->parts[f->count++] = (struct iovec){ f->data + f->used, n + 1 + size };
        memcpy(f->data + f->used, name, n);
        f->data[f->used + n] = '=';
        memcpy(f->data + f->used + n + 1, value, size);
        f->used += n + 1 + size;
        return 0;
}

static void send_all(uint32_t n) {
        for (uint32_t i = 1; i <= n; i++) {
                static Fields f;
                int r;

                f.count = 0;
                f.used = 0;
                (void) format_fields(&context, usual_event(i), add_field, &f);
                r = sd_journal_sendv(f.parts, f.count);
                if (r < 0)
                        die("sd_journal_sendv", r);
        }
}

/* --- the sink ---------------------------------------------------------------------------------------- */

/* As the daemon does (manager-delivery.c). True: to the end. */
static bool read_back(Confirm *c, Delivery *d) {
        uint64_t seq;
        int i;

        confirm_refresh(c);
        for (i = 0; i < READ_MAX && confirm_next(c, &seq) > 0; i++)
                (void) delivery_confirm(d, seq);
        delivery_settle(d);
        return i < READ_MAX;
}

static void deliver_all(uint32_t n, bool confirmed) {
        const char *state = getenv("STATE_DIRECTORY") ?: "/tmp";
        _cleanup_close_ int dir_fd = state_open(state);
        _cleanup_(sink_freep) Sink *s = NULL;
        _cleanup_(confirm_freep) Confirm *c = NULL;
        uint64_t read_at = clock_monotonic();
        OutboxFound found;
        Outbox *outbox;
        Delivery *d;
        int r = dir_fd < 0 ? dir_fd : outbox_open(&outbox, dir_fd, 1ULL << 30, &found);

        if (r >= 0)
                r = sink_journal_new(&s, &context, NULL, outbox, 0);
        if (r >= 0)
                r = confirm_open(&c, context.run);
        if (r < 0)
                die(state, r);
        d = sink_journal_delivery(s);
        delivery_expect(d, confirmed);
        (void) delivery_turn(d);
        for (uint32_t i = 1; i <= n || sink_waiting(s) + delivery_unconfirmed(d) > 0;) {
                if (sink_waiting(s) > 500 || i > n) {
                        (void) poll(&(struct pollfd){ .fd = sink_fd(s), .events = POLLOUT }, 1, 5);
                        (void) sink_flush(s);
                }
                for (int burst = 0; burst < 100 && i <= n && sink_waiting(s) <= 500; burst++)
                        (void) sink_put(s, usual_event(i++));
                if (clock_monotonic() - read_at < READ_EVERY && i <= n)
                        continue;
                read_at = read_back(c, d) ? clock_monotonic() : 0;
        }
}

int main(int argc, char *argv[]) {
        uint64_t wall, cpu, random[2];
        uint32_t n;

        if (argc != 3 || parse_u32(argv[2], 1, 10000000, &n) < 0)
                return 2;
        if (getrandom(random, sizeof(random), 0) != sizeof(random))
                return 1;
        (void) snprintf(context.run, sizeof(context.run), "%016lx%016lx", random[0], random[1]);
        wall = clock_monotonic();
        cpu = clock_cpu();
        if (strcmp(argv[1], "sendv") == 0)
                send_all(n);
        else
                deliver_all(n, strcmp(argv[1], "confirmed") == 0);
        printf("wall_ms %.1f\ncpu_ms %.1f\nrun %s\n", (double) (clock_monotonic() - wall) / 1000, (double) (clock_cpu() - cpu) / 1000, context.run);
        return 0;
}
