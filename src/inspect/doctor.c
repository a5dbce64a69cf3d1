/* SPDX-License-Identifier: MIT */

/* sockaudit doctor: the table of probes, and how findings are shown. */

#include "inspect/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/parse.h"
#include "collect/collect.h"
#include "collect/sockdiag-support.h"
#include "inspect/verb.h"

static const Probe probes[] = {
        { "kernel", false, doctor_kernel, 0 },
        { "btf", true, doctor_btf, 0 },
        { "programs", true, doctor_programs, 0 },
        { "capabilities", false, doctor_capabilities, 0 },
        { "processes", false, doctor_processes, 0 },
        { "text", false, doctor_text, 0 },
        { "sock_diag tcp", false, doctor_diag, SOCKDIAG_TCP },
        { "sock_diag udp", false, doctor_diag, SOCKDIAG_UDP },
        { "sock_diag unix", false, doctor_diag, SOCKDIAG_UNIX },
        { "sock_diag raw", true, doctor_diag, SOCKDIAG_RAW },
        { "sock_diag packet", true, doctor_diag, SOCKDIAG_PACKET },
        { "sock_diag netlink", true, doctor_diag, SOCKDIAG_NETLINK },
        { "sock_diag mptcp", true, doctor_diag, SOCKDIAG_MPTCP },
        { "sock_diag vsock", true, doctor_diag, SOCKDIAG_VSOCK },
        { "closes tcp", false, doctor_closes, TABLE_TCP },
        { "closes udp", false, doctor_closes, TABLE_UDP },
        { "process notices", true, doctor_connector, 0 },
        { "namespaces", false, doctor_setns, 0 },
        { "counters", false, doctor_counters, 0 },
        { "buffers", false, doctor_buffers, 0 },
        { "descriptors", false, doctor_descriptors, 0 },
        { "clock", true, doctor_clock, 0 },
        { "configuration", false, doctor_configuration, 0 },
        { "service", false, doctor_service, 0 },
        { "heartbeat", false, doctor_heartbeat, 0 },
        { "journald", false, doctor_journald, 0 },
        { "journal", false, doctor_journal, 0 },
        { "outbox", false, doctor_outbox, 0 },
        { "storage", false, doctor_storage, 0 },
        { "level", false, doctor_level, 0 },
        { "keeps", true, doctor_keeps, 0 },
        { "rate limit", false, doctor_rate, 0 },
        { "syslog", true, doctor_syslog, 0 },
        { "forwarders", true, doctor_forwarders, 0 },
        { "self-test sock_diag", false, doctor_self_test, COLLECTOR_SOCK_DIAG },
        { "self-test proc", false, doctor_self_test, COLLECTOR_PROC },
};

static const char *const state_names[_DOCTOR_STATE_MAX] = {
        [DOCTOR_OK] = "ok",
        [DOCTOR_DEGRADED] = "degraded",
        [DOCTOR_NO] = "no",
        [DOCTOR_UNKNOWN] = "unknown",
};

/* --- findings -------------------------------------------------------------------------------------- */

#define SENTENCE_MAX 1024

static void set_text(Text *t, const char *sentence) {
        text_clear(t);
        (void) text_escape(t, bytes_of(sentence), 4 * SENTENCE_MAX);
}

void finding_set(Finding *f, DoctorState state, const char *what, ...) {
        char sentence[SENTENCE_MAX];
        va_list ap;

        va_start(ap, what);
        (void) vsnprintf(sentence, sizeof(sentence), what, ap);
        va_end(ap);
        f->state = state;
        set_text(&f->what, sentence);
}

void finding_remedy(Finding *f, const char *remedy, ...) {
        char sentence[SENTENCE_MAX];
        va_list ap;

        va_start(ap, remedy);
        (void) vsnprintf(sentence, sizeof(sentence), remedy, ap);
        va_end(ap);
        set_text(&f->remedy, sentence);
}

void finding_error(Finding *f, int error) {
        if (error == -EPERM || error == -EACCES)
                finding_set(f, DOCTOR_NO, "not allowed");
        else if (error == -ENOENT || error == -EOPNOTSUPP || error == -EPROTONOSUPPORT || error == -EAFNOSUPPORT)
                finding_set(f, DOCTOR_NO, "this kernel does not have it");
        else
                finding_set(f, DOCTOR_UNKNOWN, "%s", strerror(-error));
}

/* --- output ---------------------------------------------------------------------------------------- */

static void print_line(const Probe *p, const Finding *f) {
        printf("%-20s %-9s %s\n", p->name, state_names[f->state], text_string(&f->what));
        if (f->remedy.size > 0)
                printf("%-20s %-9s => %s\n", "", "", text_string(&f->remedy));
        (void) fflush(stdout); /* the next probe may take a while */
}

static bool add(struct json_object *o, const char *key, struct json_object *value) {
        if (value && json_object_object_add(o, key, value) == 0)
                return true;
        json_object_put(value);
        return false;
}

static int print_object(const Probe *p, const Finding *f, bool first) {
        struct json_object *o = json_object_new_object();
        bool ok = o && add(o, "check", json_object_new_string(p->name)) &&
                add(o, "state", json_object_new_string(state_names[f->state])) &&
                add(o, "optional", json_object_new_boolean(p->optional)) &&
                add(o, "what", json_object_new_string(text_string(&f->what))) &&
                (f->remedy.size == 0 || add(o, "remedy", json_object_new_string(text_string(&f->remedy))));

        if (ok)
                printf("%s%s", first ? "[\n" : ",\n", json_object_to_json_string_ext(o, JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(o);
        return ok ? 0 : -ENOMEM;
}

static void print_summary(const size_t counts[_DOCTOR_STATE_MAX], size_t wrong) {
        printf("%zu checks: %zu ok, %zu degraded, %zu no, %zu unknown. %s\n", ELEMENTSOF(probes), counts[DOCTOR_OK],
               counts[DOCTOR_DEGRADED], counts[DOCTOR_NO], counts[DOCTOR_UNKNOWN],
               wrong > 0 ? "What is needed does not all work." : counts[DOCTOR_UNKNOWN] > 0 ? "Not all could be told." : "All that is needed works.");
}

/* --- all of it ------------------------------------------------------------------------------------- */

bool doctor_can(const Doctor *d, unsigned capability) {
        return d->capabilities >> capability & 1;
}

static uint64_t own_capabilities(int proc_fd) {
        char text[8192], *line;
        uint64_t set = 0;

        if (fd_read_once_at(proc_fd, "self/status", text, sizeof(text)) < 0)
                return 0;
        line = strstr(text, "\nCapEff:\t");
        if (!line)
                return 0;
        line += strlen("\nCapEff:\t");
        line[strcspn(line, "\n")] = 0;
        return parse_hex64(line, &set) < 0 ? 0 : set;
}

static int examine(const Doctor *d, bool json) {
        size_t counts[_DOCTOR_STATE_MAX] = {}, wrong = 0, unknown = 0;
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(probes) && r >= 0; i++) {
                const Probe *p = &probes[i];
                Finding f = { .state = DOCTOR_UNKNOWN };

                p->run(d, &f, p->argument);
                counts[f.state]++;
                wrong += f.state == DOCTOR_DEGRADED || f.state == DOCTOR_NO ? !p->optional : 0;
                unknown += f.state == DOCTOR_UNKNOWN && !p->optional;
                if (json)
                        r = print_object(p, &f, i == 0);
                else
                        print_line(p, &f);
                text_done(&f.what);
                text_done(&f.remedy);
        }
        if (r < 0) {
                verb_error("%s", strerror(-r));
                return VERB_INCOMPLETE;
        }
        if (json)
                puts("\n]");
        else
                print_summary(counts, wrong);
        return wrong > 0 ? VERB_WRONG : unknown > 0 ? VERB_INCOMPLETE : VERB_OK;
}

static int help(void) {
        (void) fputs("sockaudit doctor [OPTION]...\n\n"
                     "Says what works here, why not, and what helps; then opens a connection of its\n"
                     "own and demands to see it come and go.\n\n"
                     "  -j, --json                    a JSON array with an object for each check\n"
                     "  -h, --help                    this text\n\n"
                     "Exit codes: 0 all that is needed works, 1 something does not, or less well,\n"
                     "2 usage, 3 not all could be told. See sockaudit(1).\n",
                     stdout);
        return VERB_OK;
}

int verb_doctor(int argc, char *argv[]) {
        static const struct option options[] = { { "help", no_argument, NULL, 'h' }, { "json", no_argument, NULL, 'j' }, {} };
        Doctor d = { .proc_fd = -1 };
        bool json = false;
        int o, r;

        optind = 0;
        opterr = 0;
        while ((o = getopt_long(argc, argv, "+hj", options, NULL)) >= 0) {
                if (o == 'h')
                        return help();
                if (o != 'j') {
                        verb_error("unknown option %s (see: sockaudit doctor --help)", argv[MAX(optind - 1, 1)]);
                        return VERB_USAGE;
                }
                json = true;
        }
        if (argc > optind) {
                verb_error("what is %s? (see: sockaudit doctor --help)", argv[optind]);
                return VERB_USAGE;
        }
        d.proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (d.proc_fd < 0) {
                verb_error("/proc: %s", strerror(errno));
                return VERB_INCOMPLETE;
        }
        d.capabilities = own_capabilities(d.proc_fd);
        doctor_find_daemon(&d);
        r = examine(&d, json);
        fd_close(d.proc_fd);
        return r;
}
