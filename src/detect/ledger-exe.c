/* SPDX-License-Identifier: MIT */

/* Ledger: hashes of executables. They take a while, and nothing waits for them but process-matched, until the next judgement, which tells it before all else:
 * other events about the process come without, and the first that comes when it is known has it. */

#include <string.h>

#include "detect/ledger-internal.h"

void ledger_exe_asked(Ledger *l, uint32_t pid) {
        Actor *a = ledger_actor(l, pid);

        if (!a || a->process.exe_sha_state == EXE_SHA_KNOWN)
                return;
        a->process.exe_sha_state = EXE_SHA_ASKED;
}

void ledger_exe_known(Ledger *l, const ExeFile *file, const uint8_t sha[EXE_SHA_SIZE]) {
        for (Actor *a = l->actors; a; a = a->hh.next) {
                Process *p = &a->process;

                if (p->exe_sha_state != EXE_SHA_ASKED || memcmp(&p->exe_file, file, sizeof(*file)) != 0)
                        continue;
                p->exe_sha_state = sha ? EXE_SHA_KNOWN : EXE_SHA_UNKNOWN;
                if (sha)
                        memcpy(p->exe_sha, sha, sizeof(p->exe_sha));
        }
}

void ledger_exe_forgotten(Ledger *l) {
        for (Actor *a = l->actors; a; a = a->hh.next)
                if (a->process.exe_sha_state == EXE_SHA_ASKED)
                        a->process.exe_sha_state = EXE_SHA_UNKNOWN;
}

void ledger_announce(Ledger *l) {
        for (Actor *a = l->announcing ? l->actors : NULL; a; a = a->hh.next)
                if (a->announce && a->announce_not_after != 0)
                        ledger_actor_announce(l, a, a->announce_not_after);
        l->announcing = false;
}
