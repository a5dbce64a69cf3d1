/* SPDX-License-Identifier: MIT */
#pragma once

/* Network namespaces: who they are, and sockets inside them. The only user of setns.
 *
 * The inode of /proc/PID/ns/net is given to another namespace as soon as it is free; the cookie (SO_NETNS_COOKIE, Linux
 * 5.14) is never. The cookie can only be asked of a socket inside. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "net:[N]" of /proc/PID/ns/net; pid 0: of this thread. 0, -ESRCH, -EACCES or negative errno. */
int netns_inode(int proc_fd, uint32_t pid, uint32_t *ret);

/* Does `pid` (0: we, who stay) not live any more in the namespace with this inode? The number may be somebody else's by now. */
bool netns_left(int proc_fd, uint32_t pid, uint32_t inode);

/* Inodes of the namespaces that are mounted somewhere (`ip netns`, container engines) and so live without any process, as our own
 * mount namespace shows it. Owned array. 0 or negative errno. */
int netns_mounted(int proc_fd, uint32_t **ret, size_t *ret_count);
/* Pure: the same from the text of mountinfo. -ENOMEM. */
int netns_parse_mounted(const char *text, size_t size, uint32_t **ret, size_t *ret_count);

/* The cookie of the namespace a socket lives in. 0, or negative errno (-ENOPROTOOPT before Linux 5.14). */
int netns_cookie(int socket_fd, uint64_t *ret);

/* Netns.id where there is no cookie; never equal to a cookie (they count from 1). */
uint64_t netns_id_of_inode(uint32_t inode);

/* /proc/PID/ns/net, opened; pid 0: of this thread. It keeps the namespace alive: close it soon. A descriptor, -ESRCH, -EACCES or negative errno. */
int netns_open(int proc_fd, uint32_t pid);

/* Leave for a new namespace in which lo is up, and stay there: for a process made for it. 0; -EPERM where that is not allowed; or negative errno. */
int netns_leave(void);
/* Does the namespace with this inode, in which the process lives, belong to the initial user namespace? Then root of the host has made it; any
 * user can make others. 1, 0, -ESRCH when the process lives elsewhere, or negative errno. */
int netns_is_initial_user(int proc_fd, uint32_t pid, uint32_t inode);

/* Name of an interface in the namespace a socket lives in. 0, -ENODEV, or negative errno. */
int netns_interface(int socket_fd, uint32_t index, char ret[16]);

/* socket(2) inside the namespace of a process; pid 0: our own. The socket keeps that namespace alive: close it soon. Returns a
 * descriptor; -ESRCH; -EPERM where setns is not allowed; or negative errno. Moves the calling thread for a moment, and aborts
 * the program if it cannot come back. */
int netns_socket(int proc_fd, uint32_t pid, int domain, int type, int protocol);
/* The same inside the namespace that ns_fd refers to. */
int netns_socket_in(int proc_fd, int ns_fd, int domain, int type, int protocol);

/* The namespace of a socket, by way of the descriptor that a process has of it: for one in which nobody lives any more. It takes a copy of the
 * descriptor for a moment, in which a close() of the process would send no FIN. Returns a descriptor of the namespace; -ESRCH when it is not that
 * process or socket any more; -EPERM; or negative errno. */
int netns_of_socket(int proc_fd, uint32_t pid, uint64_t start_ticks, int fd, uint32_t inode);
