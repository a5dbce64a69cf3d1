/* SPDX-License-Identifier: MIT */

/* sockaudit: the command line. A table of verbs, and nothing else: each verb has its own options and help. */

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "collect/deputy.h"
#include "inspect/verb.h"

static const Verb verbs[] = {
        { "list", "[TARGET]...", "what processes are connected to, now", verb_list },
        { "why", "TARGET...", "what is stuck, and why", verb_why },
        { "check", "[FILE]", "is a configuration good, what does it match?", verb_check },
        { "doctor", "", "what works here, why not, and what helps", verb_doctor },
};

static int help(void) {
        (void) fputs("sockaudit VERB [OPTION]... [ARGUMENT]...\n\n"
                     "Shows who talks to whom: sockets, their processes and their peers.\n\n",
                     stdout);
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                printf("  %-8s %-20s %s\n", verbs[i].name, verbs[i].arguments, verbs[i].help);
        (void) fputs("\n"
                     "  -h, --help                    this text; after a verb: its options\n"
                     "  -V, --version                 version\n\n"
                     "Exit codes: 0 nothing wrong, 1 something is wrong, 2 usage,\n"
                     "3 could not see everything. See sockaudit(1).\n",
                     stdout);
        return VERB_OK;
}

/* Tables are UTF-8 whatever the locale; without one that knows it, widths would be wrong. */
static void set_locale(void) {
        (void) setlocale(LC_CTYPE, "");
        if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
                (void) setlocale(LC_CTYPE, "C.UTF-8");
}

int main(int argc, char *argv[]) {
        const char *word = argc > 1 ? argv[1] : NULL;

        if (deputy_called(argc, argv))
                return deputy_main();
        set_locale();
        if (!word) {
                verb_error("a verb is missing (see: sockaudit --help)");
                return VERB_USAGE;
        }
        if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "help") == 0)
                return help();
        if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0) {
                (void) puts("sockaudit " SOCKAUDIT_VERSION);
                return VERB_OK;
        }
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                if (strcmp(word, verbs[i].name) == 0)
                        return verbs[i].run(argc - 1, argv + 1);
        verb_error("unknown %s %s (see: sockaudit --help)", *word == '-' ? "option" : "verb", word);
        return VERB_USAGE;
}
