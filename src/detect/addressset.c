/* SPDX-License-Identifier: MIT */

/* AddressSet: elements in the order in which they were added, asked one by one: rules name a handful, and 100
 * networks cost 0.16 us a question.
 *
 * An element that is text ("10.0.0.0/8:443") becomes one or more Elements: a named set is several networks. The
 * verdict needs only two bits of all of them: did one include, did one exclude.
 *
 * Reading is strict, since a wrong guess here hides connections: inet_pton(3) takes neither 10/8 nor octal
 * numbers; a network with bits beyond its prefix is refused, because one of the two is a mistake. */

#include "detect/addressset.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"

#define ADDRESS_TEXT_MAX 64 /* longest host part: an IPv6 address with prefix */
#define MAPPED_PREFIX 96    /* ::ffff:0:0/96 */

typedef struct Network {
        Family family; /* FAMILY_UNKNOWN: every address of both families */
        uint8_t ip[16];
        uint32_t prefix;
} Network;

typedef struct Element {
        bool exclude;
        char *path; /* glob; NULL: an IP element */
        Network network;
        uint16_t first_port, last_port; /* 0, 65535: all, also "no port" */
} Element;

struct AddressSet {
        Element *elements;
        size_t count;
        bool includes; /* an element that includes exists */
};

static const struct {
        const char *name;
        Network network;
} named_networks[] = {
        { "loopback",   { FAMILY_IPV4, { 127 }, 8 } },
        { "loopback",   { FAMILY_IPV6, { [15] = 1 }, 128 } },
        { "private",    { FAMILY_IPV4, { 10 }, 8 } },
        { "private",    { FAMILY_IPV4, { 172, 16 }, 12 } },
        { "private",    { FAMILY_IPV4, { 192, 168 }, 16 } },
        { "private",    { FAMILY_IPV6, { 0xfc }, 7 } },
        { "link-local", { FAMILY_IPV4, { 169, 254 }, 16 } },
        { "link-local", { FAMILY_IPV6, { 0xfe, 0x80 }, 10 } },
        { "multicast",  { FAMILY_IPV4, { 224 }, 4 } },
        { "multicast",  { FAMILY_IPV6, { 0xff }, 8 } },
        { "any",        { FAMILY_IPV4, { 0 }, 32 } },
        { "any",        { FAMILY_IPV6, { 0 }, 128 } },
};

static const char expected_element[] =
        "expected an address, a network, :PORT, a unix path, or loopback, private, link-local, multicast or any";
static const char expected_port[] = "expected a port from 1 to 65535 or a range such as 8000-8999";
static const char expected_range[] = "expected a range of ports with the smaller one first";
static const char expected_prefix4[] = "expected a prefix length from 0 to 32";
static const char expected_prefix6[] = "expected a prefix length from 0 to 128";
static const char expected_network[] = "expected a network without bits beyond its prefix";

int addressset_new(AddressSet **ret) {
        AddressSet *set = calloc(1, sizeof(AddressSet));

        if (!set)
                return -ENOMEM;
        *ret = set;
        return 0;
}

AddressSet *addressset_free(AddressSet *set) {
        if (!set)
                return NULL;
        for (size_t i = 0; i < set->count; i++)
                free(set->elements[i].path);
        free(set->elements);
        free(set);
        return NULL;
}

/* Takes over e->path on success. */
static int addressset_append(AddressSet *set, const Element *e) {
        Element *p = array_grow(set->elements, set->count, sizeof(Element));

        if (!p)
                return -ENOMEM;
        set->elements = p;
        set->elements[set->count++] = *e;
        set->includes |= !e->exclude;
        return 0;
}

/* "443" or "8000-8999". */
static int parse_ports(const char *s, Element *e, const char **ret_why) {
        char first[6];
        const char *dash = strchr(s, '-');
        size_t n = dash ? (size_t) (dash - s) : strlen(s);
        uint32_t a, b;

        *ret_why = expected_port;
        if (n >= sizeof(first))
                return -EINVAL;
        memcpy(first, s, n);
        first[n] = 0;
        if (parse_u32(first, 1, 65535, &a) < 0)
                return -EINVAL;
        b = a;
        if (dash && parse_u32(dash + 1, 1, 65535, &b) < 0)
                return -EINVAL;
        if (a > b) {
                *ret_why = expected_range;
                return -EINVAL;
        }
        e->first_port = (uint16_t) a;
        e->last_port = (uint16_t) b;
        return 0;
}

/* Are all bits of `ip` behind the first `prefix` zero? */
static bool ip_is_network(const uint8_t ip[16], uint32_t prefix) {
        for (uint32_t bit = prefix; bit < 128; bit++)
                if (ip[bit / 8] & (0x80 >> bit % 8))
                        return false;
        return true;
}

/* ::ffff:10.0.0.0/104 means 10.0.0.0/8: sockets are compared as IPv4, too. */
static void network_normalise(Network *n) {
        Endpoint e = {};

        if (n->family != FAMILY_IPV6 || n->prefix < MAPPED_PREFIX)
                return;
        memcpy(e.ip, n->ip, sizeof(e.ip));
        if (endpoint_normalise(FAMILY_IPV6, &e) != FAMILY_IPV4)
                return;
        n->family = FAMILY_IPV4;
        n->prefix -= MAPPED_PREFIX;
        memcpy(n->ip, e.ip, sizeof(n->ip));
}

/* "10.0.0.1", "10.0.0.0/8", "2001:db8::/32". `text` is cut at the slash. */
static int parse_network(char *text, Network *ret, const char **ret_why) {
        char *slash = strchr(text, '/');
        Network n = {};
        uint32_t most;

        *ret_why = expected_element;
        if (slash)
                *slash++ = 0;
        if (inet_pton(AF_INET, text, n.ip) == 1) {
                n.family = FAMILY_IPV4;
                most = 32;
        } else if (inet_pton(AF_INET6, text, n.ip) == 1) {
                n.family = FAMILY_IPV6;
                most = 128;
        } else
                return -EINVAL;

        n.prefix = most;
        if (slash && parse_u32(slash, 0, most, &n.prefix) < 0) {
                *ret_why = most == 32 ? expected_prefix4 : expected_prefix6;
                return -EINVAL;
        }
        if (n.prefix < most && !ip_is_network(n.ip, n.prefix)) {
                *ret_why = expected_network;
                return -EINVAL;
        }
        network_normalise(&n);
        *ret = n;
        return 0;
}

/* Splits "HOST", ":PORT", "HOST:PORT", "[HOST]", "[HOST]:PORT" and "[HOST]/N:PORT" into host (without brackets) and
 * port (NULL: none). More than one colon outside brackets is an IPv6 address. */
static int split_element(const char *s, char host[ADDRESS_TEXT_MAX], const char **ret_port) {
        const char *end, *port = NULL;
        size_t n;

        if (*s == '[') {
                const char *close = strchr(s, ']');
                size_t inner;

                if (!close)
                        return -EINVAL;
                inner = (size_t) (close - s) - 1;
                end = close + 1 + strcspn(close + 1, ":");
                n = inner + (size_t) (end - close) - 1;
                /* Only IPv6 is written in brackets, and only a prefix may follow them. */
                if (n >= ADDRESS_TEXT_MAX || !memchr(s + 1, ':', inner) || !strchr("/:", close[1]))
                        return -EINVAL;
                memcpy(host, s + 1, inner);
                memcpy(host + inner, close + 1, n - inner);
                port = *end ? end + 1 : NULL;
        } else {
                end = strchr(s, ':');
                if (end && !strchr(end + 1, ':')) {
                        port = end + 1;
                        n = (size_t) (end - s);
                } else
                        n = strlen(s);
                if (n >= ADDRESS_TEXT_MAX)
                        return -EINVAL;
                memcpy(host, s, n);
        }
        host[n] = 0;
        *ret_port = port;
        return 0;
}

static int add_ip(AddressSet *set, Element *e, const char *s, const char **ret_why) {
        char host[ADDRESS_TEXT_MAX];
        const char *port;
        bool named = false;
        int r;

        if (split_element(s, host, &port) < 0) {
                *ret_why = expected_element;
                return -EINVAL;
        }
        e->last_port = UINT16_MAX;
        if (port && parse_ports(port, e, ret_why) < 0)
                return -EINVAL;
        if (!*host && port)
                return addressset_append(set, e);

        for (size_t i = 0; i < ELEMENTSOF(named_networks); i++)
                if (strcmp(host, named_networks[i].name) == 0) {
                        named = true;
                        e->network = named_networks[i].network;
                        r = addressset_append(set, e);
                        if (r < 0)
                                return r;
                }
        if (named)
                return 0;

        r = parse_network(host, &e->network, ret_why);
        return r < 0 ? r : addressset_append(set, e);
}

int addressset_add(AddressSet *set, const char *element, const char **ret_why) {
        Element e = {};
        const char *why = NULL;
        int r;

        if (*element == '!') {
                e.exclude = true;
                element++;
        }
        if (*element == '/' || (*element == '@' && element[1])) {
                e.path = strdup(element);
                if (!e.path)
                        return -ENOMEM;
                r = addressset_append(set, &e);
                if (r < 0)
                        free(e.path);
                return r;
        }

        r = add_ip(set, &e, element, &why);
        if (r == -EINVAL)
                *ret_why = why;
        return r;
}

static bool network_has(const Network *n, Family family, const uint8_t ip[16]) {
        uint32_t bytes = n->prefix / 8, bits = n->prefix % 8;

        if (n->family == FAMILY_UNKNOWN)
                return true;
        if (n->family != family || memcmp(n->ip, ip, bytes) != 0)
                return false;
        return bits == 0 || (n->ip[bytes] ^ ip[bytes]) >> (8 - bits) == 0;
}

/* What is asked about: an address, a path, or neither (family FAMILY_UNKNOWN and path NULL). */
static bool element_has(const Element *e, Family family, const Endpoint *endpoint, const char *path) {
        if (e->path)
                return path && fnmatch(e->path, path, 0) == 0;
        return family != FAMILY_UNKNOWN && endpoint->port >= e->first_port && endpoint->port <= e->last_port &&
               network_has(&e->network, family, endpoint->ip);
}

static bool addressset_has(const AddressSet *set, Family family, const Endpoint *endpoint, const char *path) {
        bool included;

        if (!set)
                return true;
        included = !set->includes;
        for (size_t i = 0; i < set->count; i++) {
                const Element *e = &set->elements[i];

                if (included && !e->exclude)
                        continue;
                if (!element_has(e, family, endpoint, path))
                        continue;
                if (e->exclude)
                        return false;
                included = true;
        }
        return included;
}

bool addressset_has_ip(const AddressSet *set, Family family, const Endpoint *e) {
        Endpoint copy = *e;

        family = endpoint_normalise(family, &copy);
        return addressset_has(set, family, &copy, NULL);
}

bool addressset_has_path(const AddressSet *set, Bytes path) {
        char text[SOCKET_NAME_MAX + 1];
        size_t n = MIN((size_t) path.size, sizeof(text) - 1);

        if (!path.data || n == 0)
                return addressset_has(set, FAMILY_UNKNOWN, NULL, NULL);

        /* An abstract name may hold NULs, where a glob would take the name as ended. ss(8) shows them as '@', too. */
        for (size_t i = 0; i < n; i++)
                text[i] = path.data[i] ? path.data[i] : '@';
        text[n] = 0;
        return addressset_has(set, FAMILY_UNKNOWN, NULL, text);
}

bool addressset_has_local(const AddressSet *set, const Socket *s) {
        char buffer[SOCKET_NAME_MAX];

        if (socket_has_addresses(s))
                return addressset_has_ip(set, s->family, &s->local);
        if (s->family == FAMILY_UNIX)
                return addressset_has_path(set, socket_path(s, buffer));
        return addressset_has(set, FAMILY_UNKNOWN, NULL, NULL);
}

bool addressset_has_peer(const AddressSet *set, const Socket *s) {
        if (socket_has_addresses(s))
                return addressset_has_ip(set, s->family, &s->peer);
        /* The record of a unix socket names its peer by inode only. */
        return addressset_has(set, FAMILY_UNKNOWN, NULL, NULL);
}
