/* SPDX-License-Identifier: MIT */

#include "manager-fold.h"

#include <errno.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pages.h"

int fold_store_open(FoldStore *s, Ledger *l, const Config *config, const char *run) {
        uint64_t secret[2];
        int r;

        *s = (FoldStore){ .ledger = l, .size = fold_size((uint32_t) config->limits.fold_rows) };
        if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
                return -errno;
        s->memory = pages_new(s->size, false);
        if (!s->memory)
                return -ENOMEM;
        r = fold_new(&s->fold, s->memory, (uint32_t) config->limits.fold_rows, secret, run);
        if (r >= 0)
                ledger_set_fold(l, s->fold);
        return r;
}

void fold_store_done(FoldStore *s) {
        s->fold = fold_free(s->fold);
        pages_free(s->memory, s->size);
        s->memory = NULL;
}

void fold_store_rules(FoldStore *s) {
        ledger_tell_folded(s->ledger, clock_boottime(), FOLDED_OBSOLETE);
}

void fold_store_turn(FoldStore *s) {
        LedgerStatus status;

        ledger_tell_folded(s->ledger, clock_boottime(), FOLDED_DUE);
        ledger_status(s->ledger, &status);
        if (status.fold_resets > s->resets && s->resets == 0)
                log_warning("fold: more combinations and peers than limits.fold_rows: their sums are told early, all at once; "
                            "fold by less, or raise the limit");
        s->resets = status.fold_resets;
}

void fold_store_stop(FoldStore *s) {
        ledger_tell_folded(s->ledger, clock_boottime(), FOLDED_STOP);
}
