/* SPDX-License-Identifier: MIT */

/* Manager: its configuration, at the start and at each reload. Two have room: the ledger compares the new rules with those before, which must still be there then. */

#include "manager-internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/log.h"

static void log_messages(int level, const Text *messages) {
        const char *s = text_string(messages);

        while (*s) {
                size_t n = strcspn(s, "\n");
                log_line(level, "%.*s", (int) n, s);
                s += n + (s[n] == '\n');
        }
}

int manager_load(Manager *m, Config *ret) {
        _cleanup_text_ Text messages = TEXT_NULL;
        int r = config_load(m->options.config_path ?: CONFIG_PATH,
                            m->options.config_path ? CONFIG_TRUST_WARN : CONFIG_TRUST_REQUIRED, ret, &messages);

        log_messages(r < 0 ? LOG_ERR : LOG_WARNING, &messages);
        return r;
}

LedgerOptions manager_ledger_options(const Config *c) {
        return (LedgerOptions){
                .own_pid = (uint32_t) getpid(),
                .max_sockets = c->limits.sockets,
                .max_holders = c->limits.holders,
                .baseline = c->baseline,
                .budget = c->budget,
                .cmdline = c->cmdline,
                .tell_community_id = c->community_id,
        };
}

/* Which of the programs the kernel refuses, each for itself. */
static void log_refused(void) {
        int errors[_HOOK_MAX];

        if (hooks_probe(errors) < 0)
                return;
        for (Hook i = 0; i < _HOOK_MAX; i++)
                if (errors[i] < 0)
                        log_error("the kernel refuses %s: %s", hook_name(i), strerror(-errors[i]));
}

int manager_open_collector(Manager *m) {
        CollectorKind kind = (CollectorKind) m->config->collector;
        const char *hook;
        int r;

        if (m->options.once && kind == COLLECTOR_AUTO)
                r = collector_new(&m->collector, kind, m->proc_fd);
        else
                r = collector_new_hooked(&m->collector, kind, m->proc_fd, m->config->limits.ring, m->config->hooks);
        if (r < 0) {
                log_error("collector %s does not work here: %s", collector_name((unsigned) kind), strerror(-r));
                if (kind == COLLECTOR_BPF)
                        log_refused();
        } else if (collector_refusal(m->collector, &hook) < 0)
                log_notice("the kernel does not take our programs (%s%s%s): what comes and goes between two looks is not seen", hook ?: "", hook ? ": " : "",
                           strerror(-collector_refusal(m->collector, &hook)));
        return r;
}

/* Why there are no programs in the kernel. */
static void put_refusal(Text *t, const Collector *c) {
        const char *hook;
        int r = collector_refusal(c, &hook);

        if (r < 0)
                text_printf(t, "bpf: %s%s%s", hook ?: "", hook ? ": " : "", strerrorname_np(-r));
}

/* Why they do not see what they were asked to see beside. */
static void put_options(Text *t, Collector *c, unsigned wanted) {
        for (HookOption o = 0; o < _HOOK_OPTION_MAX; o++) {
                Hook program = _HOOK_MAX;
                int r = !(wanted & 1u << o) ? 0 : collector_hooks(c) ? hooks_option(collector_hooks(c), o, &program) : -EOPNOTSUPP;

                if (r < 0)
                        text_printf(t, "%shooks: %s: %s%s%s", t->size > 0 ? "; " : "", collector_option_name(o), hook_name(program) ?: "",
                                    hook_name(program) ? ": " : "", strerrorname_np(-r));
        }
}

void manager_tell_configuration(Manager *m, EventKind kind) {
        _cleanup_text_ Text rules = TEXT_NULL, degraded = TEXT_NULL;
        Event *e = audit_event(kind);

        for (size_t i = 0; i < m->config->rules.count; i++)
                text_printf(&rules, "%s%s", i > 0 ? ", " : "", m->config->rules.rules[i].text ?: m->config->rules.rules[i].name);
        event_set_bytes(e, EVENT_FIELD_RULES, bytes_of(text_string(&rules)));
        event_set_number(e, EVENT_FIELD_CONFIG_HASH, m->config->hash);
        event_set_word(e, EVENT_FIELD_COLLECTOR, collector_name(collector_kind(m->collector)));
        put_refusal(&degraded, m->collector);
        put_options(&degraded, m->collector, m->config->hooks);
        if (notices_degraded(&m->notices))
                text_printf(&degraded, "%s%s", degraded.size > 0 ? "; " : "", notices_degraded(&m->notices));
        if (m->outlets.degraded.size > 0)
                text_printf(&degraded, "%s%s", degraded.size > 0 ? "; " : "", text_string(&m->outlets.degraded));
        if (degraded.size > 0)
                event_set_word(e, EVENT_FIELD_DEGRADED, text_string(&degraded));
        ledger_say(m->ledger, e);
}

void manager_reload(Manager *m) {
        Config *old = m->config, *new = &m->configs[old == m->configs];
        LedgerOptions options;

        (void) sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long) clock_monotonic());
        if (manager_load(m, new) < 0)
                log_error("the configuration was not reloaded: the one before stays in force");
        else {
                if (new->collector != old->collector || new->hooks != old->hooks || (!m->options.sinks && new->sinks != old->sinks) ||
                    new->limits.queue != old->limits.queue || new->limits.outbox != old->limits.outbox || new->limits.fold_rows != old->limits.fold_rows ||
                    new->limits.ring != old->limits.ring)
                        log_warning("collector, hooks, sinks, limits.queue, limits.outbox, limits.fold_rows and limits.ring are read at start only: restart to change them");
                m->cycle.config = m->config = new;
                m->format.unit_log = new->unit_log;
                /* It compares the rules with those before: they must still be there. */
                ledger_set_rules(m->ledger, &new->rules);
                options = manager_ledger_options(new);
                ledger_set_options(m->ledger, &options);
                config_done(old);
                cycle_restart(&m->cycle);
                manager_tell_configuration(m, EVENT_AUDIT_RELOADED);
                fold_store_rules(&m->fold);
                m->pace.due = 0;
                (void) sd_event_source_set_time_relative(m->timer, 0);
                (void) sd_event_source_set_enabled(m->timer, SD_EVENT_ONESHOT);
        }
        (void) sd_notify(0, "READY=1");
}
