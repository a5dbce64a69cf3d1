# Rule 2: a destroy message comes when the kernel frees the socket and its worker has time. Both can be long after the connection was over: it
# ended after the last look that showed it, and before the message was read.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
  8 1002
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established
at 10.2 judge
> connection-present c1
> connection-present c2
at 10.5-10.6 note destroy tcp c1 - 10.0.0.2:443 203.0.113.9:51544 closed sent=100 received=5
> connection-vanished c1 NOT_BEFORE=10.1 NOT_AFTER=10.6 SEEN_BY=destroy BYTES_SENT=100 BYTES_RECEIVED=5 STATE=established
at 9.9-10.7 note destroy tcp c2 - 10.0.0.2:443 203.0.113.9:51546 closed
> connection-vanished c2 NOT_BEFORE=10.1 NOT_AFTER=10.7 -BYTES_SENT
