/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collect/cgroup.h"

/* ---- The table of cgroups.txt ---- */

/* " key=value" for what there is, in the order of the table. */
static void add(char *text, size_t size, const char *key, Bytes value) {
        size_t n = strlen(text);

        if (value.data && value.size > 0)
                (void) snprintf(text + n, size - n, "%s%s=%.*s", n > 0 ? " " : "", key, (int) value.size, value.data);
}

static void describe(const Cgroup *g, char *text, size_t size) {
        text[0] = 0;
        add(text, size, "unit", g->unit);
        add(text, size, "user_unit", g->user_unit);
        add(text, size, "container", bytes_of(g->container));
        add(text, size, "runtime", bytes_of(g->runtime));
        add(text, size, "pod", bytes_of(g->pod));
        if (!text[0])
                (void) snprintf(text, size, "-");
}

static void test_table(void **state) {
        char path[4096], line[1024], text[4096] = "", found[1024];
        unsigned cases = 0, number = 0;
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s/tests/unit/cgroups.txt", getenv("SOURCE_ROOT"));
        f = fopen(path, "re");
        assert_non_null(f);
        while (fgets(line, sizeof(line), f)) {
                const char *wanted = line + strspn(line, " ");
                Cgroup g;

                number++;
                assert_non_null(strchr(line, '\n'));
                if (line[0] == '#' || line[0] == '\n')
                        continue;
                if (line[0] != ' ') {
                        assert_true(strlen(text) + strlen(line) < sizeof(text));
                        strcat(text, line);
                        continue;
                }
                line[strcspn(line, "\n")] = 0;
                assert_int_equal(cgroup_parse(text, &g), 0);
                describe(&g, found, sizeof(found));
                if (strcmp(found, wanted) != 0)
                        fail_msg("line %u: expected\n%s\nfound\n%s", number, wanted, found);
                text[0] = 0;
                cases++;
        }
        (void) fclose(f);
        assert_true(cases > 50);
}

/* ---- Which line ---- */

static void check_path(const char *text, const char *path) {
        Cgroup g;

        assert_int_equal(cgroup_parse(text, &g), 0);
        assert_int_equal(g.path.size, strlen(path));
        assert_memory_equal(g.path.data, path, g.path.size);
}

static void test_path(void **state) {
        check_path("0::/a\n", "/a");
        check_path("1:name=systemd:/v1\n0::/\n", "/v1");
        check_path("1:name=systemd:/v1\n0::/v2\n", "/v2");
        check_path("1:name=systemd:/\n0::/v2\n", "/v2");
        check_path("1:name=systemd:/\n", "/");
        check_path("0::/a (deleted)\n", "/a");
        check_path("7:cpu,cpuacct:/x\n0::/v2", "/v2");
        check_path("0::/with blank:and colon\n", "/with blank:and colon");
}

static void test_bad(void **state) {
        static const char *const bad[] = { "", "\n", "0::", "0::a\n", "::/a\n", "7:cpu:/x\n", "0:/a\n", "x::/a\n", "0" };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                Cgroup g;

                assert_int_equal(cgroup_parse(bad[i], &g), -EINVAL);
        }
}

/* A unit owns the names below its own cgroup: they must not hide it. */
static void check_units(const char *path, const char *unit, const char *user_unit) {
        char text[512];
        Cgroup g;

        cgroup_parse_path(bytes_of(path), &g);
        (void) snprintf(text, sizeof(text), "%.*s|%.*s", (int) g.unit.size, g.unit.data ?: "", (int) g.user_unit.size, g.user_unit.data ?: "");
        assert_true(strlen(text) == strlen(unit) + 1 + strlen(user_unit));
        assert_memory_equal(text, unit, strlen(unit));
        assert_string_equal(text + strlen(unit) + 1, user_unit);
}

static void test_units(void **state) {
        check_units("/system.slice/nginx.service/", "nginx.service", "");
        check_units("/system.slice/run-user-0.mount", "run-user-0.mount", "");
        check_units("/system.slice/ssh.socket", "ssh.socket", "");
        check_units("/dev-sda2.swap", "dev-sda2.swap", "");
        check_units("/system.slice/foo\\x2dbar.service", "foo\\x2dbar.service", "");
        check_units("/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000.service", "init.scope");
        check_units("/user.slice/user-1000.slice/user@1000.service/app.slice", "user@1000.service", "");
        check_units("/user@.service/x.service", "user@.service", "x.service");

        check_units("/system.slice/evil.service/nginx.service", "evil.service", "");
        check_units("/system.slice/docker-1.scope/init.scope/system.slice/sshd.service", "docker-1.scope", "");
        check_units("/user.slice/user@1000.service/a.service/b.service", "user@1000.service", "a.service");

        check_units("", "", "");
        check_units("/", "", "");
        check_units("//", "", "");
        check_units("/system.slice", "", "");
        check_units("/a/.service", "", "");
        check_units("/a/x.services", "", "");
        check_units("/a/service", "", "");
}

/* Names of any bytes, as long as a directory can be, and longer. */
static void test_names(void **state) {
        char path[600] = "/lxc/";
        Cgroup g;

        memset(path + 5, 'x', 255);
        cgroup_parse_path(bytes_of(path), &g);
        assert_int_equal(strlen(g.container), 255);
        memset(path + 5, 'x', 400);
        cgroup_parse_path(bytes_of(path), &g);
        assert_string_equal(g.container, "");

        cgroup_parse_path(bytes_of("/lxc.payload.\x1b[31m\xff"), &g);
        assert_string_equal(g.container, "\x1b[31m\xff");
        cgroup_parse_path(bytes_of("/machine.slice/machine-a\\x00b.scope/payload"), &g); /* no NUL in a name */
        assert_string_equal(g.container, "");
        assert_null(g.runtime);
        cgroup_parse_path(bytes_of("/machine.slice/machine-a\\xzz\\x2.scope/payload"), &g);
        assert_string_equal(g.container, "a\\xzz\\x2");
        cgroup_parse_path(bytes_of("/machine.slice/machine-.scope/payload"), &g);
        assert_string_equal(g.container, "");
}

static void test_mounts(void **state) {
        static const struct {
                const char *text, *path;
        } cases[] = {
                { "24 1 8:1 / / rw - ext4 /dev/sda1 rw\n29 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n", "/sys/fs/cgroup" },
                { "30 29 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n31 29 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup rw", "/sys/fs/cgroup/unified" },
                /* Not the root, a name that is escaped, the type of something else. */
                { "31 29 0:28 /a.slice /mnt rw - cgroup2 cgroup rw\n32 29 0:28 / /a\\040b rw - cgroup2 cgroup rw\n33 29 0:29 / /c rw - tmpfs cgroup2 rw\n", NULL },
                { "", NULL },
                { " - cgroup2 \n\n31\n", NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char *path = NULL;

                assert_int_equal(cgroup_parse_mounts(cases[i].text, &path), cases[i].path ? 0 : -ENOENT);
                if (cases[i].path)
                        assert_string_equal(path, cases[i].path);
                free(path);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table), cmocka_unit_test(test_path),  cmocka_unit_test(test_bad),
                cmocka_unit_test(test_units), cmocka_unit_test(test_names), cmocka_unit_test(test_mounts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
