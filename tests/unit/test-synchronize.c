/* SPDX-License-Identifier: MIT */

/* A question to a socket of our own that stands for journald's. */

#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "emit/synchronize.h"

static char directory[] = "/tmp/test-synchronize-XXXXXX", path[64];

static int server(void) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        (void) unlink(path);
        strcpy(address.sun_path, path);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        assert_int_equal(listen(fd, 4), 0);
        return fd;
}

static void answer(int fd, const char *text, size_t size) {
        assert_int_equal(send(fd, text, size, MSG_NOSIGNAL), size);
}

static void test_answers(void **state) {
        static const struct {
                const char *text;
                int result;
        } cases[] = {
                { "{\"parameters\":{}}", 1 },
                { "{}", 1 },
                { "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{}}", -EPROTO },
        };
        _cleanup_close_ int fd = server();
        Synchronize s = SYNCHRONIZE_NULL;
        char question[256];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_close_ int journald = -1;

                assert_int_equal(synchronize_ask(&s, path), 0);
                assert_int_equal(synchronize_answered(&s), 0);
                journald = accept(fd, NULL, NULL);
                assert_int_equal(recv(journald, question, sizeof(question), 0), 60);
                assert_string_equal(question, "{\"method\":\"io.systemd.Journal.Synchronize\",\"parameters\":{}}");
                answer(journald, cases[i].text, 2);
                assert_int_equal(synchronize_answered(&s), 0);
                answer(journald, cases[i].text + 2, strlen(cases[i].text) - 1);
                assert_int_equal(synchronize_answered(&s), cases[i].result);
                assert_int_equal(synchronize_answered(&s), -ENOTCONN);
        }
}

static void test_no_answer(void **state) {
        _cleanup_close_ int fd = server();
        Synchronize s = SYNCHRONIZE_NULL;
        char endless[512];
        int journald;

        assert_int_equal(synchronize_answered(&s), -ENOTCONN);
        assert_int_equal(synchronize_ask(&s, path), 0);
        close(accept(fd, NULL, NULL)); /* with the question unread */
        assert_int_equal(synchronize_answered(&s), -ECONNRESET);

        assert_int_equal(synchronize_ask(&s, path), 0);
        journald = accept(fd, NULL, NULL);
        memset(endless, 'x', sizeof(endless));
        answer(journald, endless, sizeof(endless));
        assert_int_equal(synchronize_answered(&s), -EPROTO);
        close(journald);

        fd = fd_close(fd);
        assert_int_equal(synchronize_ask(&s, path), -ECONNREFUSED);
        (void) unlink(path);
        assert_int_equal(synchronize_ask(&s, path), -ENOENT);
        assert_int_equal(synchronize_answered(&s), -ENOTCONN);
}

static int make(void **state) {
        if (!mkdtemp(directory))
                return -1;
        return snprintf(path, sizeof(path), "%s/socket", directory) > 0 ? 0 : -1;
}

static int clean(void **state) {
        (void) unlink(path);
        return rmdir(directory);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_answers),
                cmocka_unit_test(test_no_answer),
        };

        return cmocka_run_group_tests(tests, make, clean);
}
