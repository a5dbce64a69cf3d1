/* SPDX-License-Identifier: MIT */

/* Any bytes as a configuration: refused with messages that are printable lines, or taken as a whole. */

#include <assert.h>
#include <errno.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_text_ Text messages = TEXT_NULL;
        Config c;
        int r;

        r = config_parse("fuzz", (const char *) data, size, &c, &messages);
        assert(r == 0 || r == -EBADMSG);
        assert(r == 0 || messages.size > 0);
        for (size_t i = 0; i < messages.size; i++)
                assert(messages.data[i] == '\n' || (unsigned char) messages.data[i] >= ' ');
        if (r < 0)
                return 0;

        assert(c.rules.count > 0 && c.rules.count <= RULES_MAX);
        for (size_t i = 0; i < c.rules.count; i++)
                assert(c.rules.rules[i].name && *c.rules.rules[i].name);
        config_done(&c);
        return 0;
}
