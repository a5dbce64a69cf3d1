/* SPDX-License-Identifier: MIT */

/* The daemon and where its events go. journald reads the limits of a unit from links that systemd makes while the unit runs; without
 * them those of its own configuration hold. */

#include "inspect/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/unitfile.h"
#include "collect/procfs.h"
#include "config/config.h"
#include "emit/format-human.h"
#include "emit/journal-keeps.h"
#include "emit/sink.h"
#include "inspect/reader.h"

#define SERVICE "sockauditd.service"

/* --- the daemon ------------------------------------------------------------------------------------ */

void doctor_find_daemon(Doctor *d) {
        _cleanup_free_ uint32_t *pids = NULL;
        size_t count = 0;

        if (procfs_list(d->proc_fd, &pids, &count) < 0)
                return;
        for (size_t i = 0; i < count && d->daemon_pid == 0; i++) {
                _cleanup_process_ Process p = {};

                if (procfs_read(d->proc_fd, pids[i], 0, &p) == 0 && p.comm && strcmp(p.comm, "sockauditd") == 0 && p.unit &&
                    strcmp(p.unit, SERVICE) == 0 && !p.user_unit) {
                        d->daemon_pid = p.pid;
                        d->daemon_start = p.start_usec;
                }
        }
}

static const char *when(uint64_t epoch_usec, char ret[32]) {
        time_t t = (time_t) (epoch_usec / USEC_PER_SEC);
        struct tm tm;

        if (!localtime_r(&t, &tm) || strftime(ret, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
                (void) snprintf(ret, 32, "%llu", (unsigned long long) epoch_usec);
        return ret;
}

static size_t first_line(const Text *t) {
        return strcspn(text_string(t), "\n");
}

void doctor_configuration(const Doctor *d, Finding *f, int argument) {
        _cleanup_text_ Text messages = TEXT_NULL;
        Config c;
        int r = config_load(CONFIG_PATH, CONFIG_TRUST_WARN, &c, &messages);

        if (r < 0) {
                finding_set(f, r == -EACCES ? DOCTOR_UNKNOWN : DOCTOR_NO, "%.*s", (int) first_line(&messages), text_string(&messages));
                if (r != -EACCES)
                        finding_remedy(f, "sockaudit check says all that is wrong");
                return;
        }
        if (messages.size > 0) {
                finding_set(f, DOCTOR_DEGRADED, "%.*s", (int) first_line(&messages), text_string(&messages));
                finding_remedy(f, "the daemon refuses a configuration that others than root can write");
        } else
                finding_set(f, DOCTOR_OK, CONFIG_PATH " has %zu %s", c.rules.count, c.rules.count == 1 ? "rule" : "rules");
        config_done(&c);
}

void doctor_service(const Doctor *d, Finding *f, int argument) {
        char since[32];

        if (d->daemon_pid == 0) {
                finding_set(f, DOCTOR_NO, SERVICE " does not run, or is not to be seen");
                finding_remedy(f, "systemctl enable --now sockauditd; systemctl status sockauditd");
        } else
                finding_set(f, DOCTOR_OK, SERVICE " runs as process %u since %s", d->daemon_pid,
                            when(d->daemon_start + (uint64_t) clock_offset(), since));
}

/* What the configuration says, as far as can be known; a duration of it. */
static uint64_t configured(size_t offset) {
        _cleanup_text_ Text messages = TEXT_NULL;
        uint64_t value;
        Config c;

        if (config_load(CONFIG_PATH, CONFIG_TRUST_WARN, &c, &messages) < 0)
                config_init(&c);
        memcpy(&value, (const char *) &c + offset, sizeof(value));
        config_done(&c);
        return value;
}

/* The newest comes first. */
static int take_last(void *userdata, const History *h) {
        *(uint64_t *) userdata = h->time;
        return -ECANCELED;
}

void doctor_heartbeat(const Doctor *d, Finding *f, int argument) {
        static const char *const kinds[] = { "audit-balance", NULL };
        const ReaderOptions options = { .kinds = kinds };
        uint64_t last = 0, now = clock_boottime() + (uint64_t) clock_offset(), start, interval = configured(offsetof(Config, balance));
        char text[32];
        int r;

        if (d->daemon_pid == 0) {
                finding_set(f, DOCTOR_NO, "the service does not run");
                return;
        }
        r = reader_extent(&(uint64_t){ 0 }, &(uint64_t){ 0 }, &(uint64_t){ 0 });
        if (r >= 0)
                r = reader_run(&options, take_last, &last);
        if (r < 0 && r != -ENODATA && r != -ECANCELED) {
                finding_set(f, DOCTOR_UNKNOWN, "the journal cannot be read: %s", strerror(-r));
                finding_remedy(f, "root, or the group systemd-journal");
                return;
        }
        start = d->daemon_start + (uint64_t) clock_offset();
        if (MAX(last, start) + 2 * interval < now) {
                finding_set(f, DOCTOR_NO, "the last audit-balance is of %s; one is due every %llu s", last ? when(last, text) : "never",
                            (unsigned long long) (interval / USEC_PER_SEC));
                finding_remedy(f, "journalctl -u sockauditd; systemctl restart sockauditd");
        } else if (last < start)
                finding_set(f, DOCTOR_OK, "no audit-balance yet, since the service has just started");
        else
                finding_set(f, DOCTOR_OK, "the last audit-balance is of %s", when(last, text));
}

/* --- the journal ----------------------------------------------------------------------------------- */

void doctor_journald(const Doctor *d, Finding *f, int argument) {
        if (sink_journal_available(NULL))
                finding_set(f, DOCTOR_OK, "systemd-journald takes events");
        else {
                finding_set(f, DOCTOR_NO, "systemd-journald does not answer");
                finding_remedy(f, "systemctl start systemd-journald; without it use the sinks json or text");
        }
}

void doctor_journal(const Doctor *d, Finding *f, int argument) {
        uint64_t first, last, bytes;
        char text[32];
        int r = reader_extent(&first, &last, &bytes);

        if (r == -EACCES) {
                finding_set(f, DOCTOR_NO, "it may not be read");
                finding_remedy(f, "root, or the group systemd-journal");
        } else if (r == -ENODATA)
                finding_set(f, DOCTOR_NO, "there is none, or it is empty");
        else if (r < 0)
                finding_error(f, r);
        else
                finding_set(f, DOCTOR_OK, "can be read, goes back to %s and takes %llu MiB", when(first, text), (unsigned long long) (bytes >> 20));
}

/* 0 and the value of a setting of journald.conf; where it is not set, what holds then. */
static int journald_setting(const char *key, const char *otherwise, Text *ret) {
        int r = unitfile_get(unitfile_conf_dirs, "journald.conf", "Journal", key, ret);

        if (r == -ENOENT || (r == 0 && ret->size == 0)) {
                text_clear(ret);
                text_append(ret, otherwise);
                return 0;
        }
        return r;
}

void doctor_storage(const Doctor *d, Finding *f, int argument) {
        _cleanup_text_ Text storage = TEXT_NULL;
        int r = journald_setting("Storage", "auto", &storage);
        const char *s = text_string(&storage);
        bool disk = access("/var/log/journal", F_OK) == 0;

        if (r < 0)
                finding_error(f, r);
        else if (strcmp(s, "none") == 0) {
                finding_set(f, DOCTOR_NO, "Storage=none: the journal keeps nothing, whatever it says to senders");
                finding_remedy(f, "Storage=persistent in journald.conf");
        } else if (strcmp(s, "volatile") == 0 || (strcmp(s, "auto") == 0 && !disk)) {
                finding_set(f, DOCTOR_DEGRADED, "Storage=%s: the journal ends with the boot", s);
                finding_remedy(f, "mkdir /var/log/journal and Storage=auto, or Storage=persistent in journald.conf");
        } else
                finding_set(f, DOCTOR_OK, "Storage=%s: the journal outlives a boot", s);
}

void doctor_keeps(const Doctor *d, Finding *f, int argument) {
        _cleanup_text_ Text span = TEXT_NULL, room = TEXT_NULL, asked = TEXT_NULL;
        uint64_t keeps = 0, wanted = configured(offsetof(Config, retention_wanted));
        JournalUse u;
        int r = journal_use_read(&u), known = r;

        if (r >= 0) {
                known = journal_use_keeps(&u, clock_boottime() + (uint64_t) clock_offset(), &keeps);
                format_size(&room, u.bytes);
                text_append(&room, " of ");
                format_size(&room, u.bytes_max);
        }
        format_duration(&span, keeps);
        if (known >= 0 && keeps < wanted) {
                format_duration(&asked, wanted);
                finding_set(f, DOCTOR_DEGRADED, "the journal keeps about %s, and retention_wanted asks for %s; it takes %s", text_string(&span), text_string(&asked),
                            text_string(&room));
                finding_remedy(f, "SystemMaxUse= in journald.conf, or rules that tell less");
        } else if (known >= 0)
                finding_set(f, DOCTOR_OK, "the journal keeps about %s; it takes %s", text_string(&span), text_string(&room));
        else if (r >= 0)
                finding_set(f, DOCTOR_UNKNOWN, "the journal is too young, or the clock was set: it takes %s", text_string(&room));
        else if (r == -ENOENT)
                finding_set(f, DOCTOR_NO, "the journal stores nothing");
        else if (r == -EINVAL || r == -ERANGE)
                finding_set(f, DOCTOR_UNKNOWN, "a limit in journald.conf is not understood");
        else if (r == -EACCES) {
                finding_set(f, DOCTOR_UNKNOWN, "the journal may not be read");
                finding_remedy(f, "root, or the group systemd-journal");
        } else
                finding_error(f, r);
}

/* The number that a link of systemd says. */
static int unit_link(const char *name, uint64_t *ret) {
        char path[256], text[64];
        ssize_t n;

        (void) snprintf(path, sizeof(path), "/run/systemd/units/%s:" SERVICE, name);
        n = fd_readlink_at(-1, path, text, sizeof(text));
        return n < 0 ? (int) n : parse_u64(text, 0, UINT64_MAX, ret);
}

#define RATE_WANTED 10000 /* events a second */

void doctor_rate(const Doctor *d, Finding *f, int argument) {
        _cleanup_text_ Text interval = TEXT_NULL, burst = TEXT_NULL;
        uint64_t usec, count;
        int r;

        if (unit_link("log-rate-limit-interval", &usec) == 0 && unit_link("log-rate-limit-burst", &count) == 0) {
                bool enough = usec == 0 || count / (usec / USEC_PER_SEC ?: 1) >= RATE_WANTED;

                finding_set(f, enough ? DOCTOR_OK : DOCTOR_DEGRADED, "journald takes %llu events of the service in %llu ms%s", (unsigned long long) count,
                            (unsigned long long) (usec / USEC_PER_MSEC), enough ? "" : ", and drops the rest without a word to it");
                if (!enough)
                        finding_remedy(f, "LogRateLimitIntervalSec=1s and LogRateLimitBurst=1000000 in the unit (an interval of 0 does not switch it off)");
                return;
        }
        r = unitfile_get(unitfile_system_dirs, SERVICE, "Service", "LogRateLimitBurst", &burst);
        if (r >= 0 && parse_u64(text_string(&burst), RATE_WANTED, UINT64_MAX, &count) == 0) {
                finding_set(f, DOCTOR_OK, "the unit lifts the limit when it runs: LogRateLimitBurst=%s", text_string(&burst));
                return;
        }
        r = journald_setting("RateLimitIntervalSec", "30s", &interval);
        if (r >= 0)
                r = journald_setting("RateLimitBurst", "10000", &burst);
        if (r < 0)
                finding_error(f, r);
        else if (strcmp(text_string(&interval), "0") == 0 || strcmp(text_string(&burst), "0") == 0)
                finding_set(f, DOCTOR_OK, "journald.conf has no limit");
        else {
                finding_set(f, DOCTOR_DEGRADED, "journald takes %s lines of a service in %s (times a factor for free space), and drops the rest without a word to it",
                            text_string(&burst), text_string(&interval));
                finding_remedy(f, "install the unit sockauditd.service, which lifts it, or RateLimitIntervalSec=0 in journald.conf");
        }
}

void doctor_syslog(const Doctor *d, Finding *f, int argument) {
        _cleanup_text_ Text forward = TEXT_NULL;
        bool listens = access("/run/systemd/journal/syslog", F_OK) == 0;
        int r = journald_setting("ForwardToSyslog", "as built", &forward);

        if (r < 0)
                finding_error(f, r);
        else if (!listens)
                finding_set(f, DOCTOR_OK, "ForwardToSyslog is %s; nobody listens", text_string(&forward));
        else if (strcmp(text_string(&forward), "no") == 0)
                finding_set(f, DOCTOR_OK, "events are not forwarded to syslog");
        else {
                finding_set(f, DOCTOR_DEGRADED, "ForwardToSyslog is %s: each event is written a second time, without its fields", text_string(&forward));
                finding_remedy(f, "ForwardToSyslog=no in journald.conf, or drop SYSLOG_IDENTIFIER sockaudit there");
        }
}
