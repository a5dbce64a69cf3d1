/* SPDX-License-Identifier: MIT */

/* A map that another run has saved: whatever its bytes are, the ledger lives, and so does a look with it. */

#include <stdlib.h>
#include <string.h>

#include "detect/ledger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW (100 * USEC_PER_SEC)

static char name[] = "web", glob[] = "nginx", other_name[] = "any";
static char *globs[] = { glob };
static Match match = { .comm = { globs, 1 } };
static Rule rule_list[] = {
        { .name = name, .match = &match, .processes = true, .changed = CHANGE_ALL, .sockets.listen = -1, .expect = { 2, 1, STATE_ESTABLISHED } },
        { .name = other_name, .changed = CHANGE_ALL, .sockets.listen = -1 },
};
static const RuleSet rules = { .rules = rule_list, .count = ELEMENTSOF(rule_list), .any_process = true };

static void emit(void *userdata, const Event *e) {
        (void) userdata;
        (void) e;
}

static Verdict gone(void *userdata, const Suspect *s, uint64_t *ret_when) {
        (void) userdata;
        (void) s;
        *ret_when = NOW + 5;
        return VERDICT_GONE;
}

static void see(Ledger *l, uint64_t cookie) {
        Socket s;

        socket_init(&s);
        s.cookie = cookie;
        s.inode = (uint32_t) (1000 + cookie);
        s.family = FAMILY_IPV4;
        s.transport = TRANSPORT_TCP;
        s.state = STATE_CLOSE_WAIT;
        s.local.port = 443;
        s.peer.port = 51544;
        (void) ledger_see(l, &s);
}

static void look(Ledger *l) {
        const Netns netns = { .id = 1, .inode = 4026531840 };
        Process p;

        process_init(&p);
        p.pid = 812;
        p.start_ticks = 100;
        p.comm = strdup("nginx");
        ledger_processes_begin(l, NOW + 1);
        (void) ledger_process_see(l, &p);
        process_done(&p);
        ledger_processes_end(l, NOW + 2, true);
        if (ledger_holders_begin(l, 812, 100, NOW + 2) == 0) {
                (void) ledger_hold(l, 7, 1001);
                ledger_holders_end(l, NOW + 2, 0, (Coverage){});
        }
        for (TableKind t = TABLE_TCP; t <= TABLE_UNIX; t++)
                if (ledger_look_begin(l, &netns, t, NOW + 3) == 0) {
                        for (uint64_t cookie = 1; t == TABLE_TCP && cookie < 4; cookie++)
                                see(l, cookie);
                        (void) ledger_look_end(l, NOW + 4, (Coverage){});
                }
        ledger_judge(l, NOW + 4);
        ledger_question(l, gone, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        LedgerOptions options = { .boot_id = "0123456789abcdef0123456789abcdef", .baseline = USEC_PER_SEC };
        _cleanup_text_ Text again = TEXT_NULL;
        Ledger *l;

        if (ledger_new(&l, &options, &rules, emit, NULL) < 0)
                return 0;
        if (ledger_restore(l, (Bytes){ (const char *) data, (uint32_t) size }, NOW) == 0) {
                look(l);
                if (ledger_save(l, &again) < 0)
                        abort();
        }
        ledger_free(l);
        if (again.size == 0)
                return 0;
        /* What it saves it can read. */
        if (ledger_new(&l, &options, &rules, emit, NULL) < 0)
                return 0;
        if (ledger_restore(l, (Bytes){ again.data, (uint32_t) again.size }, UINT64_MAX) != 0)
                abort();
        ledger_free(l);
        return 0;
}
