# Rule 4: where destroy messages come, a connection that a look lacks is not asked about at once: the message may be on its way, and has the last figures.
rules
  web: comm=nginx
hears tcp
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
  8 1002
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established sent=1 received=1
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established sent=1 received=1
at 10.2 judge
> connection-present c1
> connection-present c2
at 11.1-11.2 look tcp
at 11.2 judge
at 11.3 question
at 11.6-11.7 note destroy tcp c1 - 10.0.0.2:443 203.0.113.9:51544 closed sent=100 received=200
> connection-vanished c1 NOT_BEFORE=10.1 NOT_AFTER=11.7 BYTES_SENT=100 BYTES_RECEIVED=200 SEEN_BY=destroy
at 12.1-12.2 look tcp
at 12.2 judge
at 12.3 question c2=gone
> connection-vanished c2 BYTES_SENT=1 SEEN_BY=snapshot
