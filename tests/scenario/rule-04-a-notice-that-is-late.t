# Rule 4: ... and it may be late by more than one short interval: it is waited for up to a second after the look that last showed the socket.
rules
  web: comm=nginx
hears tcp
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established sent=1 received=1
at 10.2 judge
> connection-present c1
at 10.3-10.4 look tcp
at 10.4 judge
at 10.4 question
at 10.9-11.0 look tcp
at 11.0 judge
at 11.0 question
at 11.1-11.2 look tcp
at 11.2 judge
at 11.3 question c1=gone
> connection-vanished c1 NOT_BEFORE=10.1 NOT_AFTER=11.3 BYTES_SENT=1 SEEN_BY=snapshot
