/* SPDX-License-Identifier: MIT */

#include "manager-fold.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/pages.h"
#include "base/state.h"

/* --- where they are kept --------------------------------------------------------------------------- */

static int begin_in(FoldStore *s, void *memory) {
        int r = fold_new(&s->fold, memory, s->rows, s->secret, s->run);

        if (r >= 0)
                fold_set_origin(s->fold, s->boot, clock_offset());
        return r;
}

/* What the run before has left. 0; -ENODATA: nothing; or why it is not believed. */
static int resume_in(FoldStore *s, Outlets *outlets) {
        const char *run;
        uint64_t seq;
        int r = s->file.data ? fold_open(&s->fold, s->file.data, s->file.size) : -ENODATA;

        if (r < 0)
                return r;
        seq = fold_telling(s->fold, &run);
        fold_recover(s->fold, seq != 0 && outlets_hold(outlets, run, seq), s->run);
        return 0;
}

static int set_aside(FoldStore *s, int dir_fd, int why) {
        int r = state_set_aside(dir_fd, FOLD_STORE_NAME);

        log_warning("fold: the sums that the run before has left are not believed: %s; %s%s",
                    why == -EINVAL ? "they are none of ours" : why == -EPROTONOSUPPORT ? "another version made them" : "they are damaged",
                    r < 0 ? "they could not be kept: " : "they are kept as " FOLD_STORE_NAME ".damaged-1", r < 0 ? strerror(-r) : "");
        mapped_done(&s->file);
        return r < 0 ? r : mapped_open(&s->file, dir_fd, FOLD_STORE_NAME, fold_size(FOLD_ROWS_MAX));
}

static int open_file(FoldStore *s, Outlets *outlets) {
        _cleanup_close_ int dir_fd = state_open_own();
        int r = dir_fd < 0 ? dir_fd : mapped_open(&s->file, dir_fd, FOLD_STORE_NAME, fold_size(FOLD_ROWS_MAX));
        bool bad = r == -EFBIG;

        if (r >= 0) {
                r = resume_in(s, outlets);
                bad = r == -EINVAL || r == -EPROTONOSUPPORT || r == -EBADMSG;
        }
        if (bad) {
                r = set_aside(s, dir_fd, r);
                if (r >= 0)
                        r = -ENODATA;
        }
        if (r != -ENODATA)
                return r;
        r = mapped_resize(&s->file, fold_size(s->rows));
        return r < 0 ? r : begin_in(s, s->file.data);
}

static int open_memory(FoldStore *s) {
        mapped_done(&s->file);
        s->size = fold_size(s->rows);
        s->memory = pages_new(s->size, false);
        return s->memory ? begin_in(s, s->memory) : -ENOMEM;
}

int fold_store_open(FoldStore *s, Ledger *l, const Config *config, Outlets *outlets, bool in_file, const char *run, const char *boot_id) {
        static const char without[] = "sums of folded connections are lost if the daemon is killed, since they have no file";
        int r;

        *s = (FoldStore){ .ledger = l, .rows = (uint32_t) config->limits.fold_rows, .file = MAPPED_NULL };
        memcpy(s->run, run, FOLD_RUN_SIZE);
        memcpy(s->boot, boot_id, FOLD_RUN_SIZE);
        if (getrandom(s->secret, sizeof(s->secret), 0) != sizeof(s->secret))
                return -errno;
        r = in_file ? open_file(s, outlets) : -ENOENT;
        if (r < 0 && in_file) {
                log_warning("fold: the state directory cannot be used (%s): %s", r == -EBUSY ? "another sockauditd uses it" : strerror(-r), without);
                outlets_degrade(outlets, without);
        }
        if (r < 0)
                r = open_memory(s);
        if (r >= 0)
                ledger_set_fold(l, s->fold);
        return r;
}

void fold_store_done(FoldStore *s) {
        s->fold = fold_free(s->fold);
        mapped_done(&s->file);
        pages_free(s->memory, s->size);
        s->memory = NULL;
}

/* limits.fold_rows is another one than for the run before. Nothing is in it. */
static int change_size(FoldStore *s) {
        int r = mapped_resize(&s->file, fold_size(s->rows));

        if (r < 0) {
                log_warning("fold: the file cannot get the size of limits.fold_rows, and keeps its own: %s", strerror(-r));
                return 0;
        }
        ledger_set_fold(s->ledger, NULL);
        s->fold = fold_free(s->fold);
        r = begin_in(s, s->file.data);
        ledger_set_fold(s->ledger, s->fold);
        return r;
}

/* --- when they are told ---------------------------------------------------------------------------- */

int fold_store_begin(FoldStore *s) {
        uint64_t now = clock_boottime();
        const char *boot;
        int64_t offset = fold_origin(s->fold, &boot);
        bool resized = fold_capacity(s->fold) != s->rows;

        if (memcmp(boot, s->boot, FOLD_RUN_SIZE) != 0)
                ledger_tell_folded_before(s->ledger, now, offset - clock_offset());
        ledger_tell_folded(s->ledger, now, resized ? FOLDED_STOP : FOLDED_OBSOLETE);
        fold_set_origin(s->fold, s->boot, clock_offset());
        return resized ? change_size(s) : 0;
}

void fold_store_rules(FoldStore *s) {
        ledger_tell_folded(s->ledger, clock_boottime(), FOLDED_OBSOLETE);
}

void fold_store_turn(FoldStore *s) {
        LedgerStatus status;

        ledger_tell_folded(s->ledger, clock_boottime(), FOLDED_DUE);
        fold_set_origin(s->fold, s->boot, clock_offset());
        ledger_status(s->ledger, &status);
        if (status.fold_resets > s->resets && s->resets == 0)
                log_warning("fold: there are more combinations and peers than limits.fold_rows, and their sums are told early, all at once: fold by less, or raise it");
        s->resets = status.fold_resets;
}

void fold_store_stop(FoldStore *s) {
        if (!s->file.data)
                ledger_tell_folded(s->ledger, clock_boottime(), FOLDED_STOP);
}
