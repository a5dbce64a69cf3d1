# Rule 11: closes that the kernel tells of after a restart are of what was known before it, or of what is missed as ever.
rules
  web: comm=nginx missed=each
hears tcp
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
  8 1002
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established
  c3 1003 10.0.0.2:22 203.0.113.9:51548 established
at 10.2 judge
> connection-present c1
> connection-present c2
at 11.1-11.2 look tcp
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established
  c3 1003 10.0.0.2:22 203.0.113.9:51548 established
at 11.2 judge
at 12.1-12.2 look tcp
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established
  c3 1003 10.0.0.2:22 203.0.113.9:51548 established
at 12.2 judge
# c1 was reset, and nginx has not noticed.
at 12.3 question c1=gone
> connection-vanished c1
at 20 restart
hears tcp
# Before the first look.
at 20.1-20.2 note destroy tcp c2 - 10.0.0.2:443 203.0.113.9:51546 closed sent=5 received=7
> connection-vanished c2 nginx[812] SEEN_BY=destroy BYTES_SENT=5 BYTES_RECEIVED=7 NOT_BEFORE=12.1 NOT_AFTER=20.2
at 20.1-20.2 note destroy tcp c1 - 10.0.0.2:443 203.0.113.9:51544 closed
at 20.1-20.2 note destroy tcp c3 - 10.0.0.2:22 203.0.113.9:51548 closed
# Nobody has seen c4: it opened after the look before the stop.
at 20.1-20.2 note destroy tcp c4 - 10.0.0.2:443 203.0.113.9:51550 closed sent=1 received=2
> connection-missed PEER_PORT=51550 BYTES_SENT=1 BYTES_RECEIVED=2
at 20.3 scan
  812/100 nginx
at 20.3 walk 812
at 20.4-20.5 look tcp
at 20.5 judge
