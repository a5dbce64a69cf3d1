#!/bin/bash
# SPDX-License-Identifier: MIT
# Inside the container, under a real systemd: the unit starts, tells, reloads, survives, stops.
set -euo pipefail
trap 'echo "inside.sh: line $LINENO failed: $BASH_COMMAND" >&2; systemctl --no-pager status sockauditd >&2; journalctl --no-pager -n 40 >&2' ERR

pid() { systemctl show -P MainPID sockauditd; }
# told KIND [MATCH...]: wait until such an event is in the journal. A process that is seen between fork and exec began to match later than
# it began, and what it holds is then told as present: both are right for it.
told() {
        local i
        for ((i = 0; i < 300; i++)); do
                journalctl --sync
                [ -z "$(journalctl -q -o cat _SYSTEMD_UNIT=sockauditd.service SOCKAUDIT_EVENT="$1" "${@:2}")" ] || return 0
                sleep 0.1
        done
        return 1
}

ip link set lo up

# As installed: the configuration is good, and the daemon finds it.
sockaudit check >/dev/null
sockauditd --once --sink=text | grep -q 'started: version'
journalctl --update-catalog

cat >/etc/sockaudit/sockaudit.yaml <<'C'
interval: 200ms
balance: 2s
watch:
  - name: pythons
    match: {comm: "python3*"}
C

systemctl start sockauditd
systemctl is-active sockauditd
told audit-started
journalctl -q -x SYSLOG_IDENTIFIER=sockaudit | grep -q 'Subject: The socket audit has started'

# The heartbeat: the sandbox lets it ask how the clock does. The journal is limited as the unit says.
told audit-balance SOCKAUDIT_CLOCK_SYNC=no SOCKAUDIT_CLOCK_SYNC=yes
sockaudit doctor >/tmp/doctor || [ $? = 1 ]
for check in service heartbeat configuration journald 'rate limit' 'self-test sock_diag' 'self-test proc'; do
        grep -E "^$check +ok " /tmp/doctor || { cat /tmp/doctor; false; }
done
grep -F 'journald takes 1000000 events of the service in 1000 ms' /tmp/doctor

# What it sends it reads back: nothing stays in the outbox, and nothing of delivery is degraded.
delivered() { for ((i = 0; i < 100; i++)); do [ "$(stat -c %s /var/lib/sockaudit/outbox)" != 19 ] || return 0; sleep 0.1; done; return 1; }
delivered
[ -z "$(journalctl -q -o cat SOCKAUDIT_EVENT=audit-started _SYSTEMD_UNIT=sockauditd.service -g 'degraded:.*journal')" ]

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

echo '  - name: all' >>/etc/sockaudit/sockaudit.yaml
before=$(pid)
systemctl reload sockauditd
told audit-reloaded
[ "$(pid)" = "$before" ]

# A network namespace that it may not enter is read from the text of /proc.
systemd-run -q --unit=closed -p PrivateNetwork=yes python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 8082)); time.sleep(600)'
told listener-appeared SOCKAUDIT_EVENT=listener-present SOCKAUDIT_LOCAL_PORT=8082 SOCKAUDIT_UNIT=closed.service
systemctl stop closed
told listener-vanished SOCKAUDIT_LOCAL_PORT=8082

# A bad configuration is refused, and the old one stays.
echo 'nonsense: [' >>/etc/sockaudit/sockaudit.yaml
systemctl reload sockauditd || true
systemctl is-active sockauditd
[ "$(pid)" = "$before" ]
sed -i '$d' /etc/sockaudit/sockaudit.yaml

# A restart is told as a stop by systemd and a start.
systemctl restart sockauditd
told audit-stopped SOCKAUDIT_STOPPED_BY=1/0/systemd
told audit-gap SOCKAUDIT_GAP_REASON=stopped
[ "$(systemctl is-active sockauditd)" = active ]
[ "$(pid)" != "$before" ]
before=$(pid)

# It comes back when it is killed, and says that it was away.
kill -KILL "$before"
for ((i = 0; i < 100; i++)); do [[ $(pid) = "$before" || $(pid) = 0 ]] || break; sleep 0.1; done
[[ $(pid) != "$before" && $(pid) != 0 ]]
[ "$(systemctl show -P NRestarts sockauditd)" = 1 ]
for ((i = 0; i < 100; i++)); do [ "$(systemctl is-active sockauditd)" != active ] || break; sleep 0.1; done

told audit-gap SOCKAUDIT_GAP_REASON=crashed
delivered

# complete RUN: all its numbers are in the journal.
complete() {
        journalctl --sync
        journalctl -q -o cat --output-fields=SOCKAUDIT_SEQ SOCKAUDIT_RUN="$1" | sort -nu | awk '{ if ($1 != ++n) exit 1 } END { if (!n) exit 1 }'
}
run() { journalctl -q -o cat --output-fields=SOCKAUDIT_RUN SOCKAUDIT_EVENT=audit-started _PID="$1" | tail -n 1; }
connect='import socket, sys, time
s = socket.create_server(("127.0.0.1", 0))
kept = [(socket.create_connection(s.getsockname()), s.accept()) for _ in range(500)]
time.sleep(1)'

# journald is killed in the midst of events, and nothing is missing.
first=$(run "$(pid)")
for ((i = 0; i < 3; i++)); do
        python3 -c "$connect" &
        sleep 0.5
        systemctl kill --signal=KILL systemd-journald
        wait $!
done
delivered
complete "$first"

# journald stands still, and the daemon is killed: the next one sends what it had made.
systemctl kill --signal=STOP systemd-journald
python3 -c "$connect"
[ "$(stat -c %s /var/lib/sockaudit/outbox)" -gt 100000 ]
kill -KILL "$(pid)"
systemctl kill --signal=CONT systemd-journald
for ((i = 0; i < 100; i++)); do [ "$(systemctl is-active sockauditd)" != active ] || break; sleep 0.1; done
delivered
complete "$first"
[ -z "$(journalctl -q -o cat SOCKAUDIT_EVENT=audit-lost)" ]

# It may not do what it need not.
[ "$(sed -n 's/^CapBnd:\t//p' "/proc/$(pid)/status")" = 0000000000081804 ]
[ "$(stat -c %a /var/lib/sockaudit /var/lib/sockaudit/map)" = $'700\n600' ]

systemctl stop sockauditd
told audit-stopped
[ "$(systemctl show -P Result sockauditd)" = success ]

# With the drop-in, the namespace of a container is seen, too.
mkdir -p /etc/systemd/system/sockauditd.service.d
cp /usr/share/doc/sockaudit/sockauditd-netns.conf /etc/systemd/system/sockauditd.service.d/
systemctl daemon-reload
systemctl start sockauditd
systemd-run -q --unit=contained -p PrivateNetwork=yes python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 8081)); time.sleep(600)'
told listener-appeared SOCKAUDIT_EVENT=listener-present SOCKAUDIT_LOCAL_PORT=8081 SOCKAUDIT_UNIT=contained.service
systemctl stop sockauditd

# journald has not been limiting, and no sandbox option was unknown.
[ -z "$(journalctl -q -o cat MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e)" ]
journalctl -q -o cat -u sockauditd -g 'Unknown|ignoring' && exit 1
echo 'inside.sh: all as it should be'
