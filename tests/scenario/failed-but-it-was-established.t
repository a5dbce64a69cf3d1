# SYN_SENT was seen, then it was established and closed between two looks: no failure, with bytes or without, and not either if it was reset by linger 0,
# which takes the peer and all figures off. What says nothing of it (an old kernel) decides nothing.
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 syn-sent
  c2 1002 10.0.0.2:40002 203.0.113.9:443 syn-sent
  c3 1003 10.0.0.2:40004 203.0.113.9:443 syn-sent
  c4 1004 10.0.0.2:40006 203.0.113.9:443 syn-sent
at 11.2 walk 812
  7 1001
  8 1002
  9 1003
  10 1004
at 11.2 judge
> connection-appeared c1
> connection-appeared c2
> connection-appeared c3
> connection-appeared c4
at 11.4-11.5 note destroy tcp c1 - 10.0.0.2:40000 203.0.113.9:443 closed answered=yes sent=20 received=30
> connection-vanished c1 BYTES_SENT=20 BYTES_RECEIVED=30 NOT_BEFORE=11.1 NOT_AFTER=11.5
at 11.4-11.5 note destroy tcp c2 - 10.0.0.2:40002 203.0.113.9:443 closed answered=yes sent=0 received=0
> connection-vanished c2
at 11.4-11.5 note destroy tcp c3 - 10.0.0.2:40004 - closed answered=yes sent=0 received=0
> connection-vanished c3 PEER=203.0.113.9:443
at 11.4-11.5 note destroy tcp c4 - 10.0.0.2:40006 203.0.113.9:443 closed
> connection-vanished c4 STATE=syn-sent
