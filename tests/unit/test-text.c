/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

static void assert_escape(const char *in, size_t size, size_t max, const char *expected, unsigned altered) {
        _cleanup_text_ Text t = TEXT_NULL;

        assert_int_equal(text_escape(&t, (Bytes){ .data = in, .size = (uint32_t) size }, max), altered);
        assert_string_equal(text_string(&t), expected);
        assert_int_equal(text_error(&t), 0);
}

static void test_escape(void **state) {
        static const struct {
                const char *in, *out;
                unsigned altered;
        } cases[] = {
                { "", "", 0 },
                { "nginx", "nginx", 0 },
                { "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", 0 },
                { "a b", "a b", 0 },
                { "a\\b", "a\\\\b", TEXT_ESCAPED },
                { "\x1b[31m", "\\x1b[31m", TEXT_ESCAPED },
                { "a\nb\tc\x7f", "a\\x0ab\\x09c\\x7f", TEXT_ESCAPED },
                { "\xc2\x9b", "\\xc2\\x9b", TEXT_ESCAPED },                   /* C1: CSI */
                { "\xe2\x80\xae", "\\xe2\\x80\\xae", TEXT_ESCAPED },          /* right-to-left override */
                { "\xe2\x80\x8b", "\\xe2\\x80\\x8b", TEXT_ESCAPED },          /* zero width space */
                { "\xef\xbb\xbf", "\\xef\\xbb\\xbf", TEXT_ESCAPED },          /* byte order mark */
                { "\xff", "\\xff", TEXT_ESCAPED },
                { "\xc0\xaf", "\\xc0\\xaf", TEXT_ESCAPED },                   /* overlong */
                { "\xed\xa0\x80", "\\xed\\xa0\\x80", TEXT_ESCAPED },          /* surrogate */
                { "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", TEXT_ESCAPED }, /* above U+10FFFF */
                { "\xe2\x82", "\\xe2\\x82", TEXT_ESCAPED },                   /* cut short */
                { "\xef\xbf\xbe", "\\xef\\xbf\\xbe", TEXT_ESCAPED },          /* U+FFFE */
                { "\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7", 0 },
                { "\xf3\xa0\x81\x81", "\\xf3\\xa0\\x81\\x81", TEXT_ESCAPED }, /* tag character */
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_escape(cases[i].in, strlen(cases[i].in), SIZE_MAX, cases[i].out, cases[i].altered);
        assert_escape("a\0b", 3, SIZE_MAX, "a\\x00b", TEXT_ESCAPED);
}

static void test_escape_bound(void **state) {
        assert_escape("abcdef", 6, 6, "abcdef", 0);
        assert_escape("abcdef", 6, 5, "abcde", TEXT_TRUNCATED);
        /* never inside an escape or a character */
        assert_escape("ab\ncd", 5, 5, "ab", TEXT_TRUNCATED);
        assert_escape("a\xc3\xbc", 3, 2, "a", TEXT_TRUNCATED);
        assert_escape("a\nb", 3, 5, "a\\x0a", TEXT_ESCAPED | TEXT_TRUNCATED);
        assert_escape("abc", 3, 0, "", TEXT_TRUNCATED);
}

static void test_round_trip(void **state) {
        char all[256], back[1024];
        _cleanup_text_ Text t = TEXT_NULL;
        size_t n;

        for (int i = 0; i < 256; i++)
                all[i] = (char) i;
        text_escape(&t, (Bytes){ .data = all, .size = 256 }, SIZE_MAX);
        assert_int_equal(text_unescape(t.data, t.size, back, &n), 0);
        assert_int_equal(n, 256);
        assert_memory_equal(back, all, 256);
}

static void test_unescape_refuses(void **state) {
        static const char *const bad[] = { "\\", "\\x", "\\x1", "\\xG0", "\\X00", "\\n", "a\\xA0" };
        char out[16];
        size_t n = 77;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(text_unescape(bad[i], strlen(bad[i]), out, &n), -EINVAL);
        assert_int_equal(n, 77);
}

static void test_growing(void **state) {
        _cleanup_text_ Text t = TEXT_NULL;

        assert_string_equal(text_string(&t), "");
        for (int i = 0; i < 1000; i++)
                text_printf(&t, "%d,", i);
        assert_int_equal(t.size, 10 * 2 + 90 * 3 + 900 * 4);
        assert_int_equal(strlen(t.data), t.size);
        text_clear(&t);
        assert_string_equal(text_string(&t), "");
        text_append(&t, "x");
        text_append_bytes(&t, NULL, 0);
        assert_string_equal(text_string(&t), "x");
}

static void test_bytes_of(void **state) {
        assert_null(bytes_of(NULL).data);
        assert_int_equal(bytes_of("abc").size, 3);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_escape),
                cmocka_unit_test(test_escape_bound),
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_unescape_refuses),
                cmocka_unit_test(test_growing),
                cmocka_unit_test(test_bytes_of),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
