#!/bin/bash
# SPDX-License-Identifier: MIT
# As installed: the unit starts, tells what is there whoever it belongs to, and the log of another unit has what is about that.
source "${0%/*}/common.sh"

ip link set lo up

# The configuration is good, and the daemon finds it.
sockaudit check >/dev/null
sockauditd --once --sink=text | grep 'started: version' >/dev/null
journalctl --update-catalog

configure <<'C'
interval: 200ms
balance: 2s
watch:
  - name: pythons
    match: {comm: "python3*"}
C

systemctl start sockauditd
is_active
told audit-started
journalctl -q -x SYSLOG_IDENTIFIER=sockaudit | grep 'Subject: The socket audit has started' >/dev/null

# The heartbeat: the sandbox lets it ask how the clock does. The journal is limited as the unit says.
told audit-balance SOCKAUDIT_CLOCK_SYNC=no SOCKAUDIT_CLOCK_SYNC=yes
sockaudit doctor >/tmp/doctor || [ $? = 1 ]
for check in service heartbeat configuration journald 'rate limit' 'self-test sock_diag' 'self-test proc'; do
        grep -E "^$check +ok " /tmp/doctor || { cat /tmp/doctor; false; }
done
grep -F 'journald takes 1000000 events of the service in 1000 ms' /tmp/doctor

# What it sends it reads back: nothing of delivery is degraded.
delivered
[ -z "$(events SOCKAUDIT_DEGRADED SOCKAUDIT_EVENT=audit-started | grep journal || true)" ]

# It may read how long the journal keeps, too. These limits are new to journald, which goes on.
mkdir -p /etc/systemd/journald.conf.d
printf '[Journal]\n%s=2\n%s=2\nMaxRetentionSec=1\n' RuntimeMaxFiles SystemMaxFiles >/etc/systemd/journald.conf.d/keeps.conf
journalctl --rotate
told audit-balance SOCKAUDIT_KEEPS=1000000
rm /etc/systemd/journald.conf.d/keeps.conf

# Of another user, and under a sandbox: nothing is hidden from the unit.
systemd-run -q --unit=listener -p DynamicUser=yes -p ProtectProc=invisible python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 8080)); time.sleep(600)'
told listener-appeared SOCKAUDIT_EVENT=listener-present SOCKAUDIT_LOCAL_PORT=8080 SOCKAUDIT_UNIT=listener.service
python=$(readlink -f "$(command -v python3)")
told process-matched SOCKAUDIT_PID="$(systemctl show -P MainPID listener)" SOCKAUDIT_EXE="$python" SOCKAUDIT_UID="$(stat -c %u "/proc/$(systemctl show -P MainPID listener)")"
python3 -c 'import socket, time
c = socket.create_connection(("127.0.0.1", 8080)); time.sleep(600)' &
client=$!
told connection-appeared SOCKAUDIT_EVENT=connection-present SOCKAUDIT_PID=$client SOCKAUDIT_PEER_PORT=8080
kill $client
told connection-vanished SOCKAUDIT_PID=$client SOCKAUDIT_PEER_PORT=8080

# A network namespace that it may not enter is read from the text of /proc.
systemd-run -q --unit=closed -p PrivateNetwork=yes python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 8082)); time.sleep(600)'
told listener-appeared SOCKAUDIT_EVENT=listener-present SOCKAUDIT_LOCAL_PORT=8082 SOCKAUDIT_UNIT=closed.service
systemctl stop closed
told listener-vanished SOCKAUDIT_LOCAL_PORT=8082

# Problems alone are in the log of the unit that they are about, unless it is to have all: also of processes that are gone.
configure <<'C'
interval: 200ms
unit_log: all
watch:
  - name: web
    match: {unit: ["nginx.service", "brief.service"]}
C
[ -z "$(journalctl -q -o cat -t sockaudit -u listener)" ]
systemctl reload sockauditd
told audit-reloaded
of_unit() { [ -n "$(journalctl -q -o cat -t sockaudit -u "$1" SOCKAUDIT_EVENT="$2")" ]; }
systemctl start nginx
within of_unit nginx process-matched
within of_unit nginx listener-appeared || within of_unit nginx listener-present
systemctl stop nginx
within of_unit nginx process-gone
within of_unit nginx listener-vanished
systemd-run -q --unit=brief --wait python3 -c 'import socket, time
c = socket.create_connection(("127.0.0.1", 8080)); time.sleep(1)'
within of_unit brief process-gone
journalctl -q -o cat -t sockaudit -u brief | grep ' tcp 127.0.0.1:.* 127.0.0.1:8080' >/dev/null
