/* SPDX-License-Identifier: MIT */
#pragma once

/* Doctor: what works here, why not, and what helps. A table of probes, each of which fills one finding; the self-test is one of them. */

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

typedef enum DoctorState {
        DOCTOR_OK,
        DOCTOR_DEGRADED, /* it works, but less well */
        DOCTOR_NO,       /* it does not */
        DOCTOR_UNKNOWN,  /* could not be told */
        _DOCTOR_STATE_MAX,
} DoctorState;

typedef struct Finding {
        DoctorState state;
        Text what;   /* what there is, and why it is so */
        Text remedy; /* empty: nothing to be done */
} Finding;

void finding_set(Finding *f, DoctorState state, const char *what, ...) _printf_(3, 4);
void finding_remedy(Finding *f, const char *remedy, ...) _printf_(2, 3);
/* NO or UNKNOWN by a negative errno, with what it means. */
void finding_error(Finding *f, int error);

/* What several probes want to know. */
typedef struct Doctor {
        int proc_fd;
        uint64_t capabilities; /* effective ones of this process */
        uint32_t daemon_pid;   /* of sockauditd.service; 0: it does not run */
        uint64_t daemon_start; /* CLOCK_BOOTTIME usec */
} Doctor;

typedef struct Probe {
        const char *name;
        bool optional; /* that it is missing is nothing wrong */
        void (*run)(const Doctor *d, Finding *f, int argument);
        int argument;
} Probe;

bool doctor_can(const Doctor *d, unsigned capability);

/* doctor-kernel.c */
void doctor_kernel(const Doctor *d, Finding *f, int argument);
void doctor_btf(const Doctor *d, Finding *f, int argument);
void doctor_programs(const Doctor *d, Finding *f, int argument);
void doctor_capabilities(const Doctor *d, Finding *f, int argument);
void doctor_processes(const Doctor *d, Finding *f, int argument);
void doctor_text(const Doctor *d, Finding *f, int argument);
void doctor_diag(const Doctor *d, Finding *f, int family);   /* SockdiagFamily */
void doctor_closes(const Doctor *d, Finding *f, int table);  /* TableKind */
void doctor_connector(const Doctor *d, Finding *f, int argument);
void doctor_setns(const Doctor *d, Finding *f, int argument);
void doctor_counters(const Doctor *d, Finding *f, int argument);
void doctor_buffers(const Doctor *d, Finding *f, int argument);
void doctor_descriptors(const Doctor *d, Finding *f, int argument);
void doctor_clock(const Doctor *d, Finding *f, int argument);

/* doctor-service.c */
void doctor_find_daemon(Doctor *d);
void doctor_configuration(const Doctor *d, Finding *f, int argument);
void doctor_service(const Doctor *d, Finding *f, int argument);
void doctor_heartbeat(const Doctor *d, Finding *f, int argument);
void doctor_journald(const Doctor *d, Finding *f, int argument);
void doctor_journal(const Doctor *d, Finding *f, int argument);
void doctor_storage(const Doctor *d, Finding *f, int argument);
void doctor_keeps(const Doctor *d, Finding *f, int argument);
void doctor_rate(const Doctor *d, Finding *f, int argument);
void doctor_syslog(const Doctor *d, Finding *f, int argument);

/* doctor-delivery.c */
void doctor_outbox(const Doctor *d, Finding *f, int argument);
void doctor_level(const Doctor *d, Finding *f, int argument);
void doctor_forwarders(const Doctor *d, Finding *f, int argument);

/* doctor-test.c */
void doctor_self_test(const Doctor *d, Finding *f, int collector); /* CollectorKind */
