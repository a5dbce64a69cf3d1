# Rule 6 for text of /proc: a UDP socket that connects has other addresses and the same inode: it is the same socket.
rules
  dns: comm=dnsmasq
at 10 scan
  812/100 dnsmasq
> process-matched
at 10 walk 812
  7 1001
  8 1002
at 10.1-10.2 look udp
  - 1001 *:53 - closed
  - 1002 *:53 - closed
at 10.2 judge
> listener-present i1001
> listener-present i1002
at 11.1-11.2 look udp
  - 1001 10.0.0.2:53 203.0.113.9:53 established
  - 1002 *:53 - closed
at 11.2 judge
> connection-changed i1001 CHANGED=state,peer PEER=203.0.113.9:53 NOT_BEFORE=10.1 NOT_AFTER=11.2
status suspects=0 sockets=2
