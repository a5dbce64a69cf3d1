# Budget: 4,000 bytes an hour, of which each event takes 1,000. When they are spent, connections of priority 6 are in sums, whatever their rules say; what was told
# singly ends singly, and who was counted is counted to the end.
options budget=96000
rules
  web: comm=nginx listen=no
  fine: comm=curl fold=exe,peer first=1
at 3600 scan
  812/100 nginx exe=/usr/sbin/nginx uid=33 unit=nginx.service
  900/100 curl exe=/usr/bin/curl uid=7
> process-matched
> process-matched
at 3600.1-3600.2 look tcp
  c9 1009 *:443 - listening
at 3600.2 judge
at 3601 walk 812
  3 1001
  4 1002
  5 1003
  6 1004
at 3601 walk 900
  3 1005
at 3601.1-3601.2 look tcp
  c9 1009 *:443 - listening
  c1 1001 10.0.0.2:443 203.0.113.9:1 established
  c2 1002 10.0.0.2:443 203.0.113.9:2 established
  c3 1003 10.0.0.2:443 203.0.113.9:3 established
  c4 1004 10.0.0.2:443 203.0.113.8:4 established
  c5 1005 10.0.0.2:40000 203.0.113.7:80 established
at 3601.2 judge
> connection-appeared c1
> connection-appeared c2
> audit-degraded CONDITION=budget BUDGET_WRITTEN=4000 BUDGET_RULES=web=3000,fine=1000 DURATION=1
at 3602.1-3602.2 look tcp
  c9 1009 *:443 - listening
  c2 1002 10.0.0.2:443 203.0.113.9:2 established
  c4 1004 10.0.0.2:443 203.0.113.8:4 established
at 3602.2 judge
at 3602.3 question c1=gone c3=gone c5=gone
> connection-vanished c1
# More is spent than there is: it takes until that is made good, and a quarter of an hour's budget is there.
at 3603 walk 812
  4 1002
  6 1004
  7 1006
at 3603.1-3603.2 look tcp
  c9 1009 *:443 - listening
  c2 1002 10.0.0.2:443 203.0.113.9:2 fin-wait-2
  c4 1004 10.0.0.2:443 203.0.113.8:4 established
  c6 1006 10.0.0.2:443 203.0.113.9:6 established
at 3603.2 judge
at 4205 fold
> connection-summary RULE=web EXE=/usr/sbin/nginx UNIT=nginx.service UID=33 LOCAL_PORT=443 OPENED=3 CLOSED=1 PEER_COUNT=2
> connection-summary RULE=fine EXE=/usr/bin/curl UID=7 DIRECTION=egress OPENED=1 CLOSED=1 -LOCAL_PORT PEER_COUNT=1
at 8095.1-8095.2 look tcp
  c9 1009 *:443 - listening
  c2 1002 10.0.0.2:443 203.0.113.9:2 fin-wait-2
  c4 1004 10.0.0.2:443 203.0.113.8:4 established
  c6 1006 10.0.0.2:443 203.0.113.9:6 established
at 8095.2 judge
at 11000.1-11000.2 look tcp
  c9 1009 *:443 - listening
  c2 1002 10.0.0.2:443 203.0.113.9:2 fin-wait-2
  c4 1004 10.0.0.2:443 203.0.113.8:4 established
  c6 1006 10.0.0.2:443 203.0.113.9:6 established
at 11000.2 judge
> audit-restored CONDITION=budget NOT_BEFORE=3601.2 NOT_AFTER=11000.2 DURATION=7399 BUDGET_FOLDED=7
# Singly again, each to its end as it began.
at 11001 walk 812
  4 1002
  6 1004
  7 1006
  8 1007
at 11001.1-11001.2 look tcp
  c9 1009 *:443 - listening
  c7 1007 10.0.0.2:443 203.0.113.9:7 established
at 11001.2 judge
> connection-appeared c7
at 11002 question c2=gone c4=gone c6=gone
> connection-vanished c2 STATE=fin-wait-2 -PREVIOUS_STATE
at 11650 fold
> connection-summary RULE=web LOCAL_PORT=443 -OPENED CLOSED=2 PEER_COUNT=2
