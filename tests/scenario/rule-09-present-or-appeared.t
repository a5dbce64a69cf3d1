# Rule 9: present is only what may be older than the last look. A foreign socket that gets a watched holder later is present,
# but for one that the look before had not.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 10.2 judge
# New now, and held by nobody who is watched.
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established
unheld 1
at 11.2 judge
status sockets=0 foreign=2
at 12.1-12.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established
  c3 1003 10.0.0.2:443 203.0.113.9:51548 established
unheld 1
at 12.2 judge
# c2 was new in the look before the last, c3 in the last one, c4 in this one.
at 13 walk 812
  7 1001
  8 1002
  9 1003
  10 1004
at 13.1-13.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established
  c3 1003 10.0.0.2:443 203.0.113.9:51548 established
  c4 1004 10.0.0.2:443 203.0.113.9:51550 established
unheld 0
at 13.2 judge
> connection-present c1 -NOT_BEFORE
> connection-present c2 -NOT_BEFORE
> connection-appeared c3 NOT_BEFORE=11.1 NOT_AFTER=13.2
> connection-appeared c4 NOT_BEFORE=12.1 NOT_AFTER=13.2
status sockets=4 foreign=0
