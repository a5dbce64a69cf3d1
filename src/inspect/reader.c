/* SPDX-License-Identifier: MIT */

#include "inspect/reader.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <systemd/sd-journal.h>

#define ENTRIES_MAX 200000 /* so many are read at most: a minute at the worst */

static void journal_close(sd_journal **j) {
        sd_journal_close(*j);
}

static int add_matches(sd_journal *j, const ReaderOptions *o) {
        char match[128];
        int r = 0;

        if (!o->untrusted) {
                r = sd_journal_add_match(j, "_UID=0", 0);
                if (r >= 0)
                        r = sd_journal_add_match(j, "_SYSTEMD_UNIT=sockauditd.service", 0);
        }
        if (r >= 0 && !o->kinds)
                r = sd_journal_add_match(j, "SYSLOG_IDENTIFIER=sockaudit", 0);
        for (size_t i = 0; r >= 0 && o->kinds && o->kinds[i]; i++) {
                (void) snprintf(match, sizeof(match), "SOCKAUDIT_EVENT=%s", o->kinds[i]);
                r = sd_journal_add_match(j, match, 0);
        }
        return r;
}

static int read_entry(sd_journal *j, reader_take_t take, void *userdata) {
        _cleanup_(history_done) History h;
        const void *data;
        size_t size;
        int r = 0;

        history_init(&h);
        sd_journal_restart_data(j);
        while (r >= 0 && (r = sd_journal_enumerate_available_data(j, &data, &size)) > 0)
                r = history_field(&h, data, size);
        if (r >= 0 && h.time == 0)
                (void) sd_journal_get_realtime_usec(j, &h.time);
        return r < 0 ? r : take(userdata, &h);
}

int reader_run(const ReaderOptions *options, reader_take_t take, void *userdata) {
        _cleanup_(journal_close) sd_journal *j = NULL;
        int n = 0, r;

        r = sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
        if (r >= 0)
                r = add_matches(j, options);
        if (r >= 0)
                r = sd_journal_seek_tail(j);
        while (r >= 0 && n < ENTRIES_MAX && (r = sd_journal_previous(j)) > 0) {
                uint64_t stored;

                if (sd_journal_get_realtime_usec(j, &stored) >= 0 && stored < options->since)
                        break;
                r = read_entry(j, take, userdata);
                n++;
        }
        return r < 0 ? r : n;
}

/* sd-journal leaves out what it may not read, without a word. */
static bool may_be_hidden(void) {
        static const char *const directories[] = { "/var/log/journal", "/run/log/journal" };
        bool there = false;

        for (size_t i = 0; i < ELEMENTSOF(directories); i++)
                there |= access(directories[i], F_OK) == 0;
        return there && geteuid() != 0;
}

int reader_extent(uint64_t *ret_first, uint64_t *ret_last, uint64_t *ret_bytes) {
        _cleanup_(journal_close) sd_journal *j = NULL;
        uint64_t first, last, bytes = 0;
        int r;

        r = sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
        if (r >= 0)
                r = sd_journal_get_cutoff_realtime_usec(j, &first, &last);
        if (r == 0)
                return may_be_hidden() ? -EACCES : -ENODATA;
        if (r >= 0)
                r = sd_journal_get_usage(j, &bytes);
        if (r < 0)
                return r == -EPERM ? -EACCES : r;
        *ret_first = first;
        *ret_last = last;
        *ret_bytes = bytes;
        return 0;
}
