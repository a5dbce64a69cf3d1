/* SPDX-License-Identifier: MIT OR GPL-2.0-only */

/* The programs that run in the kernel, in one object: tcp.bpf.h and udp.bpf.h (connections), process.bpf.h (who), walk.bpf.h (what there is). Each can be left out where
 * the kernel does not take it (collect/hooks.c). They record and count, and decide nothing. */

#include "bpf/process.bpf.h"
#include "bpf/tcp.bpf.h"
#include "bpf/udp.bpf.h"
#include "bpf/walk.bpf.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
