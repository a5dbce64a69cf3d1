/* SPDX-License-Identifier: MIT */
#pragma once

/* History: an event of sockauditd as the journal gives it back, field by field, into the records that a target is compared with. Pure; what
 * stands in the fields comes from outside, in the end. */

#include "base/text.h"
#include "collect/process.h"
#include "collect/socket.h"

typedef struct History {
        uint64_t time;   /* SOCKAUDIT_NOT_AFTER, microseconds since the epoch; 0: it has none */
        char kind[64];   /* connection-stalled, ...; empty: none */
        char stall[32];  /* what stood still */
        uint8_t state;
        Text message;    /* printable */
        Process process; /* what of it stands in the event; pid 0: none */
        Socket socket;   /* of a connection: addresses, or path */
        char peer_path[SOCKET_PATH_MAX];
        uint8_t peer_path_size;
} History;

void history_init(History *h);
void history_done(History *h);
/* One field, NAME=VALUE. Unknown and damaged ones are passed over; -ENOMEM. */
int history_field(History *h, const char *data, size_t size);
/* The socket at the other end, of which no more than the path is known. False: not even that. */
bool history_peer(const History *h, Socket *ret);
