/* SPDX-License-Identifier: MIT */
#pragma once

/* The process connector (cn_proc): the kernel tells each fork, exec, exit and change of user or name, as it happens. Pids are
 * those of the initial namespace, and so it works there only, in the initial network namespace, too.
 *
 * Everything is numbered, on each CPU apart: a hole in the numbers is what was lost, as soon as the next one of that CPU comes. (No event mask is ever
 * set, since what it keeps back makes holes, too.) What did not fit our buffer the kernel counts at once, and so it does before the first one of a CPU. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/drops.h"

typedef enum ConnectorKind {
        CONNECTOR_OTHER, /* nothing that is told: threads, other kinds */
        CONNECTOR_ACK,   /* answer to a subscription, of anybody */
        CONNECTOR_FORK,
        CONNECTOR_EXEC,
        CONNECTOR_CHANGE, /* another user, or another name */
        CONNECTOR_EXIT,   /* of the thread that gave the process its id: others may live on */
} ConnectorKind;

typedef struct ConnectorNotice {
        ConnectorKind kind;
        uint32_t pid;
        uint32_t parent; /* of FORK */
        uint64_t when;   /* CLOCK_MONOTONIC usec */
        uint32_t cpu, sequence, acknowledged;
        uint32_t error;  /* of ACK */
} ConnectorNotice;

typedef struct Connector {
        int fd;          /* -1: closed */
        uint32_t *next;  /* number that comes next, by CPU; known where `known` says so */
        bool *known;
        size_t cpus;
        uint64_t lost;   /* so far, as the numbers show */
        uint64_t dropped; /* so far, as the kernel counts */
        bool users_only; /* the numbers have holes that are no loss */
        bool overrun;    /* the buffer overflowed since the last receive */
        Drops drops;
} Connector;

#define CONNECTOR_NULL ((Connector){ .fd = -1 })

/* Subscribe. users_only: to changes of user alone, where the kernel can leave out others (Linux 6.6; elsewhere the caller does, and what is lost is what the kernel
 * dropped). 0 only when the kernel has said that it is done: elsewhere (in a network, pid or user namespace of one's own) notices of other
 * subscribers may arrive, and that is no promise. -EOPNOTSUPP: no answer; else negative errno. */
int connector_open(Connector *c, bool users_only);
void connector_close(Connector *c);

typedef void (*connector_take_t)(void *userdata, const ConnectorNotice *notice);

/* At most `max` notices, as many as there are. Returns how many messages were read, or negative errno; fewer than `max`: none is left. */
int connector_receive(Connector *c, size_t max, connector_take_t take, void *userdata);

/* How many were lost so far: what the numbers show, or, after an overrun, what the kernel has counted, if that is more. */
uint64_t connector_lost(Connector *c, int proc_fd);

/* Pure: one datagram. 0; -EINVAL: damaged. */
int connector_parse(const void *data, size_t size, ConnectorNotice *ret);
/* Pure but for `c`: how many are missing before this one. */
uint64_t connector_count(Connector *c, const ConnectorNotice *notice);
