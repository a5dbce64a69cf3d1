# Rule 7: a destroy message without peer port was never connected, or refused, or reset: it is counted, and no connection. One
# about a connection that is known ends it all the same.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established sent=100 received=5
at 10.2 judge
> connection-present c1
at 10.5-10.6 note destroy tcp c7 - 10.0.0.2:40000 - closed
at 10.5-10.6 note destroy tcp c8 - - - closed
at 10.5-10.6 note destroy tcp c1 - 10.0.0.2:443 - closed sent=0 received=0
> connection-vanished c1 PEER=203.0.113.9:51544 BYTES_SENT=100
at 11 flush
at 12 balance
> audit-balance MISSED=0 UNATTRIBUTABLE=2
