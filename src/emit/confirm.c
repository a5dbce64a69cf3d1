/* SPDX-License-Identifier: MIT */

#include "emit/confirm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-journal.h>

#include "base/parse.h"

#define SEQ_FIELD "SOCKAUDIT_SEQ"

struct Confirm {
        sd_journal *journal;
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

int confirm_open(Confirm **ret, const char *run, bool all) {
        _cleanup_(confirm_freep) Confirm *c = calloc(1, sizeof(*c));
        char match[64];
        int r;

        if (!c)
                return -ENOMEM;
        /* A unit with LogNamespace= has a journald of its own. */
        r = sd_journal_open_namespace(&c->journal, getenv("LOG_NAMESPACE"), SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
        if (r < 0)
                return r;
        /* Without this it does not hear of new files. */
        r = sd_journal_get_fd(c->journal);
        if (r >= 0)
                r = all ? sd_journal_seek_head(c->journal) : seek_end(c->journal);
        (void) snprintf(match, sizeof(match), "SOCKAUDIT_RUN=%s", run);
        if (r >= 0)
                r = sd_journal_add_match(c->journal, match, 0);
        if (r >= 0)
                r = sd_journal_add_match(c->journal, "_UID=0", 0);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
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
        *ret_seq = 0;
        r = sd_journal_get_data(c->journal, SEQ_FIELD, &data, &size);
        if (r >= 0 && size > strlen(SEQ_FIELD "=") && size < sizeof(SEQ_FIELD "=") + sizeof(text) - 1) {
                memcpy(text, (const char *) data + strlen(SEQ_FIELD "="), size - strlen(SEQ_FIELD "="));
                (void) parse_u64(text, 1, UINT64_MAX, ret_seq);
        }
        return 1;
}
