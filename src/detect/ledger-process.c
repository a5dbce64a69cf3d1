/* SPDX-License-Identifier: MIT */

/* Ledger: processes.
 *
 * A process is an Actor from first sight to exit, and longer while a Connection names it. What it matched it keeps (a
 * rename does not end its audit), and passes on to its children where the rule says so. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/ledger-internal.h"

Actor *ledger_actor(const Ledger *l, uint32_t pid) {
        Actor *a;

        HASH_FIND(hh, l->actors, &pid, sizeof(pid), a);
        return a;
}

Actor *actor_reference(Actor *a) {
        if (a)
                a->references++;
        return a;
}

Actor *actor_release(Actor *a) {
        if (a && --a->references == 0) {
                process_done(&a->process);
                free(a);
        }
        return NULL;
}

void ledger_actor_gone(Ledger *l, Actor *a, uint64_t not_before, uint64_t not_after, const Notice *n) {
        if (a->announce && a->announce_not_after != 0)
                ledger_actor_announce(l, a, a->announce_not_after);
        if (a->announced) {
                Event *e = ledger_event(l, EVENT_PROCESS_GONE, not_before, not_after, notice_seen_by(n));

                ledger_event_process(l, e, a, false);
                if (a->rule >= 0)
                        event_set_word(e, EVENT_FIELD_RULE, l->rules->rules[a->rule].name);
                ledger_say_process(l, e, a);
                l->matched_actors--;
        }
        ledger_crowd_join(a, NULL);
        ledger_holders_gone(l, a, not_before, not_after);
        HASH_DEL(l->actors, a);
        actor_release(a);
}

void ledger_processes_free(Ledger *l) {
        Actor *a, *next;

        HASH_ITER(hh, l->actors, a, next) {
                a->announced = a->announce = false;
                ledger_actor_gone(l, a, 0, 0, NULL);
        }
}

uint64_t ledger_last_scan(const Ledger *l) {
        return l->scanning || !l->scan_complete ? l->previous_scan_t0 : l->scan_t0;
}

void ledger_processes_begin(Ledger *l, uint64_t t0) {
        l->previous_scan_t0 = ledger_last_scan(l);
        l->scan_t0 = t0;
        l->scanning = true;
        l->unread_now = false;
        for (Actor *a = l->actors; a; a = a->hh.next)
                a->seen = false;
}

static void actor_seen(Actor *a, uint64_t t) {
        a->seen = true;
        a->unread = false;
        a->seen_t0 = MAX(a->seen_t0, t);
}

const Process *ledger_process(const Ledger *l, uint32_t pid) {
        const Actor *a = ledger_actor(l, pid);

        return a ? &a->process : NULL;
}

int ledger_process_touch(Ledger *l, uint32_t pid, uint64_t start_ticks, const char *comm) {
        Actor *a = ledger_actor(l, pid);

        if (!a || a->process.start_ticks != start_ticks || a->stale)
                return -ENOENT;
        if (comm && a->process.comm && strcmp(comm, a->process.comm) != 0)
                return -ENOENT;
        actor_seen(a, l->scan_t0);
        return a->wanted;
}

void ledger_actor_identify(const Ledger *l, Actor *a) {
        (void) snprintf(a->entity, sizeof(a->entity), "%s-%u-%llu", l->options.boot_id, a->process.pid, (unsigned long long) a->process.start_ticks);
}

static Actor *actor_new(Ledger *l, Process *p) {
        Actor *a = calloc(1, sizeof(Actor));

        if (!a)
                return NULL;
        a->process = *p;
        process_init(p);
        ledger_actor_identify(l, a);
        a->fresh = ledger_last_scan(l) != 0 && a->process.start_usec + USEC_PER_TICK >= ledger_last_scan(l);
        a->rule = -1;
        a->references = 1;
        HASH_ADD(hh, l->actors, process.pid, sizeof(a->process.pid), a);
        if (!a->hh.tbl) {
                actor_release(a);
                return NULL;
        }
        return a;
}

static bool same_text(const char *a, const char *b) {
        return a && b && strcmp(a, b) == 0;
}

static void keep_cmdline(Process *old, Process *p) {
        if (p->cmdline_size > 0)
                return;
        free(p->cmdline);
        p->cmdline = TAKE_PTR(old->cmdline);
        p->cmdline_size = old->cmdline_size;
        p->cmdline_told = TAKE_PTR(old->cmdline_told);
        p->cmdline_told_size = old->cmdline_told_size;
}

/* Who is about to end has given up his memory, and with it what says which program he runs: that is still the one from before. And who does not
 * answer what his command line is has the one from before, if he runs the same program. */
static void keep_program(Process *old, Process *p) {
        if (p->cmdline_silent && same_text(p->exe, old->exe))
                keep_cmdline(old, p);
        if (p->exe || !old->exe || !same_text(p->comm, old->comm))
                return;
        p->exe = TAKE_PTR(old->exe);
        p->exe_state = old->exe_state;
        p->exe_file = old->exe_file;
        keep_cmdline(old, p);
        if (!p->cwd)
                p->cwd = TAKE_PTR(old->cwd);
}

static void keep_hash(const Process *old, Process *p) {
        if (p->exe_sha_state == EXE_SHA_KNOWN || memcmp(&p->exe_file, &old->exe_file, sizeof(p->exe_file)) != 0)
                return;
        p->exe_sha_state = old->exe_sha_state;
        memcpy(p->exe_sha, old->exe_sha, sizeof(p->exe_sha));
}

static void actor_replace_facts(Actor *a, Process *p) {
        keep_program(&a->process, p);
        keep_hash(&a->process, p);
        p->ran = a->process.ran; /* is of its last walk, not of this reading */
        p->ran_since = a->process.ran_since;
        process_done(&a->process);
        a->process = *p;
        process_init(p);
}

const Actor *ledger_actor_parent(const Ledger *l, const Actor *a) {
        const Actor *parent = ledger_actor(l, a->process.parent);

        return parent && parent->process.start_ticks <= a->process.start_ticks ? parent : NULL;
}

/* We, and our deputies. */
static bool is_own(const Ledger *l, const Actor *a) {
        return l->options.own_pid != 0 && (a->process.pid == l->options.own_pid || a->process.parent == l->options.own_pid);
}

/* Which rules does it match now? Old matches stay (unless the rules are new), its holders count as new where it gains one. */
static void actor_judge(Ledger *l, Actor *a) {
        const Actor *parent = ledger_actor_parent(l, a);
        bool sticky = a->rule >= 0 && !a->stale;
        RuleBits before = a->matched, now = {};
        bool gained = false, wanted = a->wanted;
        int old = a->rule;

        a->excluded = is_own(l, a) || (!sticky && ruleset_excludes(l->rules, &a->process));
        if (!a->excluded)
                (void) ruleset_match(l->rules, &a->process, parent ? &parent->matched : NULL, &now);
        a->rule = -1;
        for (size_t i = l->rules->count; i-- > 0;) {
                if (rulebits_has(&now, i) && !rulebits_has(&before, i))
                        gained = true;
                if (rulebits_has(&now, i))
                        rulebits_add(&a->matched, i);
                if (rulebits_has(&a->matched, i) && l->rules->rules[i].match)
                        a->rule = (int) i;
        }
        a->wanted = a->rule >= 0 || l->rules->any_process;
        if (a->wanted && !wanted) {
                /* It may have been walked for the sake of others: then what it holds was not kept. */
                a->walked = false;
                a->process.ran = 0;
        }
        a->announce = a->rule >= 0 && l->rules->rules[a->rule].processes && (a->announce || !a->announced || (a->rule != old && !a->stale));
        if (!a->announce || a->rule != old)
                a->announce_not_after = 0;
        a->stale = false;
        l->scan_judged = true;
        for (Holder *h = gained ? a->holders : NULL; h; h = h->next_of_actor)
                h->since = l->cycle;
        if (gained)
                l->held_since = MAX(l->held_since, l->cycle);
}

/* t: when it was certainly there, with these facts or those that it had before. unknown: where it is new, it may match since then; 0: unknown. when: these
 * facts are of that very time; 0: they were read. */
static int see(Ledger *l, Process *p, uint64_t t, uint64_t unknown, uint64_t when) {
        Actor *a = ledger_actor(l, p->pid);

        if (a && !process_same(&a->process, p)) {
                /* Rule 6: the pid is another process's now. */
                ledger_actor_gone(l, a, a->seen_t0, MAX(p->start_usec + USEC_PER_TICK, a->seen_t0), NULL);
                a = NULL;
        }
        if (a)
                actor_replace_facts(a, p);
        else {
                a = actor_new(l, p);
                if (!a)
                        return -ENOMEM;
        }
        a->process.read_since = t;
        if (!a->announce) {
                a->announce_not_before = a->judged_t0 ?: unknown;
                a->announce_when = when;
        }
        actor_seen(a, t);
        actor_judge(l, a);
        a->judged_t0 = MAX(a->judged_t0, t);
        return a->wanted;
}

int ledger_process_see(Ledger *l, Process *p) {
        return see(l, p, l->scan_t0, ledger_last_scan(l), 0);
}

int ledger_process_note(Ledger *l, const Notice *n) {
        Actor *a = ledger_actor(l, n->process->pid);

        /* An exec may have closed descriptors. */
        if (a && n->kind == NOTICE_EXEC)
                a->walked = false;
        return see(l, n->process, n->not_before, n->kind == NOTICE_FORK ? n->not_before : ledger_last_scan(l),
                   n->source == NOTICE_BY_BPF ? n->not_after : 0);
}

void ledger_process_unread(Ledger *l, uint32_t pid) {
        Actor *a = ledger_actor(l, pid);
        bool told = a ? a->unread || a->denied : l->unread;

        if (a)
                a->seen = a->unread = true; /* but nobody has seen that it is still the same: its bounds stay */
        l->unread_now |= !a;
        if (told)
                return;
        l->denied++;
        l->denied_pid = pid;
}

void ledger_process_moved(Ledger *l, uint32_t pid, uint32_t netns_inode) {
        Actor *a = ledger_actor(l, pid);

        if (a)
                a->process.netns_inode = netns_inode;
}

void ledger_actor_announce(Ledger *l, Actor *a, uint64_t t1) {
        Event *e;

        if (a->process.exe_sha_state == EXE_SHA_ASKED && a->announce_not_after == 0) {
                a->announce_not_after = t1;
                l->announcing = true;
                return;
        }
        e = a->announce_when ? ledger_event(l, EVENT_PROCESS_MATCHED, a->announce_when, a->announce_when, "bpf")
                             : ledger_event(l, EVENT_PROCESS_MATCHED, a->announce_not_before, t1, "snapshot");
        ledger_event_process(l, e, a, true);
        event_set_word(e, EVENT_FIELD_RULE, l->rules->rules[a->rule].name);
        ledger_say_process(l, e, a);
        l->matched_actors += !a->announced;
        a->announced = true;
        a->announce = false;
        a->announce_not_after = 0;
}

/* A reload took its rule away: it is watched no more, though it lives. */
static void retract(Ledger *l, Actor *a, uint64_t t1) {
        Event *e = ledger_event(l, EVENT_PROCESS_GONE, l->previous_scan_t0, t1, "snapshot");

        ledger_event_process(l, e, a, false);
        ledger_say_process(l, e, a);
        l->matched_actors--;
        a->announced = false;
}

static bool could_inherit(const Actor *a, const Actor *parent, const RuleBits *passing) {
        uint64_t missing = 0;

        for (size_t i = 0; i < ELEMENTSOF(passing->bits); i++)
                missing |= passing->bits[i] & parent->matched.bits[i] & ~a->matched.bits[i];
        return missing != 0;
}

/* A child may have been read before its parent: then the parent's matches pass on now, from generation to generation. */
static void descend(Ledger *l) {
        RuleBits passing = {};

        for (size_t i = 0; i < l->rules->count; i++)
                if (l->rules->rules[i].descendants)
                        rulebits_add(&passing, i);
        for (bool again = l->scan_judged; again;) {
                again = false;
                for (Actor *a = l->actors; a; a = a->hh.next) {
                        const Actor *parent = ledger_actor_parent(l, a);
                        RuleBits before = a->matched;

                        if (!parent || a->excluded || !could_inherit(a, parent, &passing))
                                continue;
                        actor_judge(l, a);
                        again |= memcmp(&a->matched, &before, sizeof(before)) != 0;
                }
        }
        l->scan_judged = false;
}

void ledger_processes_end(Ledger *l, uint64_t t1, bool complete) {
        Actor *a, *next;

        descend(l);
        l->scanning = false;
        l->scan_complete = complete;
        l->unread = l->unread_now;
        HASH_ITER(hh, l->actors, a, next) {
                if (!a->seen) {
                        if (complete)
                                ledger_actor_gone(l, a, a->seen_t0, t1, NULL);
                        continue;
                }
                if (a->announce && a->announce_not_after == 0)
                        ledger_actor_announce(l, a, t1);
                else if (a->announced && a->rule < 0)
                        retract(l, a, t1);
        }
}

void ledger_processes_settle(Ledger *l, uint64_t now) {
        if (!l->scan_judged)
                return;
        descend(l);
        for (Actor *a = l->actors; a; a = a->hh.next)
                if (a->announce && a->announce_not_after == 0)
                        ledger_actor_announce(l, a, now);
}

/* Who is not wanted may hold what somebody let go of. */
static bool is_walked(const Actor *a) {
        return a->wanted || a->holders;
}

int ledger_wants(const Ledger *l, uint32_t pid, uint64_t start_ticks) {
        const Actor *a = ledger_actor(l, pid);

        return a && a->process.start_ticks == start_ticks ? a->wanted : -ENOENT;
}

void ledger_process_ending(Ledger *l, uint32_t pid, uint64_t start_ticks) {
        Actor *a = ledger_actor(l, pid);

        if (a && a->process.start_ticks == start_ticks)
                a->ending = true;
}

bool ledger_is_ending(const Ledger *l, uint32_t pid) {
        const Actor *a = ledger_actor(l, pid);

        return a && a->ending;
}

bool ledger_walks(const Ledger *l, uint32_t pid) {
        const Actor *a = ledger_actor(l, pid);

        return a && is_walked(a);
}

void ledger_walk_again(Ledger *l, uint32_t pid) {
        Actor *a = ledger_actor(l, pid);

        if (a)
                a->walked = false;
}

int ledger_processes(Ledger *l, LedgerProcesses which, ledger_process_t callback, void *userdata) {
        Actor *a, *next;

        HASH_ITER(hh, l->actors, a, next) {
                bool asked = which == LEDGER_EVERYONE || (is_walked(a) && (which == LEDGER_ALL || !a->walked));
                int r = asked ? callback(userdata, &a->process) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}
