/* SPDX-License-Identifier: MIT */

/* Ledger: closes of connections that were never in the map (rule 7). They are told one by one where a rule says `missed: each`, or where the local port is
 * that of a listener which is told, unless the rule of what it accepts folds. The process of such a close is not known: `match` of a rule is not asked, and a listener's
 * process is named as what it is, the one that listens there. All others are counted. */

#include "detect/ledger-internal.h"

static Direction direction_of(const Ledger *l, const TableState *t, const Socket *s) {
        if (ledger_listens(l, &t->netns, s->transport, s->family, &s->local, 0))
                return DIRECTION_INGRESS;
        if (ledger_is_ephemeral(l, s->local.port) && !ledger_is_ephemeral(l, s->peer.port))
                return DIRECTION_EGRESS;
        return DIRECTION_UNKNOWN;
}

/* NULL: none asks for it. */
static const Rule *rule_of(const Ledger *l, const Socket *s, Direction direction) {
        Socket alive = *s;

        alive.state = STATE_ESTABLISHED; /* that of the message is always CLOSE */
        for (size_t i = 0; i < l->rules->count; i++)
                if (l->rules->rules[i].missed_each && socketfilter_match(&l->rules->rules[i].sockets, &alive, direction, false))
                        return &l->rules->rules[i];
        return NULL;
}

/* The rule that had told it, had it been seen at this listener; else that of the listener. */
static const Rule *rule_there(const Ledger *l, const Connection *by, const Socket *s) {
        Socket alive = *s;

        alive.state = STATE_ESTABLISHED;
        for (size_t i = 0; by->primary && i < l->rules->count; i++) {
                const Rule *rule = &l->rules->rules[i];

                if ((!rule->match || rulebits_has(&by->primary->matched, i)) && socketfilter_match(&rule->sockets, &alive, DIRECTION_INGRESS, false))
                        return rule;
        }
        return &l->rules->rules[by->rule];
}

static void set_figures(Event *e, const Socket *s) {
        if (s->bytes_sent != SOCKET_UNKNOWN)
                event_set_number(e, EVENT_FIELD_BYTES_SENT, s->bytes_sent);
        if (s->bytes_received != SOCKET_UNKNOWN)
                event_set_number(e, EVENT_FIELD_BYTES_RECEIVED, s->bytes_received);
        if (s->total_retransmits != SOCKET_UNKNOWN && s->total_retransmits != 0)
                event_set_number(e, EVENT_FIELD_RETRANSMITS, s->total_retransmits);
}

static void set_socket(Event *e, const TableState *t, const Socket *s, Direction direction) {
        if (s->cookie != 0)
                event_set_number(e, EVENT_FIELD_COOKIE, s->cookie);
        if (t->netns.inode != 0)
                event_set_number(e, EVENT_FIELD_NETNS, t->netns.inode);
        event_set_number(e, EVENT_FIELD_FAMILY, s->family);
        event_set_number(e, EVENT_FIELD_TRANSPORT, s->transport);
        if (direction != DIRECTION_UNKNOWN)
                event_set_number(e, EVENT_FIELD_DIRECTION, direction);
        ledger_event_address(e, EVENT_FIELD_LOCAL_ADDRESS, EVENT_FIELD_LOCAL_PORT, s->family, &s->local);
        ledger_event_address(e, EVENT_FIELD_PEER_ADDRESS, EVENT_FIELD_PEER_PORT, s->family, &s->peer);
}

static void tell(Ledger *l, const Notice *n, const TableState *t, const Connection *by, const Rule *rule, Direction direction) {
        Event *e = ledger_event(l, EVENT_CONNECTION_MISSED, n->not_before, n->not_after, n->source == NOTICE_BY_BPF ? "bpf" : "destroy");

        set_socket(e, t, &n->socket, direction);
        set_figures(e, &n->socket);
        if (rule)
                event_set_word(e, EVENT_FIELD_RULE, rule->name);
        if (by && by->primary) {
                event_set_word(e, EVENT_FIELD_ATTRIBUTION, attribution_name(ATTRIBUTION_LISTENER));
                ledger_event_process(l, e, by->primary, false);
        }
        ledger_say(l, e);
}

void ledger_tell_missed(Ledger *l, const Notice *n, const TableState *t) {
        const Socket *s = &n->socket;
        Direction direction = direction_of(l, t, s);
        const Connection *by = ledger_listener(l, &t->netns, s->transport, s->family, &s->local);
        const Rule *rule = NULL;

        if (by && (!by->told || by->rule == RULE_NONE))
                by = NULL;
        rule = by ? rule_there(l, by, s) : rule_of(l, s, direction);
        if ((rule && (rule->missed_each || rule->fold.by == 0) && !l->budget.spent) || !ledger_folds_missed(l, n, t, by, rule, direction))
                tell(l, n, t, by, rule, direction);
}
