/* SPDX-License-Identifier: MIT */

#include "emit/confirm.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-journal.h>

#include "base/parse.h"

#define SEQ_FIELD "SOCKAUDIT_SEQ"

struct Confirm {
        sd_journal *journal;
        char match[64];
        bool has_read;
        sd_id128_t boot_id; /* of the entry that was read last, and its time */
        uint64_t monotonic;
};

Confirm *confirm_free(Confirm *c) {
        if (!c)
                return NULL;
        sd_journal_close(c->journal);
        free(c);
        return NULL;
}

/* Behind the last entry of whomever. By that entry, not by the time, which may be set meanwhile. */
static int seek_end(sd_journal *j) {
        int r = sd_journal_seek_tail(j);

        if (r >= 0)
                r = sd_journal_previous(j);
        return r == 0 ? sd_journal_seek_head(j) : r;
}

/* To the entry that was read last, or, where that is gone, to the next one. */
static int seek_last(const Confirm *c) {
        return c->has_read ? sd_journal_seek_monotonic_usec(c->journal, c->boot_id, c->monotonic) : sd_journal_seek_head(c->journal);
}

static int open_journal(Confirm *c) {
        /* A unit with LogNamespace= has a journald of its own. */
        int r = sd_journal_open_namespace(&c->journal, getenv("LOG_NAMESPACE"), SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);

        /* Without this it does not hear of new files. */
        return r < 0 ? r : sd_journal_get_fd(c->journal);
}

static int add_matches(Confirm *c) {
        int r = sd_journal_add_match(c->journal, c->match, 0);

        return r < 0 ? r : sd_journal_add_match(c->journal, "_UID=0", 0);
}

int confirm_open(Confirm **ret, const char *run) {
        _cleanup_(confirm_freep) Confirm *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        (void) snprintf(c->match, sizeof(c->match), "SOCKAUDIT_RUN=%s", run);
        r = open_journal(c);
        if (r >= 0)
                r = seek_end(c->journal);
        if (r >= 0)
                r = add_matches(c);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

int confirm_reopen(Confirm *c) {
        sd_journal *before = TAKE_PTR(c->journal);
        int r = open_journal(c);

        if (r >= 0)
                r = seek_last(c);
        if (r >= 0)
                r = add_matches(c);
        sd_journal_close(r < 0 ? c->journal : before);
        if (r < 0)
                c->journal = before;
        return MIN(r, 0);
}

void confirm_refresh(Confirm *c) {
        (void) sd_journal_process(c->journal);
}

int confirm_next(Confirm *c, uint64_t *ret_seq) {
        char text[24] = "";
        const void *data;
        size_t size;
        int r = sd_journal_next(c->journal);

        if (r <= 0)
                return r;
        c->has_read = sd_journal_get_monotonic_usec(c->journal, &c->monotonic, &c->boot_id) >= 0;
        *ret_seq = 0;
        r = sd_journal_get_data(c->journal, SEQ_FIELD, &data, &size);
        if (r >= 0 && size > strlen(SEQ_FIELD "=") && size < sizeof(SEQ_FIELD "=") + sizeof(text) - 1) {
                memcpy(text, (const char *) data + strlen(SEQ_FIELD "="), size - strlen(SEQ_FIELD "="));
                (void) parse_u64(text, 1, UINT64_MAX, ret_seq);
        }
        return 1;
}
