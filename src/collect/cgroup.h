/* SPDX-License-Identifier: MIT */
#pragma once

/* What a control group path says about a process: its systemd units, and the container it runs in. Pure: the text of
 * /proc/PID/cgroup in, facts out. tests/unit/cgroups.txt has the forms, and where each is documented.
 *
 * Names stand in this order of trust: who made a directory may give any name to those below it. So the units are the first ones,
 * and the container is the outermost: a container can call a directory of its own after another container, and must not hide
 * there. What a container's own systemd calls its units is not believed to be a unit of this host. */

#include "base/text.h"

#define CGROUP_NAME_MAX 255 /* of one directory */
#define CGROUP_POD_MAX 36

typedef struct Cgroup {
        Bytes path;            /* of the v2 hierarchy, else of the v1 one that systemd keeps; as all Bytes here it points into the text */
        Bytes unit, user_unit; /* user_unit: below user@UID.service, which is the unit then */
        const char *runtime;   /* docker containerd cri-o podman lxc systemd-nspawn; NULL: the path does not say */
        char container[CGROUP_NAME_MAX + 1]; /* id, or name (LXC, nspawn); empty: none */
        char pod[CGROUP_POD_MAX + 1];        /* uid of the Kubernetes pod, with dashes; empty: none */
} Cgroup;

/* One path. path.data is NULL where the result has nothing. */
void cgroup_parse_path(Bytes path, Cgroup *ret);

/* The whole text of /proc/PID/cgroup. Where v1 and v2 are mounted side by side, only some of the lines may know of the container:
 * then the path is the one of systemd, and the container is from the line that has it. -EINVAL: it is no such text. */
int cgroup_parse(const char *text, Cgroup *ret);

/* Where the root of the v2 hierarchy is mounted, from the text of /proc/self/mountinfo: /sys/fs/cgroup, or unified below it where v1 is mounted, too. It is the root
 * of our control group namespace. -ENOENT: nowhere that is known. */
int cgroup_parse_mounts(const char *text, char **ret);
