/* SPDX-License-Identifier: MIT */

/* Hooks in a build without libbpf, instead of bpf.c. */

#include <errno.h>

#include "collect/hooks.h"

const char *hook_name(unsigned program) {
        return NULL;
}

int hooks_probe(int ret[_HOOK_MAX]) {
        return -EOPNOTSUPP;
}

int hooks_open(Hooks **ret, size_t ring_size, unsigned options, Hook *ret_refused) {
        *ret_refused = _HOOK_MAX;
        return -EOPNOTSUPP;
}

int hooks_option(const Hooks *h, HookOption option, Hook *ret_refused) {
        *ret_refused = _HOOK_MAX;
        return -EOPNOTSUPP;
}

Hooks *hooks_free(Hooks *h) {
        return NULL;
}

int hooks_fd(const Hooks *h) {
        return -EOPNOTSUPP;
}

int hooks_read(Hooks *h, unsigned max, hooks_record_t take, void *userdata) {
        return -EOPNOTSUPP;
}

int hooks_processes(const Hooks *h, uint32_t pid, void (*take)(void *userdata, const struct RecordListed *p), void *userdata) {
        return -EOPNOTSUPP;
}

int hooks_sockets(const Hooks *h, uint32_t pid, bool marks) {
        return -EOPNOTSUPP;
}

int hooks_skip(Hooks *h, const struct RecordProcess *p, bool skip) {
        return -EOPNOTSUPP;
}

int hooks_book(const Hooks *h, uint64_t netns, struct RecordBook *ret) {
        return -EOPNOTSUPP;
}

int hooks_lost(const Hooks *h, uint64_t ret[_LOST_MAX]) {
        return -EOPNOTSUPP;
}

int hooks_take_losses(Hooks *h, void (*take)(void *userdata, uint32_t pid, const struct RecordLoss *loss), void *userdata) {
        return -EOPNOTSUPP;
}
