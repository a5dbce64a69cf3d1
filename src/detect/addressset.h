/* SPDX-License-Identifier: MIT */
#pragma once

/* AddressSet: which addresses, ports and unix paths a rule means. Used for `local` and `peer`, and for
 * targets of the command line.
 *
 * Each element is one of, with a leading '!' to exclude:
 *   loopback  private  link-local  multicast  any  (named sets; any: 0.0.0.0 and ::)
 *   10.0.0.1   10.0.0.0/8   2001:db8::/32        (all ports)
 *   :443   :8000-8999                            (all addresses)
 *   10.0.0.1:443   10.0.0.0/8:443   loopback:443   [2001:db8::1]:443   [2001:db8::]/32:443
 *   /run/x.sock   /run/x-?.sock   @name           (unix path or abstract name, as glob)
 * It contains an address when an element that includes does (or no element includes), and none that
 * excludes does. IPv4-mapped addresses count as IPv4. */

#include <stdbool.h>
#include <stddef.h>

#include "collect/socket.h"

typedef struct AddressSet AddressSet;

int addressset_new(AddressSet **ret);
AddressSet *addressset_free(AddressSet *set);
DEFINE_CLEANUP(AddressSet, addressset_free)

/* 0; -EINVAL with *ret_why (a static sentence: what was expected) when it is no element; -ENOMEM. */
int addressset_add(AddressSet *set, const char *element, const char **ret_why);

/* NULL contains everything. */
bool addressset_has_ip(const AddressSet *set, Family family, const Endpoint *e);
/* path as socket_path() gives it ('@' for abstract); unknown: unnamed. */
bool addressset_has_path(const AddressSet *set, Bytes path);
/* Local (or peer) side of a socket, whatever its family. */
bool addressset_has_local(const AddressSet *set, const Socket *s);
bool addressset_has_peer(const AddressSet *set, const Socket *s);
