/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/unitfile.h"

static const char *parse(const char *text) {
        static Text t;

        text_clear(&t);
        text_append(&t, "before");
        return unitfile_parse(text, strlen(text), "Journal", "Storage", &t) > 0 || strcmp(text_string(&t), "before") != 0 ? text_string(&t) : NULL;
}

static void test_parse(void **state) {
        assert_string_equal(parse("[Journal]\nStorage=none\n"), "none");
        assert_string_equal(parse("[Journal]\n  Storage = volatile \t\r\n[Other]\nStorage=none"), "volatile");
        assert_string_equal(parse("[Journal]\nStorage=none\n#Storage=auto\n[X]\n[Journal]\nStorage=auto"), "auto");
        assert_string_equal(parse("[Journal]\nStorage=none\nStorage=\n"), "");
        assert_string_equal(parse("[Journal]\nStorage=a=b"), "a=b");

        assert_null(parse(""));
        assert_null(parse("Storage=none\n"));
        assert_null(parse("[Journal\nStorage=none\n"));
        assert_null(parse("[]\n[Journal2]\nStorage=none\n"));
        assert_null(parse("[Journal]\n;Storage=none\n#Storage=none\nStorageX=none\nStorage\n=none"));
}

static uint64_t seconds(const char *s) {
        uint64_t usec = 1;
        int r = unitfile_parse_span(s, &usec);

        return r < 0 ? (uint64_t) r : usec / 1000000;
}

static void test_span(void **state) {
        static const char *const wrong[] = { "", " ", "d", "1.5h", "-1", "1 fortnight", "1 day ago", "1d,2h", "infinity", "010", "1 secondsminutes", "1 day hours" };

        assert_int_equal(seconds("0"), 0);
        assert_int_equal(seconds("90"), 90);
        assert_int_equal(seconds("90s"), 90);
        assert_int_equal(seconds("2 weeks"), 1209600);
        assert_int_equal(seconds("1month"), 2629800);
        assert_int_equal(seconds("1M 1m"), 2629860);
        assert_int_equal(seconds("1year 2 days 3h4min 5"), 31557600 + 2 * 86400 + 3 * 3600 + 4 * 60 + 5);
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                assert_int_equal(seconds(wrong[i]), (uint64_t) -EINVAL);
        assert_int_equal(seconds("1000000y"), (uint64_t) -ERANGE);
        assert_int_equal(seconds("1000000000000000000000000000"), (uint64_t) -ERANGE);
}

static void write_file(int dir_fd, const char *path, const char *text) {
        _cleanup_close_ int fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static const char *get(const char *root, int expected) {
        static Text t;
        char etc[128], lib[128];
        const char *const directories[] = { etc, lib, NULL };

        (void) snprintf(etc, sizeof(etc), "%s/etc", root);
        (void) snprintf(lib, sizeof(lib), "%s/lib", root);
        text_clear(&t);
        assert_int_equal(unitfile_get(directories, "x.conf", "A", "k", &t), expected);
        return text_string(&t);
}

/* The first file that there is, then drop-ins by name, each from the first directory that has it. */
static void test_files(void **state) {
        static const char *const paths[] = { "etc/x.conf", "lib/x.conf", "lib/x.conf.d/10-a.conf", "etc/x.conf.d/10-a.conf", "lib/x.conf.d/05-b.conf",
                                             "lib/x.conf.d/20-no.txt", "etc/x.conf.d/.30.conf" };
        char template[] = "/tmp/test-unitfile-XXXXXX";
        _cleanup_close_ int fd = -1;

        assert_non_null(mkdtemp(template));
        fd = open(template, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_string_equal(get(template, -ENOENT), "");
        assert_int_equal(mkdirat(fd, "etc", 0755) | mkdirat(fd, "lib", 0755) | mkdirat(fd, "etc/x.conf.d", 0755) | mkdirat(fd, "lib/x.conf.d", 0755), 0);

        write_file(fd, "lib/x.conf", "[A]\nk=lib\n");
        assert_string_equal(get(template, 0), "lib");
        write_file(fd, "etc/x.conf", "[A]\n");
        assert_string_equal(get(template, -ENOENT), "");
        write_file(fd, "lib/x.conf.d/10-a.conf", "[A]\nk=10 lib\n");
        write_file(fd, "lib/x.conf.d/05-b.conf", "[A]\nk=05\n");
        write_file(fd, "lib/x.conf.d/20-no.txt", "[A]\nk=none\n");
        write_file(fd, "etc/x.conf.d/.30.conf", "[A]\nk=none\n");
        assert_string_equal(get(template, 0), "10 lib");
        write_file(fd, "etc/x.conf.d/10-a.conf", "[A]\nk=10 etc\n");
        assert_string_equal(get(template, 0), "10 etc");

        for (size_t i = 0; i < ELEMENTSOF(paths); i++)
                assert_int_equal(unlinkat(fd, paths[i], 0), 0);
        assert_int_equal(unlinkat(fd, "etc/x.conf.d", AT_REMOVEDIR) | unlinkat(fd, "lib/x.conf.d", AT_REMOVEDIR) |
                                 unlinkat(fd, "etc", AT_REMOVEDIR) | unlinkat(fd, "lib", AT_REMOVEDIR) | rmdir(template), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_span),
                cmocka_unit_test(test_files),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
