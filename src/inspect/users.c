/* SPDX-License-Identifier: MIT */

#include "inspect/users.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>

#define REMEMBERED 64

typedef struct User {
        uint32_t uid;
        char name[36]; /* empty: has none */
} User;

static const User *user_get(uint32_t uid) {
        static User users[REMEMBERED];
        static size_t count;
        const struct passwd *p;
        User *u;

        for (size_t i = 0; i < count; i++)
                if (users[i].uid == uid)
                        return &users[i];
        u = &users[count < REMEMBERED ? count++ : REMEMBERED - 1];
        p = getpwuid(uid);
        u->uid = uid;
        (void) snprintf(u->name, sizeof(u->name), "%s", p ? p->pw_name : "");
        return u;
}

void user_append(Text *t, uint32_t uid) {
        const User *u = user_get(uid);

        if (u->name[0])
                (void) text_escape(t, bytes_of(u->name), sizeof(u->name));
        else
                text_printf(t, "%u", uid);
}

int user_find(const char *name, uint32_t *ret_uid) {
        const struct passwd *p = getpwnam(name);

        if (!p)
                return -ENOENT;
        *ret_uid = p->pw_uid;
        return 0;
}
