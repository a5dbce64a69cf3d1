/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/fd.h"
#include "collect/nsid.h"

typedef struct News {
        struct nlmsghdr header;
        struct rtgenmsg family;
        _Alignas(4) struct nlattr first;
        int32_t nsid;
        struct nlattr second;
        uint32_t pid;
} News;

static News news_make(void) {
        return (News){
                .header = { .nlmsg_len = sizeof(News), .nlmsg_type = RTM_NEWNSID },
                .first = { .nla_len = 8, .nla_type = NETNSA_NSID },
                .nsid = 5,
                .second = { .nla_len = 8, .nla_type = NETNSA_PID },
        };
}

static int parse(const News *news, int32_t *ret) {
        /* Of its very size, so that a sanitizer sees who reads on. */
        struct nlmsghdr *copy = malloc(news->header.nlmsg_len);
        int r;

        assert_non_null(copy);
        memcpy(copy, news, news->header.nlmsg_len);
        r = nsid_parse(copy, ret);
        free(copy);
        return r;
}

static void test_parse(void **state) {
        News news = news_make();
        int32_t nsid = 0;

        assert_int_equal(parse(&news, &nsid), 0);
        assert_int_equal(nsid, 5);
        news.first.nla_type = NETNSA_PID;
        news.second.nla_type = NETNSA_NSID;
        news.pid = (uint32_t) -1;
        assert_int_equal(parse(&news, &nsid), 0);
        assert_int_equal(nsid, NETNSA_NSID_NOT_ASSIGNED);
        news.header.nlmsg_type = RTM_DELNSID;
        assert_int_equal(parse(&news, &nsid), -ENOENT);
}

static void test_parse_damaged(void **state) {
        int32_t nsid = 7;
        News news;

        for (uint32_t size = sizeof(struct nlmsghdr); size < offsetof(News, second); size++) {
                news = news_make();
                news.header.nlmsg_len = size;
                assert_int_equal(parse(&news, &nsid), -EINVAL);
        }
        for (uint16_t size = 0; size < 8; size++) {
                news = news_make();
                news.first.nla_len = size;
                news.second.nla_type = NETNSA_FD;
                assert_int_equal(parse(&news, &nsid), -EINVAL);
        }
        news = news_make();
        news.first.nla_len = UINT16_MAX;
        assert_int_equal(parse(&news, &nsid), -EINVAL);
        assert_int_equal(nsid, 7);
}

static void test_find(void **state) {
        NsidEntry entries[] = { { 0, 100 }, { 3, 103 }, { INT32_MAX, 199 } };
        Nsid n = { .fd = -1, .news_fd = -1, .entries = entries, .count = ELEMENTSOF(entries) };

        assert_true(nsid_find(&n, 0) == 100);
        assert_true(nsid_find(&n, 3) == 103);
        assert_true(nsid_find(&n, INT32_MAX) == 199);
        assert_true(nsid_find(&n, 1) == 0);
        assert_true(nsid_find(&n, -1) == 0);
        n.count = 0;
        assert_true(nsid_find(&n, 0) == 0);
}

/* Our own namespace is asked, and never given a number. */
static void test_own(void **state) {
        const Netns own = { .id = 1 };
        Nsid n;
        int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

        assert_int_equal(nsid_open(&n), 0);
        assert_int_equal(nsid_news(&n), 0);
        r = nsid_learn(&n, proc_fd, &own);
        assert_true(r == 0 || r == -ENOENT);
        assert_int_equal(n.count, r == 0);
        assert_int_equal(nsid_learn(&n, proc_fd, &(Netns){ .id = 1, .inode = 1 }), -ESRCH); /* another one lives there */
        nsid_close(&n);
        (void) fd_close(proc_fd);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_parse_damaged),
                cmocka_unit_test(test_find),
                cmocka_unit_test(test_own),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
