/* SPDX-License-Identifier: MIT */

/* What is on its way to the journal, what the journal leaves out, and who carries it on. */

#include "inspect/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/state.h"
#include "base/unitfile.h"
#include "collect/procfs.h"
#include "config/config.h"
#include "emit/format-human.h"
#include "emit/outbox.h"
#include "inspect/reader.h"

/* --- the outbox ------------------------------------------------------------------------------------ */

/* Its events wait behind its head, and are gone when they were read back from the journal. */
static int outbox_look(uint64_t *ret_waiting, uint64_t *ret_room) {
        _cleanup_close_ int dir_fd = open(STATE_PATH, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct statvfs room;
        struct stat st;

        if (dir_fd < 0 || fstatat(dir_fd, OUTBOX_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0 || fstatvfs(dir_fd, &room) < 0)
                return -errno;
        *ret_waiting = (uint64_t) st.st_size > OUTBOX_EMPTY ? (uint64_t) st.st_size - OUTBOX_EMPTY : 0;
        *ret_room = (uint64_t) room.f_bavail * room.f_frsize;
        return 0;
}

/* The newest comes first. */
static int take_last(void *userdata, const History *h) {
        *(uint64_t *) userdata = h->time;
        return -ECANCELED;
}

static void put_last_stored(Text *t) {
        const ReaderOptions options = {};
        uint64_t last = 0, now = clock_boottime() + (uint64_t) clock_offset();
        int r = reader_run(&options, take_last, &last);

        if (r < 0 && r != -ECANCELED && r != -ENODATA)
                return;
        if (last == 0) {
                text_append(t, "; the journal has no event");
                return;
        }
        text_append(t, "; the last event that is in the journal was made ");
        format_duration(t, now > last ? now - last : 0);
        text_append(t, " ago");
}

static uint64_t outbox_limit(void) {
        _cleanup_text_ Text messages = TEXT_NULL;
        uint64_t limit;
        Config c;

        if (config_load(CONFIG_PATH, CONFIG_TRUST_WARN, &c, &messages) < 0)
                config_init(&c);
        limit = c.limits.outbox;
        config_done(&c);
        return limit;
}

void doctor_outbox(const Doctor *d, Finding *f, int argument) {
        _cleanup_text_ Text what = TEXT_NULL;
        uint64_t waiting = 0, room = 0, limit = outbox_limit();
        int r = outbox_look(&waiting, &room);

        if (r == -ENOENT && d->daemon_pid == 0) {
                finding_set(f, DOCTOR_OK, STATE_PATH "/" OUTBOX_NAME " is not there yet: nothing waits");
                return;
        }
        if (r < 0) {
                finding_set(f, r == -ENOENT ? DOCTOR_DEGRADED : DOCTOR_UNKNOWN, STATE_PATH "/" OUTBOX_NAME ": %s", strerror(-r));
                finding_remedy(f, r == -ENOENT ? "systemctl restart sockauditd: until then what waits for the journal is lost with the daemon" : "root");
                return;
        }
        text_append(&what, STATE_PATH "/" OUTBOX_NAME ": ");
        format_size(&what, waiting);
        text_append(&what, " wait for the journal, of ");
        format_size(&what, limit);
        text_append(&what, " that may; the disk has room for ");
        format_size(&what, room);
        put_last_stored(&what);
        finding_set(f, waiting > limit / 2 || waiting + room < limit ? DOCTOR_DEGRADED : DOCTOR_OK, "%s", text_string(&what));
        if (waiting > limit / 2)
                finding_remedy(f, "systemctl status systemd-journald: it takes no events, or stores none");
        else if (waiting + room < limit)
                finding_remedy(f, "room on the disk, or a lower limits.outbox: what does not fit is lost, and counted");
}

/* --- what the journal leaves out ------------------------------------------------------------------- */

#define PRIORITY_INFO 6 /* of most events */

void doctor_level(const Doctor *d, Finding *f, int argument) {
        static const char *const names[] = { "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug" };
        _cleanup_text_ Text level = TEXT_NULL;
        int r = unitfile_get(unitfile_conf_dirs, "journald.conf", "Journal", "MaxLevelStore", &level);
        uint64_t number = ELEMENTSOF(names);

        if (r < 0 && r != -ENOENT) {
                finding_error(f, r);
                return;
        }
        if (r == -ENOENT || level.size == 0) {
                finding_set(f, DOCTOR_OK, "the journal stores events of all priorities");
                return;
        }
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (strcmp(text_string(&level), names[i]) == 0)
                        number = i;
        if (number == ELEMENTSOF(names) && parse_u64(text_string(&level), 0, ELEMENTSOF(names) - 1, &number) < 0)
                finding_set(f, DOCTOR_UNKNOWN, "MaxLevelStore=%s in journald.conf is not understood", text_string(&level));
        else if (number >= PRIORITY_INFO)
                finding_set(f, DOCTOR_OK, "MaxLevelStore=%s: the journal stores events of all priorities", text_string(&level));
        else {
                finding_set(f, DOCTOR_NO, "MaxLevelStore=%s: the journal leaves out most events, without a word to who sends them", text_string(&level));
                finding_remedy(f, "MaxLevelStore=info or debug in journald.conf");
        }
}

/* --- who carries it on ----------------------------------------------------------------------------- */

/* A program that sends the journal elsewhere. */
static bool is_forwarder(const Process *p) {
        static const char *const names[] = {
                "alloy", "filebeat", "fluent-bit", "fluentd", "grafana-agent", "journalbeat", "nxlog", "otelcol", "otelcol-contrib", "promtail", "rsyslogd",
                "splunkd", "syslog-ng", "systemd-journal-upload", "td-agent", "vector",
        };
        const char *slash = p->exe ? strrchr(p->exe, '/') : NULL;

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if ((slash && strcmp(slash + 1, names[i]) == 0) || (p->comm && strcmp(p->comm, names[i]) == 0))
                        return true;
        return false;
}

/* Is what it connects to told? Whether a rule takes its sockets, too, is not asked. */
static bool is_told(const RuleSet *rules, const Process *p) {
        RuleBits bits = {};

        return !ruleset_excludes(rules, p) && (rules->any_process || ruleset_match(rules, p, NULL, &bits) >= 0);
}

static int find_forwarder(const Doctor *d, const RuleSet *rules, Process *ret_told, size_t *ret_count) {
        _cleanup_free_ uint32_t *pids = NULL;
        size_t count = 0, found = 0;
        int r = procfs_list(d->proc_fd, &pids, &count);

        for (size_t i = 0; i < count && r >= 0; i++) {
                _cleanup_process_ Process p = {};

                if (procfs_read(d->proc_fd, pids[i], PROCFS_EXE, &p) < 0 || !is_forwarder(&p))
                        continue;
                found++;
                if (ret_told->pid == 0 && is_told(rules, &p)) {
                        *ret_told = p;
                        process_init(&p);
                }
        }
        *ret_count = found;
        return r;
}

void doctor_forwarders(const Doctor *d, Finding *f, int argument) {
        _cleanup_text_ Text messages = TEXT_NULL;
        _cleanup_process_ Process told = {};
        size_t count = 0;
        Config c;
        int r = config_load(CONFIG_PATH, CONFIG_TRUST_WARN, &c, &messages);

        if (r < 0) {
                finding_set(f, DOCTOR_UNKNOWN, "the rules cannot be read");
                return;
        }
        r = find_forwarder(d, &c.rules, &told, &count);
        if (r < 0)
                finding_error(f, r);
        else if (told.pid != 0) {
                finding_set(f, DOCTOR_DEGRADED, "%s[%u] sends the journal elsewhere and its connections are told: each event may make the next", told.comm, told.pid);
                finding_remedy(f, "exclude it, or a rule for it that folds: exclude: [{match: {unit: %s}}]", told.unit ?: "...");
        } else if (count > 0)
                finding_set(f, DOCTOR_OK, "%zu %s the journal elsewhere, and no rule is about %s", count, count == 1 ? "process sends" : "processes send",
                            count == 1 ? "it" : "them");
        else
                finding_set(f, DOCTOR_OK, "no program is known to send the journal elsewhere");
        config_done(&c);
}
