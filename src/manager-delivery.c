/* SPDX-License-Identifier: MIT */

#include "manager-delivery.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/state.h"

/* systemd gives the directory of the unit, or several of them. */
static int open_state(void) {
        const char *given = getenv("STATE_DIRECTORY") ?: STATE_PATH;
        _cleanup_free_ char *path = strndup(given, strcspn(given, ":"));

        return path ? state_open(path) : -ENOMEM;
}

static void log_found(const OutboxFound *found) {
        static const char *const why[] = {
                [OUTBOX_DAMAGED] = "it is damaged", [OUTBOX_FOREIGN] = "it is none of ours", [OUTBOX_FUTURE] = "a later version made it",
        };

        if (found->count > 0)
                log_notice("outbox: %llu events of an earlier daemon wait in it, and are sent now; some may come twice", (unsigned long long) found->count);
        if (found->bad > 0)
                log_warning("outbox: %llu bytes at its end cannot be read, since %s; %s%s", (unsigned long long) found->bad, why[found->why],
                            found->kept < 0 ? "they could not be kept: " : "they are kept as " OUTBOX_NAME ".damaged-1",
                            found->kept < 0 ? strerror(-found->kept) : "");
}

int delivery_open_outbox(Outbox **ret, const Config *config, uint64_t *ret_waiting, const char **ret_degraded) {
        _cleanup_close_ int dir_fd = open_state();
        OutboxFound found = {};
        int r = dir_fd < 0 ? dir_fd : outbox_open(ret, dir_fd, config->limits.outbox, &found);

        if (r < 0) {
                log_warning("outbox: the state directory cannot be used (%s): what waits for the journal is lost when the daemon ends",
                            r == -EBUSY ? "another sockauditd uses it" : strerror(-r));
                *ret_degraded = "no outbox: what waits for the journal is lost when the daemon ends";
                r = outbox_open_memory(ret, config->limits.queue);
        } else
                log_found(&found);
        *ret_waiting = found.count;
        return r;
}
