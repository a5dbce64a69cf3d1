#!/bin/bash
# SPDX-License-Identifier: MIT
# journald is killed, restarted and stands still in the midst of events: each is stored, or counted as lost.
source "${0%/*}/common.sh"

churn() { exec python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 0))
for n in range(4):
    kept = [(socket.create_connection(s.getsockname()), s.accept()) for _ in range(150)]
    time.sleep(0.5)'; }
journald() { systemctl show -P MainPID systemd-journald; }
is_journald_back() { [[ $(journald) != "$1" && $(journald) != 0 ]] && journalctl --sync; }

first=$(run "$(pid)")
for how in kill kill kill restart; do
        before=$(journald)
        churn &
        sleep 1
        case $how in
        kill) systemctl kill --signal=KILL systemd-journald ;;
        restart) systemctl restart systemd-journald ;;
        esac
        within is_journald_back "$before"
        wait $!
done
delivered
complete "$first"
[ "$(numbers "$first" | wc -l)" -gt 4000 ]
told_count() { events SOCKAUDIT_CONNECTION SOCKAUDIT_RUN="$first" SOCKAUDIT_EVENT="$1" SOCKAUDIT_EVENT="${2-$1}" | sort -u | wc -l; }
appeared=$(told_count connection-appeared connection-present)
[ "$appeared" -ge 4000 ]

# journald stands still, and the daemon is killed: the next one sends what it had made.
before=$(pid)
systemctl kill --signal=STOP systemd-journald
churn &
wait $!
[ "$(stat -c %s /var/lib/sockaudit/outbox)" -gt 100000 ]
kill -KILL "$before"
systemctl kill --signal=CONT systemd-journald
another "$before"
delivered
complete "$first"
nothing_lost
