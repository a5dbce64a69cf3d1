/* SPDX-License-Identifier: MIT */

/* One record of the ring, as the program of its kind might have written it. */

#include <stdlib.h>
#include <string.h>

#include "collect/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_socket(const struct RecordSocket *r) {
        Process who;
        Notice n;

        process_init(&who);
        record_socket(r, &n, &who);
        if (n.not_before != n.not_after || n.end >= _END_MAX || (n.socket.bytes_received != SOCKET_UNKNOWN && n.socket.bytes_received > r->bytes_received))
                abort();
        if (n.process && n.process->pid == 0)
                abort();
}

static void try_process(const struct RecordProcessHead *h, size_t size) {
        _cleanup_process_ Process who;

        process_init(&who);
        if (record_process(h, size, &who) < 0)
                return;
        if (!who.comm || strlen(who.comm) > RECORD_COMM || who.cmdline_size > RECORD_ARGUMENTS)
                abort();
        if (size < sizeof(struct RecordExec) && (who.exe || who.cmdline || who.cgroup))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        void *record = malloc(size + 1); /* aligned, and with an end that a sanitizer sees */
        unsigned kind;

        if (!record)
                return 0;
        memcpy(record, data, size);
        kind = record_kind(record, size);
        if (kind == RECORD_OPEN || kind == RECORD_CLOSE)
                try_socket(record);
        else if (kind != 0)
                try_process(record, size);
        free(record);
        return 0;
}
