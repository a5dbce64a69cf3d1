/* SPDX-License-Identifier: MIT */
#pragma once

/* Nsid: the numbers by which our network namespace knows others (ip-netns(8): "id"), and which namespace each is. The only speaker of rtnetlink.
 *
 * Messages from other namespaces come with such a number. A namespace that is to be heard is given one (this needs CAP_NET_ADMIN, and stays after us:
 * ip netns shows it). The kernel gives the number of a namespace that died to the next one, at once. Therefore the map forgets a
 * number as soon as the kernel tells that it was given anew: read the news after messages were received and before they are believed. */

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/look.h"

typedef struct NsidEntry {
        int32_t nsid;
        uint64_t netns; /* Netns.id */
} NsidEntry;

typedef struct Nsid {
        int fd, news_fd; /* -1: closed */
        uint32_t sequence;
        NsidEntry *entries; /* sorted */
        size_t count;
} Nsid;

#define NSID_NULL ((Nsid){ .fd = -1, .news_fd = -1 })

int nsid_open(Nsid *n);
void nsid_close(Nsid *n);

/* Learn the number of a namespace; one that has none is given one, but for our own (pid 0). 0; -ENOENT: it has none; -ESRCH; -EPERM;
 * or negative errno. What was received before this call belongs to the namespace that had the number before: take it first. */
int nsid_learn(Nsid *n, int proc_fd, const Netns *netns);

/* Netns.id; 0: not known. */
uint64_t nsid_find(const Nsid *n, int32_t nsid);

/* Forgets the numbers that were given anew since the last call; all, where that is not certain. How many were, or negative errno. */
int nsid_news(Nsid *n);

/* Pure: what RTM_NEWNSID is about. 0; -ENOENT: another message; -EINVAL: damaged. */
int nsid_parse(const struct nlmsghdr *message, int32_t *ret);
