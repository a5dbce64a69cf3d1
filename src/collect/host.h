/* SPDX-License-Identifier: MIT */
#pragma once

/* What the kernel says of the host as a whole, below /proc/sys. */

#include <stdint.h>

/* 32 hexadecimal digits that no other boot has; empty where it cannot be read. */
void host_boot_id(int proc_fd, char ret[33]);

/* Ports that the kernel gives to who asks for none, both included (net.ipv4.ip_local_port_range). Left alone where that cannot be read. */
void host_port_range(int proc_fd, uint16_t *ret_first, uint16_t *ret_last);
