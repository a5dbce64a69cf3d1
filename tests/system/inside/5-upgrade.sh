#!/bin/bash
# SPDX-License-Identifier: MIT
# Before and after another version is installed (run): it is restarted, and goes on with what was told.
source "${0%/*}/common.sh"

case $1 in
before)
        python3 -c 'import socket, time
c = socket.create_connection(("127.0.0.1", 8080)); time.sleep(600)' </dev/null &>/dev/null &
        echo $! >/tmp/kept
        told connection-appeared SOCKAUDIT_EVENT=connection-present SOCKAUDIT_PID=$!
        pid >/tmp/before
        ;;
after)
        before=$(cat /tmp/before)
        is_active
        [ "$(pid)" = "$before" ]
        [[ $(readlink "/proc/$before/exe") = *' (deleted)' ]]
        systemctl daemon-reload
        systemctl restart sockauditd
        is_another "$before"
        [ "$(readlink "/proc/$(pid)/exe")" = /usr/sbin/sockauditd ]
        told audit-gap SOCKAUDIT_RUN="$(run "$(pid)")" SOCKAUDIT_GAP_REASON=stopped
        kill "$(cat /tmp/kept)"
        told connection-vanished SOCKAUDIT_RUN="$(run "$(pid)")" SOCKAUDIT_PID="$(cat /tmp/kept)"
        [ "$(events SOCKAUDIT_EVENT SOCKAUDIT_PID="$(cat /tmp/kept)" SOCKAUDIT_PEER_PORT=8080 | wc -l)" = 2 ]
        systemctl stop sockauditd
        told audit-stopped SOCKAUDIT_RUN="$(run "$(cat /tmp/before)")"
        for run in $(events SOCKAUDIT_RUN SOCKAUDIT_EVENT=audit-started); do complete "$run"; done
        nothing_lost
        ;;
esac
