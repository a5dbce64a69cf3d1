#!/bin/bash
# SPDX-License-Identifier: MIT
# What the unit may do and what it may not, and its drop-ins.
source "${0%/*}/common.sh"

[ "$(sed -n 's/^CapBnd:\t//p' "/proc/$(pid)/status")" = 0000000000081804 ]
[ "$(sed -n 's/^NoNewPrivs:\t//p' "/proc/$(pid)/status")" = 1 ]
[ "$(sed -n 's/^Seccomp:\t//p' "/proc/$(pid)/status")" = 2 ]
[ "$(stat -c %a /var/lib/sockaudit /var/lib/sockaudit/map)" = $'700\n600' ]

# With the drop-in, the namespace of a container is seen, too.
mkdir -p /etc/systemd/system/sockauditd.service.d
cp /usr/share/doc/sockaudit/sockauditd-netns.conf /etc/systemd/system/sockauditd.service.d/
systemctl daemon-reload
systemctl restart sockauditd
systemd-run -q --unit=contained -p PrivateNetwork=yes python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 8081)); time.sleep(600)'
told listener-appeared SOCKAUDIT_EVENT=listener-present SOCKAUDIT_LOCAL_PORT=8081 SOCKAUDIT_UNIT=contained.service
systemctl stop contained
rm /etc/systemd/system/sockauditd.service.d/sockauditd-netns.conf
systemctl daemon-reload
systemctl restart sockauditd

# journald has not been limiting, and no sandbox option was unknown.
[ -z "$(journalctl -q -o cat MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e)" ]
journalctl -q -o cat -u sockauditd | grep -E 'Unknown|ignoring' && exit 1
true
