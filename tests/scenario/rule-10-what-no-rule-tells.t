# Rule 10: a socket of a watched process that no rule tells makes no event, not when it ends either.
rules
  web: comm=nginx peer=!loopback
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
  8 1002
at 10.1-10.2 look tcp
  c1 1001 127.0.0.1:443 127.0.0.1:51544 established
at 10.2 judge
at 10.5-10.6 note destroy tcp c1 - 127.0.0.1:443 127.0.0.1:51544 closed
at 11.1-11.2 look tcp
  c2 1002 127.0.0.1:443 127.0.0.1:51546 established
at 11.2 judge
at 12.1-12.2 look tcp
at 12.2 judge
at 12.3 question c2=gone
status sockets=0 seq=1
