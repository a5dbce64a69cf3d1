# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced by each of the numbered scripts: what they all ask of the service and of the journal.
set -Eeuo pipefail
trap 'echo "${0##*/}: line $LINENO failed: $BASH_COMMAND" >&2; systemctl --no-pager status sockauditd >&2; journalctl --no-pager -n 40 >&2' ERR

pid() { systemctl show -P MainPID sockauditd; }
restarts() { systemctl show -P NRestarts sockauditd; }
events() { journalctl -q -o cat --output-fields="$1" _SYSTEMD_UNIT=sockauditd.service "${@:2}"; }
# within COMMAND...: until it says yes, for half a minute at most.
within() {
        local i
        for ((i = 0; i < 300; i++)); do
                ! "$@" || return 0
                sleep 0.1
        done
        return 1
}

is_told() { journalctl --sync && [ -n "$(events SOCKAUDIT_EVENT SOCKAUDIT_EVENT="$1" "${@:2}")" ]; }
# told KIND [MATCH...]: wait until such an event is in the journal. A process that is seen between fork and exec began to match later than
# it began, and what it holds is then told as present: both are right for it.
told() { within is_told "$@"; }

# run PID: that of the daemon with this number, whoever sent the event.
run() {
        told audit-started SOCKAUDIT_PID="$1"
        events SOCKAUDIT_RUN SOCKAUDIT_EVENT=audit-started SOCKAUDIT_PID="$1" | tail -n 1
}

is_active() { [ "$(systemctl is-active sockauditd)" = active ]; }
is_another() { [[ $(pid) != "$1" && $(pid) != 0 ]] && is_active; }
# another PID: the service has come back as another process.
another() { within is_another "$1"; }

# What it sent it has read back: nothing but its head is in the outbox.
is_delivered() { [ "$(stat -c %s /var/lib/sockaudit/outbox)" = 19 ]; }
delivered() { within is_delivered; }

# numbers RUN: those of its events, and the ranges of them that are told as lost, as lines FIRST LAST.
numbers() {
        events SOCKAUDIT_SEQ SOCKAUDIT_RUN="$1" | awk '{ print $1, $1 }'
        journalctl -q -o export _SYSTEMD_UNIT=sockauditd.service SOCKAUDIT_EVENT=audit-lost | awk -F= -v run="$1" '
                { value[$1] = $2 }
                $0 == "" {
                        of = "SOCKAUDIT_LOST_RUN" in value ? value["SOCKAUDIT_LOST_RUN"] : value["SOCKAUDIT_RUN"]
                        if (of == run && "SOCKAUDIT_LOST_FIRST_SEQ" in value) print value["SOCKAUDIT_LOST_FIRST_SEQ"], value["SOCKAUDIT_LOST_LAST_SEQ"]
                        delete value
                }'
}
# complete RUN: no hole between its first and its last number.
complete() {
        journalctl --sync
        numbers "$1" | sort -n | awk '$1 > last + 1 { print "a hole before", $1; hole = 1 } $2 > last { last = $2 } END { exit hole || !last }'
}
nothing_lost() { [ -z "$(events SOCKAUDIT_EVENT SOCKAUDIT_EVENT=audit-lost)" ]; }

# configure: from the standard input.
configure() { cat >/etc/sockaudit/sockaudit.yaml; }
