/* SPDX-License-Identifier: MIT */

#include "cycle-exe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "base/clock.h"
#include "base/macro.h"
#include "collect/exehash.h"
#include "cycle.h"

#define ANSWER (10 * USEC_PER_SEC) /* for any file, and besides */
#define BYTES_PER_USEC 5           /* ... on a machine that is slow, or busy */

struct KnownExe {
        UT_hash_handle hh;
        ExeFile file;
        bool has_sha;
        uint8_t sha[EXE_SHA_SIZE];
};

void cycle_exes_done(CycleExes *e) {
        KnownExe *known, *next;

        HASH_ITER(hh, e->known, known, next) {
                HASH_DEL(e->known, known);
                free(known);
        }
        deputy_done(&e->deputy);
        *e = (CycleExes){};
}

static KnownExe *find(const CycleExes *e, const ExeFile *file) {
        KnownExe *known;

        HASH_FIND(hh, e->known, file, sizeof(*file), known);
        return known;
}

/* The oldest one makes room. sha NULL: it has none. */
static int learn(CycleExes *e, const ExeFile *file, const uint8_t *sha) {
        KnownExe *known = find(e, file);

        if (known)
                return 0;
        if (HASH_COUNT(e->known) >= EXE_KNOWN_MAX) {
                known = e->known;
                HASH_DEL(e->known, known);
        } else
                known = malloc(sizeof(*known));
        if (!known)
                return -ENOMEM;
        *known = (KnownExe){ .file = *file, .has_sha = sha };
        if (sha)
                memcpy(known->sha, sha, sizeof(known->sha));
        HASH_ADD(hh, e->known, file, sizeof(known->file), known);
        if (known->hh.tbl)
                return 0;
        free(known);
        return -ENOMEM;
}

void cycle_exe_known(const Cycle *c, Process *p) {
        const KnownExe *known = c->config->exe_hash && p->exe_file.inode != 0 ? find(&c->exes, &p->exe_file) : NULL;

        if (!known || !known->has_sha)
                return;
        p->exe_sha_state = EXE_SHA_KNOWN;
        memcpy(p->exe_sha, known->sha, sizeof(p->exe_sha));
}

/* --- questions ------------------------------------------------------------------------------------- */

static bool is_asked(const CycleExes *e, const ExeFile *file) {
        for (size_t i = 0; i < e->count; i++)
                if (memcmp(&e->asked[(e->first + i) % EXE_ASKED_MAX].file, file, sizeof(*file)) == 0)
                        return true;
        return false;
}

static int ask(CycleExes *e, const Process *p) {
        ExeQuestion *q = &e->asked[(e->first + e->count) % EXE_ASKED_MAX];
        int r;

        if (e->count == EXE_ASKED_MAX)
                return -EAGAIN;
        *q = (ExeQuestion){ .question = { .task = DEPUTY_EXE, .pid = p->pid, .start_ticks = p->start_ticks }, .file = p->exe_file };
        r = deputy_ask(&e->deputy, &q->question);
        if (r < 0)
                return r;
        if (e->count++ == 0)
                e->since = clock_boottime();
        return 0;
}

int cycle_exe_ask(Cycle *c, uint32_t pid) {
        const Process *p = ledger_process(c->ledger, pid);
        int r;

        if (!c->config->exe_hash || !p || p->exe_file.inode == 0 || p->exe_sha_state == EXE_SHA_KNOWN || !ledger_walks(c->ledger, pid) ||
            find(&c->exes, &p->exe_file))
                return 0;
        r = is_asked(&c->exes, &p->exe_file) ? 0 : ask(&c->exes, p);
        if (r == 0 && p->exe_sha_state == EXE_SHA_UNKNOWN)
                ledger_exe_asked(c->ledger, pid);
        return r == -ENOMEM ? r : 0;
}

/* --- answers --------------------------------------------------------------------------------------- */

typedef struct Waiting {
        Cycle *cycle;
        const ExeFile *file;
        uint32_t asked; /* pid of who has gone */
} Waiting;

static int ask_again(void *userdata, const Process *p) {
        const Waiting *w = userdata;

        return p->pid != w->asked && memcmp(&p->exe_file, w->file, sizeof(*w->file)) == 0 ? cycle_exe_ask(w->cycle, p->pid) : 0;
}

/* Of the oldest question; NULL: it has none. What does not last is asked on behalf of others who execute the same. */
static int take(Cycle *c, const uint8_t *sha, bool lasting) {
        CycleExes *e = &c->exes;
        ExeFile file = e->asked[e->first].file;
        Waiting waiting = { .cycle = c, .file = &file, .asked = e->asked[e->first].question.pid };

        e->first = (e->first + 1) % EXE_ASKED_MAX;
        e->count--;
        e->since = clock_boottime();
        ledger_exe_known(c->ledger, &file, sha);
        return lasting ? learn(e, &file, sha) : ledger_processes(c->ledger, LEDGER_ALL, ask_again, &waiting);
}

/* A process that has gone, or executed something else, before he came to it says nothing of the file. */
static int take_answer(Cycle *c, const DeputyAnswer *a) {
        const ExeQuestion *q = &c->exes.asked[c->exes.first];
        ExeHash h;

        if (a->size != sizeof(h))
                return take(c, NULL, a->size != -ESRCH && a->size != -EAGAIN);
        memcpy(&h, a->data, sizeof(h));
        if (memcmp(&h.file, &q->file, sizeof(h.file)) != 0)
                return take(c, NULL, false);
        return take(c, h.sha, true);
}

/* Who stands has come to the oldest question; the others can be asked again. */
static int give_up(Cycle *c) {
        int r = take(c, NULL, true);

        deputy_kill(&c->exes.deputy);
        c->exes.count = 0;
        ledger_exe_forgotten(c->ledger);
        return r;
}

int cycle_exe_take(Cycle *c) {
        CycleExes *e = &c->exes;
        DeputyAnswer a;
        int r = 0;

        while (e->count > 0 && r >= 0) {
                int answered = deputy_answer(&e->deputy, 0, &a);

                if (answered > 0)
                        r = take_answer(c, &a);
                else if (answered < 0 || clock_boottime() > e->since + ANSWER + e->asked[e->first].file.size / BYTES_PER_USEC)
                        return give_up(c);
                else
                        return 0;
        }
        return r;
}
