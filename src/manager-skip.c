/* SPDX-License-Identifier: MIT */

#include "manager-skip.h"

#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "collect/record.h"

struct SkipProcess {
        UT_hash_handle hh;
        uint32_t pid;
        struct RecordProcess process;
        bool skipped;
};

void skip_forget(Skip *s, uint32_t pid) {
        SkipProcess *p;

        HASH_FIND(hh, s->processes, &pid, sizeof(pid), p);
        if (!p)
                return;
        HASH_DEL(s->processes, p);
        free(p);
}

void skip_done(Skip *s) {
        SkipProcess *p, *next;

        HASH_ITER(hh, s->processes, p, next) {
                HASH_DEL(s->processes, p);
                free(p);
        }
}

void skip_remember(Skip *s, const struct RecordProcess *process) {
        SkipProcess *p;

        skip_forget(s, process->pid);
        p = calloc(1, sizeof(*p));
        if (!p)
                return;
        p->pid = process->pid;
        p->process = *process;
        HASH_ADD(hh, s->processes, pid, sizeof(p->pid), p);
        if (!p->hh.tbl)
                free(p);
}

static void remember_listed(void *userdata, const struct RecordListed *p) {
        skip_remember(userdata, &p->process);
}

int skip_remember_all(Skip *s) {
        return hooks_processes(s->hooks, 0, remember_listed, s);
}

static void settle(const Skip *s, SkipProcess *p) {
        int wanted = ledger_wants(s->ledger, p->pid, record_ticks(p->process.start));

        if (wanted < 0 || p->skipped != wanted)
                return; /* not known yet; or as it is */
        if (hooks_skip(s->hooks, &p->process, !wanted) >= 0)
                p->skipped = !wanted;
}

void skip_settle(const Skip *s) {
        for (SkipProcess *p = s->processes; p; p = p->hh.next)
                settle(s, p);
}
