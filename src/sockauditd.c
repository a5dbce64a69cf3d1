/* SPDX-License-Identifier: MIT */

/* sockauditd(8): arguments and exit status. */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "collect/deputy.h"
#include "emit/sink.h"
#include "manager.h"

#define EXIT_USAGE 2

static ManagerOptions arg_options;

static void help(void) {
        puts("sockauditd [OPTION]...\n"
             "\n"
             "Keeps the map from socket to peer of the processes that the configuration names,\n"
             "and writes an event for each connection that appears, changes or vanishes.\n"
             "\n"
             "  -c, --config=FILE    configuration (default /etc/sockaudit/sockaudit.yaml)\n"
             "  -s, --sink=SINK      journal, json or text (both on standard output); may be\n"
             "                       given more than once; default as configured\n"
             "      --once           look once, tell what is there, and stop\n"
             "  -l, --log-level=L    own messages on standard error: err, warning, notice,\n"
             "                       info (default) or debug\n"
             "  -h, --help           this text\n"
             "      --version        version\n"
             "\n"
             "SIGHUP reads the configuration again. See sockauditd(8), sockaudit.yaml(5) and\n"
             "sockaudit-events(7).");
}

/* 1: go on; else stop with exit status -r. */
static int parse_arguments(int argc, char *argv[]) {
        enum {
                ARG_ONCE = 0x100,
                ARG_VERSION,
        };
        static const struct option options[] = {
                { "config", required_argument, NULL, 'c' },
                { "sink", required_argument, NULL, 's' },
                { "once", no_argument, NULL, ARG_ONCE },
                { "log-level", required_argument, NULL, 'l' },
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, ARG_VERSION },
                {},
        };
        int c, r;

        opterr = 0; /* its own message would print the option raw */
        while ((c = getopt_long(argc, argv, "c:s:l:h", options, NULL)) >= 0)
                switch (c) {
                case 'c':
                        arg_options.config_path = optarg;
                        break;
                case 's':
                        r = sink_from_name(optarg);
                        if (r < 0) {
                                log_error("--sink: there is no sink '%s'; expected journal, json or text", optarg);
                                return -EXIT_USAGE;
                        }
                        arg_options.sinks |= 1u << r;
                        break;
                case ARG_ONCE:
                        arg_options.once = true;
                        break;
                case 'l':
                        r = log_level_from_name(optarg);
                        if (r < 0) {
                                log_error("--log-level: expected err, warning, notice, info or debug, not '%s'", optarg);
                                return -EXIT_USAGE;
                        }
                        log_set_level(r);
                        break;
                case 'h':
                        help();
                        return 0;
                case ARG_VERSION:
                        puts("sockauditd " SOCKAUDIT_VERSION);
                        return 0;
                default:
                        log_error("unknown option %s, or its value is missing; see --help", argv[optind > 1 ? optind - 1 : 1]);
                        return -EXIT_USAGE;
                }
        if (optind < argc) {
                log_error("no argument is expected, but there is '%s'", argv[optind]);
                return -EXIT_USAGE;
        }
        return 1;
}

int main(int argc, char *argv[]) {
        int r;

        if (deputy_called(argc, argv))
                return deputy_main();
        r = parse_arguments(argc, argv);
        if (r <= 0)
                return -r;
        r = manager_run(&arg_options);
        if (r == -EBADMSG)
                return EXIT_USAGE;
        return r < 0;
}
