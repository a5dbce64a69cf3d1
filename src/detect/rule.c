/* SPDX-License-Identifier: MIT */

/* Rule: matching of processes and sockets. Everything here is a plain question without memory; that a match
 * is sticky, and that RuleBits pass from parent to child, is kept by the ledger.
 *
 * An unknown fact (an exe that may not be read, no unit) is not matched by any glob, neither in `match` nor in
 * `not`: doubt neither watches by a name that was not seen nor excludes by it. */

#include "detect/rule.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

static const char *const direction_names[_DIRECTION_MAX] = {
        [DIRECTION_INGRESS] = "ingress",
        [DIRECTION_EGRESS] = "egress",
};

const char *direction_name(unsigned direction) {
        return direction < _DIRECTION_MAX ? direction_names[direction] : NULL;
}

Direction direction_from_name(const char *name) {
        for (Direction d = DIRECTION_INGRESS; d < _DIRECTION_MAX; d++)
                if (strcmp(direction_names[d], name) == 0)
                        return d;
        return DIRECTION_UNKNOWN;
}

const char *fold_by_name(unsigned by) {
        static const char *const names[_FOLD_BY_MAX] = {
                [FOLD_BY_EXE] = "exe",
                [FOLD_BY_COMM] = "comm",
                [FOLD_BY_UNIT] = "unit",
                [FOLD_BY_USER] = "user",
                [FOLD_BY_CONTAINER] = "container",
                [FOLD_BY_PEER] = "peer",
                [FOLD_BY_PEER_PORT] = "peer_port",
                [FOLD_BY_LOCAL_PORT] = "local_port",
                [FOLD_BY_DIRECTION] = "direction",
                [FOLD_BY_TRANSPORT] = "transport",
                [FOLD_BY_NETNS] = "netns",
        };

        return by < _FOLD_BY_MAX ? names[by] : NULL;
}

int strings_add(Strings *s, const char *item) {
        char **items, *copy;

        copy = strdup(item);
        if (!copy)
                return -ENOMEM;
        items = array_grow(s->items, s->count, sizeof(char *));
        if (!items) {
                free(copy);
                return -ENOMEM;
        }
        s->items = items;
        s->items[s->count++] = copy;
        return 0;
}

void strings_done(Strings *s) {
        for (size_t i = 0; i < s->count; i++)
                free(s->items[i]);
        free(s->items);
        *s = (Strings){};
}

void match_done(Match *m) {
        strings_done(&m->comm);
        strings_done(&m->exe);
        strings_done(&m->cmdline);
        strings_done(&m->unit);
        strings_done(&m->cgroup);
        free(m->uids);
        if (m->not)
                match_done(m->not);
        free(m->not);
        *m = (Match){};
}

/* No globs: nothing was asked, it holds. */
static bool globs_match(const Strings *globs, const char *a, const char *b) {
        if (globs->count == 0)
                return true;
        for (size_t i = 0; i < globs->count; i++)
                if ((a && fnmatch(globs->items[i], a, 0) == 0) || (b && fnmatch(globs->items[i], b, 0) == 0))
                        return true;
        return false;
}

static bool uids_match(const Match *m, uint32_t uid) {
        if (m->uid_count == 0)
                return true;
        if (uid == PROCESS_UNKNOWN)
                return false;
        for (size_t i = 0; i < m->uid_count; i++)
                if (uid >= m->uids[i].first && uid <= m->uids[i].last)
                        return true;
        return false;
}

bool match_process(const Match *m, const Process *p) {
        return uids_match(m, p->uid) &&
               globs_match(&m->comm, p->comm, NULL) &&
               globs_match(&m->exe, p->exe, NULL) &&
               globs_match(&m->unit, p->unit, p->user_unit) &&
               globs_match(&m->cgroup, p->cgroup, NULL) &&
               globs_match(&m->cmdline, p->cmdline, NULL) &&
               !(m->not && match_process(m->not, p));
}

void socketfilter_done(SocketFilter *f) {
        f->local = addressset_free(f->local);
        f->peer = addressset_free(f->peer);
}

static bool bits_match(uint32_t bits, unsigned i) {
        return bits == 0 || (i < 32 && (bits >> i & 1));
}

/* `family: ipv4` means IPv4 traffic, also of a dual-stack socket, which is how half of all servers listen; the
 * kernel calls it IPv6, and by that name it is found, too. */
static bool family_match(const SocketFilter *f, const Socket *s) {
        Endpoint peer = s->peer, local = s->local;

        if (bits_match(f->families, s->family))
                return true;
        return s->family == FAMILY_IPV6 &&
               (bits_match(f->families, endpoint_normalise(FAMILY_IPV6, &peer)) ||
                bits_match(f->families, endpoint_normalise(FAMILY_IPV6, &local)));
}

bool socketfilter_match(const SocketFilter *f, const Socket *s, Direction direction, bool listener) {
        if (f->listen >= 0 && (f->listen > 0) != listener)
                return false;
        /* No bit of an unknown direction (or state) is ever set: it passes only where nothing was asked. */
        return (bits_match(f->transports, s->transport) || bits_match(f->transports, transport_on_wire(s->transport))) &&
               bits_match(f->states, s->state) &&
               bits_match(f->directions, direction) &&
               family_match(f, s) &&
               addressset_has_local(f->local, s) &&
               addressset_has_peer(f->peer, s);
}

static void rule_done(Rule *r) {
        free(r->name);
        free(r->text);
        if (r->match)
                match_done(r->match);
        free(r->match);
        socketfilter_done(&r->sockets);
}

void ruleset_done(RuleSet *r) {
        for (size_t i = 0; i < r->count; i++)
                rule_done(&r->rules[i]);
        free(r->rules);
        for (size_t i = 0; i < r->exclude_count; i++)
                match_done(&r->excludes[i]);
        free(r->excludes);
        *r = (RuleSet){};
}

bool ruleset_excludes(const RuleSet *r, const Process *p) {
        for (size_t i = 0; i < r->exclude_count; i++)
                if (match_process(&r->excludes[i], p))
                        return true;
        return false;
}

/* A rule that its parent matched passes to a child, whatever the child is, but for `not`: that names exactly the
 * processes that the rule is not about. */
static bool rule_inherited(const Rule *rule, const Process *p) {
        return rule->descendants && !(rule->match->not && match_process(rule->match->not, p));
}

int ruleset_match(const RuleSet *r, const Process *p, const RuleBits *parent, RuleBits *ret) {
        RuleBits bits = {};
        int first = -1;

        for (size_t i = 0; i < r->count && i < RULES_MAX; i++) {
                const Rule *rule = &r->rules[i];

                if (!rule->match)
                        continue;
                if (!match_process(rule->match, p) &&
                    !(parent && rulebits_has(parent, i) && rule_inherited(rule, p)))
                        continue;
                rulebits_add(&bits, i);
                if (first < 0)
                        first = (int) i;
        }

        *ret = bits;
        return first;
}
