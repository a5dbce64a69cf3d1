# Where UDP is hooked, one record tells a socket at its end, with who began to use it and when: between two looks it is one event; what a look has shown ends with the
# peer that it had last; and what a look has shown of somebody who is not watched is judged by who began it.
options exact=yes
rules
  web: comm=dig
at 10 scan
  1/1 init
  812/100 dig
> process-matched
at 10.1-10.2 look udp
at 10.2 judge
at 10.5 note close udp c1 1001 10.0.0.2:40000 203.0.113.9:53 established opened=10.4 first=yes pid=812/100 comm=dig end=closed
> connection-completed c1 dig[812] OPENED_AT=10.4 NOT_BEFORE=10.5 NOT_AFTER=10.5 -BYTES_SENT DURATION=0.1 SEEN_BY=bpf END=closed STATE=established
at 10.6 note close udp c2 1002 *:40001 - closed opened=10.55 first=yes pid=901/1040 comm=wget
at 10.9 walk 812
  3 1003
at 11.1-11.2 look udp
  c3 1003 *:40003 - closed
  c4 1004 *:40004 - closed
at 11.2 judge
> connection-appeared c3 STATE=unconnected
at 11.5 note close udp c3 1003 10.0.0.2:40003 203.0.113.9:53 established opened=10.8 first=yes pid=812/100 comm=dig end=closed
> connection-vanished c3 STATE=established PEER_ADDRESS=203.0.113.9 DURATION=0.7 NOT_BEFORE=11.5
at 11.6 note close udp c4 1004 *:40004 - closed opened=10.9 first=yes pid=812/100 comm=dig end=killed
> connection-completed c4 dig[812] END=killed
at 11.7 note close udp c5 1005 *:0 - closed opened=11.65 first=yes pid=812/100 comm=dig
> connection-completed c5 -LOCAL_ADDRESS -LOCAL_PORT
at 12.1-12.2 look udp
at 12.2 judge
