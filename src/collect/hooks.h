/* SPDX-License-Identifier: MIT */
#pragma once

/* Hooks: the programs in the kernel (src/bpf), loaded and attached, and what they give: records of a ring, counters, and what they are to leave out. The only
 * user of libbpf. Needs CAP_BPF and CAP_PERFMON, BTF and Linux 5.15; with options also CAP_NET_ADMIN. In a build without libbpf everything says -EOPNOTSUPP. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/record.h"

typedef enum Hook {
        HOOK_TCP,
        HOOK_FORK,
        HOOK_EXEC,
        HOOK_RENAME,
        HOOK_EXIT,
        HOOK_PROCESSES,
        HOOK_SOCKETS,
        HOOK_UDP_BIND4, /* of HOOK_OPTION_UDP, up to HOOK_UDP_RELEASE */
        HOOK_UDP_BIND6,
        HOOK_UDP_CONNECT4,
        HOOK_UDP_CONNECT6,
        HOOK_UDP_SEND4,
        HOOK_UDP_SEND6,
        HOOK_UDP_RELEASE,
        _HOOK_MAX,
} Hook;

/* Programs that are loaded only where they are asked for, since everybody pays for them. Names: collector_option_name() of collect/collect.h. */
typedef enum HookOption {
        HOOK_OPTION_UDP,
        _HOOK_OPTION_MAX,
} HookOption;

const char *hook_name(unsigned program); /* as the kernel shows it: tcp_state ... */

/* Load each program alone. ret: negative errno of each, 0: the kernel takes it. 0, or -EOPNOTSUPP: this build has none. */
int hooks_probe(int ret[_HOOK_MAX]);

typedef struct Hooks Hooks;

/* All of them, attached, but of the options only those of the set `options` (1 << HookOption). ring_size: bytes, a power of two; 0: 16 MiB. Negative errno of the
 * first that was refused, whose name is in *ret_refused. An option that is refused is left out, and no error: hooks_option(). */
int hooks_open(Hooks **ret, size_t ring_size, unsigned options, Hook *ret_refused);
Hooks *hooks_free(Hooks *h);

/* 1: it works, 0: it was not asked for; else negative errno of why it does not, and which of its programs it was (hook_name(); _HOOK_MAX: none by itself). */
int hooks_option(const Hooks *h, HookOption option, Hook *ret_refused);

/* Readable when a record comes after everything was read. Borrowed. */
int hooks_fd(const Hooks *h);

/* 0, or 1: no more after this one. */
typedef int (*hooks_record_t)(void *userdata, const void *record, size_t size);

/* Up to `max` records in the order in which they were made. Returns how many, or negative errno. */
int hooks_read(Hooks *h, unsigned max, hooks_record_t take, void *userdata);

/* Each process that there is; pid: this one alone, if it is there (Linux 6.1); 0: all. 0, -EIO: a damaged answer, or negative errno. */
int hooks_processes(const Hooks *h, uint32_t pid, void (*take)(void *userdata, const struct RecordListed *p), void *userdata);

/* A descriptor from which each RecordHeld can be read that there is now, of the process `pid`; none where there is no such process. Negative errno; -EOPNOTSUPP:
 * before Linux 6.1. marks: as walk_sockets() says; it holds for all that are read from now on. */
int hooks_sockets(const Hooks *h, uint32_t pid, bool marks);

/* Record nothing of this process, as this program of it; or again. Who executes another program is recorded until this is said once more. */
int hooks_skip(Hooks *h, const struct RecordProcess *p, bool skip);

/* Of a namespace (its cookie), since it was attached. -ENOENT: none yet. */
int hooks_book(const Hooks *h, uint64_t netns, struct RecordBook *ret);

/* Counted since it was attached. */
int hooks_lost(const Hooks *h, uint64_t ret[_LOST_MAX]);
/* Closes for which the ring had no room, by process; they are forgotten with that. */
int hooks_take_losses(Hooks *h, void (*take)(void *userdata, uint32_t pid, const struct RecordLoss *loss), void *userdata);
