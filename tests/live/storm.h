/* SPDX-License-Identifier: MIT */
#pragma once

/* What storm.c, who leads, and storm-steps.c, who takes each step of a connection, have in common. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

typedef enum Where {
        HERE,
        OTHER,  /* one process for all */
        EACH,   /* a child for each connection: forked by this process, or by the server that accepted it */
        BRIEF,  /* and it executes another program (this one) */
        PASSED, /* here, until it is passed to another process */
} Where;

typedef struct Expected {
        const char *end, *closed_by;
        int error;
} Expected;

typedef struct Kind {
        const char *name;
        int family;
        const char *to; /* whom it connects to; NULL: a server of ours, at one of PEERS addresses */
        Where client, server;
        const char *script;
        Expected at_client, at_server;
} Kind;

typedef union Address {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
} Address;

/* All times are CLOCK_BOOTTIME microseconds. */
typedef struct End {
        Address local, peer;
        uint64_t opened[2], closed[2]; /* between these times */
        uint64_t sent, received;
        int pid, holder; /* who connected or accepted, and who had it at last; 0: nobody */
        int used;    /* there is such an end */
} End;

typedef struct Order {
        char step;
        uint32_t connection;
} Order;

typedef struct Step {
        void (*take)(End *e, int *fd, uint32_t i); /* NULL: it is not the process of that end who does it */
        bool opens, ends;
} Step;

extern const Step steps[128]; /* by letter */

extern const Kind *kind;
extern uint32_t count;
extern End *ends; /* of each connection that of the client, then that of the server */
extern int *fds;  /* of this process, likewise; -1: not, or no more */
extern int listener;
extern Address at; /* the listener */

/* Passes on what is no error, and ends the process else. */
int check(int r, const char *what);
uint64_t now(void); /* CLOCK_BOOTTIME usec */
socklen_t size_of(const Address *a);
Address address(const char *ip, uint16_t port); /* of the family of the kind; NULL: any */
int new_socket(int flags); /* of socket(2), beside SOCK_CLOEXEC */
void let_go(int *fd); /* closes it */
