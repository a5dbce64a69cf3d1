/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

/* What one line looks like on a standard error that is this file, with this $JOURNAL_STREAM (NULL: none). */
static void logged(int file, const char *stream, char *ret, size_t size) {
        _cleanup_close_ int saved = dup(STDERR_FILENO);
        ssize_t n;

        assert_true(saved >= 0);
        assert_int_equal(ftruncate(file, 0), 0);
        assert_int_equal(lseek(file, 0, SEEK_SET), 0);
        assert_int_equal(stream ? setenv("JOURNAL_STREAM", stream, 1) : unsetenv("JOURNAL_STREAM"), 0);
        assert_true(dup2(file, STDERR_FILENO) >= 0);
        log_warning("%s is bad", "a\nb");
        assert_true(dup2(saved, STDERR_FILENO) >= 0);
        n = pread(file, ret, size - 1, 0);
        assert_true(n >= 0);
        ret[n] = '\0';
}

static void test_prefix(void **state) {
        char path[] = "/tmp/test-log-XXXXXX", stream[64], line[64];
        _cleanup_close_ int file = mkstemp(path);
        struct stat st;

        assert_true(file >= 0);
        unlink(path);
        assert_int_equal(fstat(file, &st), 0);

        logged(file, NULL, line, sizeof(line));
        assert_string_equal(line, "a?b is bad\n");
        snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t) st.st_dev, (uintmax_t) st.st_ino);
        logged(file, stream, line, sizeof(line));
        assert_string_equal(line, "<4>a?b is bad\n");
        /* It was the journal when the shell started us, and has been redirected since. */
        snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t) st.st_dev, (uintmax_t) st.st_ino + 1);
        logged(file, stream, line, sizeof(line));
        assert_string_equal(line, "a?b is bad\n");
        logged(file, "", line, sizeof(line));
        assert_string_equal(line, "a?b is bad\n");
}

static void test_level(void **state) {
        assert_int_equal(log_level_from_name("err"), LOG_ERR);
        assert_int_equal(log_level_from_name("debug"), LOG_DEBUG);
        assert_int_equal(log_level_from_name(""), -EINVAL);
        assert_int_equal(log_level_from_name("ERR"), -EINVAL);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_prefix),
                cmocka_unit_test(test_level),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
