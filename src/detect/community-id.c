/* SPDX-License-Identifier: MIT */

/* "1:" and the base64 of SHA1(seed, lower address, higher address, protocol, 0, lower port, higher port): numbers big-endian, the seed
 * 0, the ends in the order of their addresses, then ports. The hash is no secret and keeps none; it has to be the one of the
 * specification. */

#include "detect/community-id.h"

#include <arpa/inet.h>
#include <sha1.h>
#include <string.h>

#include "base/macro.h"

static uint8_t ip_protocol(unsigned transport) {
        switch (transport) {
        case TRANSPORT_TCP:
        case TRANSPORT_MPTCP:
                return IPPROTO_TCP;
        case TRANSPORT_UDP:
                return IPPROTO_UDP;
        case TRANSPORT_SCTP:
                return IPPROTO_SCTP;
        default:
                return 0;
        }
}

static void base64(const uint8_t *data, size_t size, char *ret) {
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

        for (size_t i = 0; i < size; i += 3) {
                uint32_t word = (uint32_t) data[i] << 16 | (uint32_t) (i + 1 < size ? data[i + 1] : 0) << 8 |
                                (i + 2 < size ? data[i + 2] : 0);

                for (size_t k = 0; k < 4; k++)
                        *ret++ = i + k <= size ? digits[word >> (18 - 6 * k) & 63] : '=';
        }
        *ret = 0;
}

bool community_id(const Socket *s, char ret[COMMUNITY_ID_MAX]) {
        uint8_t message[2 + 16 + 16 + 2 + 2 + 2] = {}, digest[SHA1_DIGEST_LENGTH], protocol = ip_protocol(s->transport);
        Endpoint a = s->local, b = s->peer;
        Family family = endpoint_normalise((Family) s->family, &a);
        size_t size = family == FAMILY_IPV6 ? 16 : 4, n = 2;
        SHA1_CTX sha1;

        if (!socket_has_addresses(s) || protocol == 0 || s->state == STATE_LISTEN || s->local.port == 0 || s->peer.port == 0 ||
            endpoint_normalise((Family) s->family, &b) != family)
                return false;
        if (endpoint_compare(&a, &b) > 0)
                SWAP(a, b);

        memcpy(message + n, a.ip, size);
        memcpy(message + n + size, b.ip, size);
        n += 2 * size;
        message[n++] = protocol;
        message[n++] = 0;
        for (size_t i = 0; i < 2; i++) {
                uint16_t port = i == 0 ? a.port : b.port;

                message[n++] = (uint8_t) (port >> 8);
                message[n++] = (uint8_t) port;
        }
        SHA1Init(&sha1);
        SHA1Update(&sha1, message, n);
        SHA1Final(digest, &sha1);
        memcpy(ret, "1:", 2);
        base64(digest, sizeof(digest), ret + 2);
        return true;
}
