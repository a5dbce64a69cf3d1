/* SPDX-License-Identifier: MIT */

/* What sockauditd wrote about the targets: that something stalled, failed, was missing. Each event is made into the records of a process and a
 * socket, which the targets are asked about as if they were there. */

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "inspect/reader.h"
#include "inspect/why.h"

#define LINES_MAX 20

typedef struct Lines {
        const List *list;
        Text lines[LINES_MAX]; /* the newest first */
        size_t count;          /* of all */
        size_t failed;
        uint64_t oldest;
} Lines;

static const char *const KINDS[] = {
        "connection-stalled", "connection-recovered", "connection-failed", "connection-vanished", "expectation-unmet", "expectation-met",
        "audit-started", "audit-stopped", "audit-balance", NULL,
};

/* A process that still lives must be the same one, not one that has its number now. */
static bool is_process(const List *l, const Target *t, const History *h) {
        const Map *m = &l->survey.map;

        if (h->process.pid == 0 || target_has_process(t, &h->process) != TARGET_YES)
                return false;
        for (size_t i = 0; t->kind == TARGET_PID && i < m->process_count; i++)
                if (m->processes[i].process.pid == h->process.pid)
                        return m->processes[i].process.start_ticks == h->process.start_ticks;
        return true;
}

static bool is_wanted(const List *l, const History *h) {
        Socket peer;
        bool has_peer = history_peer(h, &peer);

        for (size_t i = 0; i < l->target_count; i++)
                if (is_process(l, &l->targets[i], h) ||
                    (h->socket.family != FAMILY_UNKNOWN && target_has_socket(&l->targets[i], &h->socket, has_peer ? &peer : NULL)))
                        return true;
        return false;
}

/* An end is of interest if it was not a good one. */
static bool is_telling(const History *h) {
        if (strncmp(h->kind, "audit-", 6) == 0)
                return false;
        return strcmp(h->kind, "connection-vanished") != 0 || h->stall[0] || h->state == STATE_SYN_SENT;
}

static void put_time(Text *t, uint64_t usec) {
        time_t seconds = (time_t) (usec / USEC_PER_SEC);
        struct tm tm = {};
        char buffer[64];

        (void) localtime_r(&seconds, &tm);
        if (strftime(buffer, sizeof(buffer), "%b %d %H:%M:%S", &tm) > 0)
                text_printf(t, "%s.%03u", buffer, (unsigned) (usec % USEC_PER_SEC / USEC_PER_MSEC));
}

static int take(void *userdata, const History *h) {
        Lines *lines = userdata;
        Text *t;

        if (!is_telling(h) || !is_wanted(lines->list, h))
                return 0;
        lines->failed += strcmp(h->kind, "connection-failed") == 0;
        lines->oldest = h->time;
        if (lines->count++ >= LINES_MAX)
                return 0;
        t = &lines->lines[lines->count - 1];
        text_append(t, "  ");
        put_time(t, h->time);
        text_printf(t, "  %s\n", text_string(&h->message));
        return text_error(t);
}

static void put_lines(const Lines *lines, Text *t) {
        size_t shown = MIN(lines->count, (size_t) LINES_MAX);

        if (lines->count > shown) {
                text_printf(t, "  %zu more since ", lines->count - shown);
                put_time(t, lines->oldest);
                text_append(t, "\n");
        }
        while (shown-- > 0)
                text_append(t, text_string(&lines->lines[shown]));
}

int why_history(const List *l, uint64_t span, bool untrusted, Text *t) {
        uint64_t now = clock_boottime() + (uint64_t) clock_offset(), since = now - MIN(now, span);
        ReaderOptions o = { .kinds = KINDS, .since = since, .untrusted = untrusted };
        Lines lines = { .list = l };
        int r;

        r = reader_run(&o, take, &lines);
        if (r == -ENOMEM)
                return r;
        text_append(t, "\nIn the journal, the last ");
        if (span % (3600 * USEC_PER_SEC) == 0)
                text_printf(t, "%uh", (unsigned) (span / (3600 * USEC_PER_SEC)));
        else
                list_duration(t, span);
        if (r < 0)
                text_printf(t, ": it cannot be read: %s.\n", strerror(-r));
        else if (lines.count > 0)
                text_printf(t, "%s:\n", untrusted ? ", whoever wrote it" : "");
        else
                text_append(t, r > 0 ? ": no trouble with it.\n" : ": nothing from sockauditd; it may not have run.\n");
        put_lines(&lines, t);
        for (size_t i = 0; i < LINES_MAX; i++)
                text_done(&lines.lines[i]);
        return text_error(t);
}
