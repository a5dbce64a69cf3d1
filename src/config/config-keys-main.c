/* SPDX-License-Identifier: MIT */

/* config-keys: prints the list of all configuration keys as scdoc source, for sockaudit.yaml(5). A tool of the
 * build, not installed. */

#include "config/config.h"

int main(void) {
        config_print_keys(stdout);
        return fflush(stdout) == 0 ? 0 : 1;
}
