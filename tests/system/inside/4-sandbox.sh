#!/bin/bash
# SPDX-License-Identifier: MIT
# What the unit may do and what it may not, and its drop-ins.
source "${0%/*}/common.sh"

[ "$(sed -n 's/^CapBnd:\t//p' "/proc/$(pid)/status")" = 000000c000081804 ]
[ "$(sed -n 's/^NoNewPrivs:\t//p' "/proc/$(pid)/status")" = 1 ]
[ "$(sed -n 's/^Seccomp:\t//p' "/proc/$(pid)/status")" = 2 ]
[ "$(stat -c %a /var/lib/sockaudit /var/lib/sockaudit/map)" = $'700\n600' ]

# with_drop_in NAME: the service is restarted with it.
with_drop_in() {
        local directory=/etc/systemd/system/sockauditd.service.d
        rm -rf $directory
        mkdir -p $directory
        [ -z "$1" ] || cp "/usr/share/doc/sockaudit/$1" $directory/
        systemctl daemon-reload
        systemctl restart sockauditd
}
# serve UNIT PORT [OPTION...]: it listens there, and that is told.
serve() {
        systemd-run -q --unit="$1" "${@:3}" python3 -c "import socket, time
s = socket.create_server(('127.0.0.1', $2)); time.sleep(600)"
        told listener-appeared SOCKAUDIT_EVENT=listener-present SOCKAUDIT_LOCAL_PORT="$2" SOCKAUDIT_UNIT="$1.service"
        systemctl stop "$1"
        told listener-vanished SOCKAUDIT_LOCAL_PORT="$2"
}

# With one drop-in, the namespace of a container is entered.
with_drop_in sockauditd-netns.conf
serve contained 8081 -p PrivateNetwork=yes
systemctl show -P StatusText sockauditd | grep -E 'namespaces by (bpf|sock_diag)' >/dev/null

# With the other it may do even less, and is right about what it sees.
with_drop_in sockauditd-poll.conf
[ "$(sed -n 's/^CapBnd:\t//p' "/proc/$(pid)/status")" = 0000000000080004 ]
serve polled 8083
serve elsewhere 8084 -p PrivateNetwork=yes
with_drop_in ''

# journald has not been limiting, and no sandbox option was unknown.
[ -z "$(journalctl -q -o cat MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e)" ]
journalctl -q -o cat -u sockauditd | grep -E 'Unknown|ignoring' && exit 1
true
