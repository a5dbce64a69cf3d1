/* SPDX-License-Identifier: MIT */

/* What the kernel gives, to this process with its privileges. */

#include "inspect/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/parse.h"
#include "collect/collect.h"
#include "collect/connector.h"
#include "collect/destroy.h"
#include "collect/hooks.h"
#include "collect/netns.h"
#include "collect/procfs.h"
#include "collect/snmp.h"
#include "collect/sockdiag-support.h"

void doctor_kernel(const Doctor *d, Finding *f, int argument) {
        unsigned long major, minor;
        struct utsname u;
        char *rest;
        uint64_t cookie;
        int fd, r;

        if (uname(&u) < 0) {
                finding_error(f, -errno);
                return;
        }
        major = strtoul(u.release, &rest, 10);
        minor = *rest == '.' ? strtoul(rest + 1, NULL, 10) : 0;
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        r = fd < 0 ? -errno : netns_cookie(fd, &cookie);
        fd_close(fd);
        if (major < 5 || (major == 5 && minor < 10)) {
                finding_set(f, DOCTOR_DEGRADED, "%s: older than what is tested", u.release);
                finding_remedy(f, "a kernel from 5.10 on");
        } else if (r < 0) {
                finding_set(f, DOCTOR_DEGRADED, "%s: network namespaces have no identity that is not used again", u.release);
                finding_remedy(f, "a kernel from 5.14 on");
        } else
                finding_set(f, DOCTOR_OK, "%s", u.release);
}

void doctor_btf(const Doctor *d, Finding *f, int argument) {
        if (access("/sys/kernel/btf/vmlinux", R_OK) < 0)
                finding_set(f, DOCTOR_NO, "/sys/kernel/btf/vmlinux: %s; programs in the kernel need it", strerror(errno));
        else
                finding_set(f, DOCTOR_OK, "the kernel describes its types");
}

void doctor_programs(const Doctor *d, Finding *f, int argument) {
        _cleanup_text_ Text refused = TEXT_NULL;
        int errors[_HOOK_MAX], r = hooks_probe(errors);

        for (Hook i = 0; r >= 0 && i < _HOOK_MAX; i++)
                if (errors[i] < 0)
                        text_printf(&refused, "%s%s: %s", refused.size > 0 ? ", " : "", hook_name(i), strerror(-errors[i]));
        if (r >= 0 && refused.size == 0) {
                finding_set(f, DOCTOR_OK, "the kernel takes all %d: each connection is seen as it happens", _HOOK_MAX);
                return;
        }
        if (r < 0) {
                finding_set(f, DOCTOR_NO, "this build has none");
                finding_remedy(f, "a build with -Dbpf=enabled");
        } else {
                finding_set(f, DOCTOR_DEGRADED, "refused: %s", text_string(&refused));
                finding_remedy(f, "Linux 5.15 with BTF, CAP_BPF and CAP_PERFMON (udp_*: CAP_NET_ADMIN), and no lockdown for confidentiality");
        }
}

void doctor_capabilities(const Doctor *d, Finding *f, int argument) {
        static const struct {
                unsigned number;
                const char *name, *use;
        } wanted[] = {
                { CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "descriptors of other users" },
                { CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", "their lists" },
                { CAP_NET_ADMIN, "CAP_NET_ADMIN", "large buffers, hooks: [udp]" },
                { CAP_NET_BROADCAST, "CAP_NET_BROADCAST", "closes in other namespaces" },
                { CAP_BPF, "CAP_BPF", "programs in the kernel" },
                { CAP_PERFMON, "CAP_PERFMON", "what they read" },
                { CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "sock_diag in other namespaces" },
        };
        _cleanup_text_ Text missing = TEXT_NULL;

        for (size_t i = 0; i < ELEMENTSOF(wanted); i++)
                if (!doctor_can(d, wanted[i].number))
                        text_printf(&missing, "%s%s (%s)", missing.size > 0 ? ", " : "", wanted[i].name, wanted[i].use);
        if (missing.size == 0) {
                finding_set(f, DOCTOR_OK, "all that are of use");
                return;
        }
        finding_set(f, DOCTOR_DEGRADED, "without %s", text_string(&missing));
        finding_remedy(f, "run it as root");
}

static int count_socket(void *userdata, int fd, uint32_t inode) {
        (void) fd;
        (void) inode;
        ++*(size_t *) userdata;
        return 0;
}

void doctor_processes(const Doctor *d, Finding *f, int argument) {
        _cleanup_free_ uint32_t *pids = NULL;
        size_t count = 0, denied = 0, sockets = 0;
        uint32_t first = 0;
        uint64_t t0 = clock_monotonic();
        int r = procfs_list(d->proc_fd, &pids, &count);

        if (r < 0) {
                finding_error(f, r);
                return;
        }
        for (size_t i = 0; i < count; i++)
                if (procfs_sockets(d->proc_fd, pids[i], 0, count_socket, &sockets) == -EACCES) {
                        first = denied == 0 ? pids[i] : first;
                        denied++;
                }
        if (denied > 0) {
                finding_set(f, DOCTOR_DEGRADED, "%zu of %zu processes do not show their descriptors, such as %u", denied, count, first);
                finding_remedy(f, "root, with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, and no fewer capabilities than they have");
        } else if (count == 0 || pids[0] != 1) {
                finding_set(f, DOCTOR_DEGRADED, "process 1 is not to be seen: /proc hides others, or belongs to another namespace");
                finding_remedy(f, "mount /proc without hidepid, or give gid= a group of the daemon");
        } else
                finding_set(f, DOCTOR_OK, "%zu processes hold %zu sockets, found in %llu ms", count, sockets,
                            (unsigned long long) ((clock_monotonic() - t0) / USEC_PER_MSEC));
}

static int count_row(void *userdata, const Socket *s) {
        (void) s;
        ++*(size_t *) userdata;
        return 0;
}

static int ignore_begin(void *userdata, const Netns *netns, TableKind table, uint64_t t) {
        return 0;
}

typedef struct Counted {
        size_t rows;
        Coverage coverage; /* of the first table that was not read to its end */
} Counted;

static int take_end(void *userdata, const Netns *netns, TableKind table, uint64_t t, Coverage coverage) {
        Counted *c = userdata;

        if (c->coverage.state == COVERAGE_OK)
                c->coverage = coverage;
        return 0;
}

static int count_tables(const Doctor *d, CollectorKind kind, unsigned tables, Counted *ret) {
        const Taker taker = { .userdata = ret, .begin = ignore_begin, .row = count_row, .end = take_end };
        _cleanup_(collector_freep) Collector *c = NULL;
        Netns own;
        int r = collector_new(&c, kind, d->proc_fd);

        if (r >= 0)
                r = collector_netns(c, 0, &own);
        return r < 0 ? r : collector_look(c, &own, tables, &taker);
}

static void set_counted(Finding *f, int r, const Counted *c, uint64_t usec) {
        if (r < 0)
                finding_error(f, r);
        else if (c->coverage.state != COVERAGE_OK)
                finding_error(f, c->coverage.error ? -c->coverage.error : -EIO);
        else
                finding_set(f, DOCTOR_OK, "%zu sockets in %llu us", c->rows, (unsigned long long) usec);
}

void doctor_text(const Doctor *d, Finding *f, int argument) {
        unsigned tables = TABLE_BIT(TABLE_TCP) | TABLE_BIT(TABLE_UDP) | TABLE_BIT(TABLE_UNIX); /* others are not in every kernel */
        uint64_t t0 = clock_monotonic();
        Counted c = {};
        int r = count_tables(d, COLLECTOR_PROC, tables, &c);

        set_counted(f, r, &c, clock_monotonic() - t0);
}

void doctor_diag(const Doctor *d, Finding *f, int family) {
        static const int tables[_SOCKDIAG_FAMILY_MAX] = {
                [SOCKDIAG_TCP] = TABLE_BIT(TABLE_TCP), [SOCKDIAG_UDP] = TABLE_BIT(TABLE_UDP), [SOCKDIAG_UNIX] = TABLE_BIT(TABLE_UNIX),
        };
        int r = sockdiag_supports((SockdiagFamily) family);
        uint64_t t0 = clock_monotonic();
        Counted c = {};

        if (r >= 0 && tables[family] != 0) {
                r = count_tables(d, COLLECTOR_SOCK_DIAG, (unsigned) tables[family], &c);
                set_counted(f, r, &c, clock_monotonic() - t0);
        } else if (r >= 0)
                finding_set(f, DOCTOR_OK, "the kernel answers");
        else
                finding_error(f, r);
        if (f->state != DOCTOR_OK && tables[family] != 0)
                finding_remedy(f, "modprobe %s; without it the text of /proc/PID/net is read, which has no identities",
                               family == SOCKDIAG_TCP ? "tcp_diag" : family == SOCKDIAG_UDP ? "udp_diag" : "unix_diag");
}

void doctor_closes(const Doctor *d, Finding *f, int table) {
        Destroy destroy = DESTROY_NULL;
        int r = destroy_open(&destroy);

        if (r >= 0)
                r = destroy_join(&destroy, TABLE_BIT(table));
        if (r < 0) {
                finding_error(f, r);
                finding_remedy(f, "without it a connection that lived between two looks is not told");
        } else if (!destroy.everywhere) {
                finding_set(f, DOCTOR_DEGRADED, "the kernel tells when it frees a socket, but in this network namespace only");
                finding_remedy(f, "CAP_NET_BROADCAST, where there are containers");
        } else
                finding_set(f, DOCTOR_OK, "the kernel tells when it frees a socket, in other network namespaces, too");
        destroy_close(&destroy);
}

void doctor_connector(const Doctor *d, Finding *f, int argument) {
        Connector c = CONNECTOR_NULL;
        int r = connector_open(&c, false);

        connector_close(&c);
        if (r >= 0) {
                finding_set(f, DOCTOR_OK, "the kernel tells of each fork, exec and exit");
                return;
        }
        if (r == -EOPNOTSUPP || r == -ECONNREFUSED)
                finding_set(f, DOCTOR_NO, "the kernel does not confirm the subscription: it does so in the first network and pid namespace only, and with CONFIG_PROC_EVENTS");
        else
                finding_error(f, r);
        finding_remedy(f, "without it new processes are found at each look only, and short-lived ones not at all");
}

void doctor_setns(const Doctor *d, Finding *f, int argument) {
        int fd = netns_socket(d->proc_fd, (uint32_t) getpid(), AF_UNIX, SOCK_DGRAM, 0);

        if (fd >= 0)
                finding_set(f, DOCTOR_OK, "other network namespaces may be entered");
        else if (fd == -EPERM) {
                finding_set(f, DOCTOR_DEGRADED, "other network namespaces may not be entered: their sockets are read as text, without identities");
                finding_remedy(f, "CAP_SYS_ADMIN; for the service the drop-in sockauditd-netns.conf");
        } else
                finding_error(f, fd);
        fd_close(fd);
}

void doctor_counters(const Doctor *d, Finding *f, int argument) {
        Openings o;
        int r = snmp_read(d->proc_fd, &(Netns){}, &o);

        if (r < 0)
                finding_error(f, r);
        else
                finding_set(f, DOCTOR_OK, "the kernel counts openings: %llu active, %llu passive here since the namespace was made",
                            (unsigned long long) o.active, (unsigned long long) o.passive);
}

#define BUFFER_WANTED (32 << 20) /* notices of 40,000 closes a second, for a second */

void doctor_buffers(const Doctor *d, Finding *f, int argument) {
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        int wanted = BUFFER_WANTED, got = 0;
        socklen_t size = sizeof(got);

        if (fd < 0) {
                finding_error(f, -errno);
                return;
        }
        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof(wanted)) < 0)
                (void) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof(wanted));
        (void) getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &size);
        if (got / 2 >= wanted) /* the kernel counts its own part, too */
                finding_set(f, DOCTOR_OK, "%d MiB for notices of the kernel", wanted >> 20);
        else {
                finding_set(f, DOCTOR_DEGRADED, "%d KiB for notices of the kernel; bursts would be lost", got >> 11);
                finding_remedy(f, "CAP_NET_ADMIN, or sysctl net.core.rmem_max=%d", wanted);
        }
}

#define DESCRIPTORS_WANTED 256

void doctor_descriptors(const Doctor *d, Finding *f, int argument) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                finding_error(f, -errno);
        else if (limit.rlim_cur < DESCRIPTORS_WANTED) {
                finding_set(f, DOCTOR_DEGRADED, "at most %llu open descriptors", (unsigned long long) limit.rlim_cur);
                finding_remedy(f, "LimitNOFILE=%d or ulimit -n %d", DESCRIPTORS_WANTED, DESCRIPTORS_WANTED);
        } else
                finding_set(f, DOCTOR_OK, "at most %llu open descriptors", (unsigned long long) limit.rlim_cur);
}

void doctor_clock(const Doctor *d, Finding *f, int argument) {
        bool synchronised;
        uint64_t error;
        int r = clock_sync(&synchronised, &error);

        if (r < 0)
                finding_error(f, r);
        else if (!synchronised) {
                finding_set(f, DOCTOR_DEGRADED, "the clock is not kept in step: times do not compare with those of other hosts");
                finding_remedy(f, "systemd-timesyncd or chrony");
        } else
                finding_set(f, DOCTOR_OK, "kept in step, wrong by at most %llu ms", (unsigned long long) (error / USEC_PER_MSEC));
}
