/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "collect/cmdline.h"

/* Arguments are written with | between them. NULL: nothing is hidden. */
static void assert_redacted(const char *arguments, const char *expected) {
        _cleanup_text_ Text t = TEXT_NULL;
        char in[256], joined[256];
        size_t size = strlen(arguments) + 1;
        int r;

        assert_true(size < sizeof(in));
        memcpy(in, arguments, size);
        memcpy(joined, arguments, size);
        for (size_t i = 0; i < size; i++)
                if (in[i] == '|') {
                        in[i] = 0;
                        joined[i] = ' ';
                }
        r = cmdline_redact(&t, in, size);
        if (strcmp(text_string(&t), expected ?: joined) != 0)
                print_error("%s\n", arguments);
        assert_string_equal(text_string(&t), expected ?: joined);
        assert_int_equal(r, expected != NULL);
}

static void test_names(void **state) {
        (void) state;
        assert_redacted("x|--password=hunter2|--host=db", "x --password=[redacted] --host=db");
        assert_redacted("x|--password|hunter2|--host|db", "x --password [redacted] --host db");
        assert_redacted("x|--password|two words|y", "x --password [redacted] y");
        assert_redacted("x|--api-key|-abc", "x --api-key [redacted]");
        assert_redacted("x|-Dsecret.word=a&b;c|y", "x -Dsecret.word=[redacted] y");
        assert_redacted("env|PGPASSWORD=x y|psql", "env PGPASSWORD=[redacted] psql");
        assert_redacted("env|AWS_SECRET_ACCESS_KEY=abc|GITHUB_TOKEN=def|x", "env AWS_SECRET_ACCESS_KEY=[redacted] GITHUB_TOKEN=[redacted] x");
        assert_redacted("openssl|rsa|-passin|pass:abc", "openssl rsa -passin [redacted]");
        assert_redacted("mount|-o|username=u,password=p,vers=3", "mount -o username=u,password=[redacted]");
        assert_redacted("x|--pass=", NULL);
        assert_redacted("x|--password", NULL);
        assert_redacted("x|/Password:abc", "x /Password:[redacted]");
}

static void test_harmless(void **state) {
        (void) state;
        assert_redacted("nginx: worker process", NULL);
        assert_redacted("postgres: walwriter ", NULL);
        assert_redacted("x|--no-password|db", NULL);
        assert_redacted("x|--password-file=/run/x|--key-id=7|--token-type|bearer", NULL);
        assert_redacted("x|--ask-pass|host", NULL);
        assert_redacted("x|--password|--host|db", NULL);
        assert_redacted("ssh|-i|/etc/ssh/x|u@host", NULL);
        assert_redacted("curl|https://example.org/a?b=c@d", NULL);
        assert_redacted("mysql|-P3306|-u|root|-p", NULL);
        assert_redacted("docker|run|-p|80:80|x", NULL);
        assert_redacted("x|a:b:c|k=v|=|:|-|--||", NULL);
        assert_redacted("", NULL);
}

static void test_urls(void **state) {
        (void) state;
        assert_redacted("git|clone|https://u:p@host/x", "git clone https://[redacted]@host/x");
        assert_redacted("x|postgres://u:p@ss@host/db?sslmode=no", "x postgres://[redacted]@host/db?sslmode=no");
        assert_redacted("x|--url=amqp://u:p@host", "x --url=amqp://[redacted]@host");
        assert_redacted("x|https://host/a?b=c&access_token=abc&d=e", "x https://host/a?b=c&access_token=[redacted]");
}

static void test_headers(void **state) {
        (void) state;
        assert_redacted("curl|-H|Authorization: Bearer abc|https://host", "curl -H Authorization: [redacted] https://host");
        assert_redacted("curl|-HX-Api-Key: abc|https://host", "curl -HX-Api-Key: [redacted] https://host");
        assert_redacted("sh|-c|curl -H \"Authorization: Bearer abc\" https://host", "sh -c curl -H \"Authorization: [redacted] https://host");
        assert_redacted("x|Accept: text/html", NULL);
}

static void test_programs(void **state) {
        (void) state;
        assert_redacted("/usr/bin/mysql|-uroot|-phunter2|db", "/usr/bin/mysql -uroot -p[redacted] db");
        assert_redacted("sudo|mysqldump|-phunter2", "sudo mysqldump -p[redacted]");
        assert_redacted("curl|-u|me:pw|https://host", "curl -u [redacted] https://host");
        assert_redacted("curl|-sSu|me:pw|https://host", "curl -sSu [redacted] https://host");
        assert_redacted("curl|-ume:pw|--user-agent=x|--user=a:b", "curl -u[redacted] --user-agent=x --user=[redacted]");
        assert_redacted("sshpass|-p|pw|ssh|-p|22|host", "sshpass -p [redacted] ssh -p [redacted] host"); /* too much rather than too little */
        assert_redacted("snmpwalk|-v2c|-c|public|host", "snmpwalk -v2c -c [redacted] host");
}

static void test_commands_in_arguments(void **state) {
        (void) state;
        assert_redacted("sh|-c|mysql -phunter2 db", "sh -c mysql -p[redacted] db");
        assert_redacted("sh|-c|PASSWORD='a b c' x; y", "sh -c PASSWORD=[redacted] x; y");
        assert_redacted("sh|-c|x --password \"a b\" y", "sh -c x --password [redacted] y");
        assert_redacted("sh|-c|x --password 'unended y", "sh -c x --password [redacted]");
        assert_redacted("sh|-c|x --token abc\ny", "sh -c x --token [redacted]\ny");
}

/* The kernel cuts where it likes, and /proc/PID/cmdline need not end in NUL. */
static void test_cut(void **state) {
        static const char text[] = "x\0--password\0hunter2\0curl\0-u\0me:pw\0https://u:p@host/\0-HCookie: abc";

        (void) state;
        for (size_t size = 0; size < sizeof(text); size++) {
                _cleanup_text_ Text t = TEXT_NULL;

                assert_true(cmdline_redact(&t, text, size) >= 0);
                assert_null(strstr(text_string(&t), "hunt"));
                assert_null(strstr(text_string(&t), "me:"));
                assert_null(strstr(text_string(&t), "abc"));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),    cmocka_unit_test(test_harmless), cmocka_unit_test(test_urls),
                cmocka_unit_test(test_headers),  cmocka_unit_test(test_programs), cmocka_unit_test(test_commands_in_arguments),
                cmocka_unit_test(test_cut),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
