#!/bin/bash
# SPDX-License-Identifier: MIT
# Reloads, restarts, and ends of all kinds: what was told goes on, and what was not observed is a gap.
source "${0%/*}/common.sh"

configure <<'C'
interval: 200ms
watch:
  - name: pythons
    match: {comm: "python3*"}
C
systemctl restart sockauditd
hold() { exec python3 -c 'import socket, time
c = socket.create_connection(("127.0.0.1", 8080)); time.sleep(600)'; }
hold &
kept=$!
told connection-appeared SOCKAUDIT_EVENT=connection-present SOCKAUDIT_PID=$kept
of_kept() { events SOCKAUDIT_EVENT SOCKAUDIT_PID=$kept SOCKAUDIT_PEER_PORT=8080; }
[ "$(of_kept | wc -l)" = 1 ]

# With other rules the process is the same, and what was told is not told again.
echo '  - name: all' >>/etc/sockaudit/sockaudit.yaml
before=$(pid)
systemctl reload sockauditd
told audit-reloaded SOCKAUDIT_RUN="$(run "$before")"
[ "$(pid)" = "$before" ]

# A bad configuration is refused, and the old one stays.
echo 'nonsense: [' >>/etc/sockaudit/sockaudit.yaml
systemctl reload sockauditd || true
is_active
[ "$(pid)" = "$before" ]
sed -i '$d' /etc/sockaudit/sockaudit.yaml

# A restart is told as a stop by systemd and a start, with the span between them.
systemctl restart sockauditd
is_another "$before"
told audit-stopped SOCKAUDIT_RUN="$(run "$before")" SOCKAUDIT_STOPPED_BY=1/0/systemd
told audit-gap SOCKAUDIT_RUN="$(run "$(pid)")" SOCKAUDIT_GAP_REASON=stopped
delivered
complete "$(run "$before")"
[ "$(of_kept | wc -l)" = 1 ]

# What ended while it was stopped ended in this span.
hold &
ended=$!
told connection-appeared SOCKAUDIT_EVENT=connection-present SOCKAUDIT_PID=$ended
systemctl stop sockauditd
[ "$(systemctl show -P Result sockauditd)" = success ]
kill $ended
systemctl start sockauditd
told connection-vanished SOCKAUDIT_PID=$ended SOCKAUDIT_RUN="$(run "$(pid)")"
[ "$(of_kept | wc -l)" = 1 ]

# ended_badly BEFORE: it has come back, says that it was away, and tells what is there anew.
ended_badly() {
        another "$1"
        told audit-gap SOCKAUDIT_RUN="$(run "$(pid)")" SOCKAUDIT_GAP_REASON=crashed
        told connection-present SOCKAUDIT_RUN="$(run "$(pid)")" SOCKAUDIT_PID=$kept
        delivered
        complete "$(run "$1")"
}

systemd_said() { [ -n "$(journalctl -q -o cat -u sockauditd _PID=1 | grep "$1")" ]; }

before=$(pid)
kill -KILL "$before"
ended_badly "$before"
[ "$(restarts)" = 1 ]

# It hangs, and the watchdog ends it.
mkdir -p /etc/systemd/system/sockauditd.service.d
printf '[Service]\nWatchdogSec=2s\nTimeoutAbortSec=1s\n' >/etc/systemd/system/sockauditd.service.d/watchdog.conf
systemctl daemon-reload
systemctl restart sockauditd
before=$(pid)
sleep 4 # while it does not hang nothing ends it
[ "$(pid)" = "$before" ]
kill -STOP "$before"
ended_badly "$before"
within systemd_said 'Watchdog timeout'
rm /etc/systemd/system/sockauditd.service.d/watchdog.conf

# However often it is killed, it comes back: no limit of starts keeps it down.
printf '[Service]\nRestartSec=100ms\n' >/etc/systemd/system/sockauditd.service.d/often.conf
systemctl daemon-reload
for ((i = 0; i < 12; i++)); do
        before=$(pid)
        kill -KILL "$before"
        another "$before"
done
ended_badly "$before"
rm /etc/systemd/system/sockauditd.service.d/often.conf
systemctl daemon-reload

# A bad configuration at the start stays bad: it is not tried again and again.
cp /etc/sockaudit/sockaudit.yaml /tmp/good.yaml
echo 'nonsense: [' >>/etc/sockaudit/sockaudit.yaml
if systemctl restart sockauditd 2>/dev/null; then echo 'it started with a bad configuration' >&2; exit 1; fi
[ "$(systemctl show -P ActiveState sockauditd)" = failed ]
cp /tmp/good.yaml /etc/sockaudit/sockaudit.yaml
systemctl start sockauditd
nothing_lost
kill $kept
