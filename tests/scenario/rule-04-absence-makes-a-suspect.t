# Rule 4: a finished dump is not a complete one. What it lacks is asked about, and only then gone.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched nginx[812] RULE=web -NOT_BEFORE NOT_AFTER=10
at 10 walk 812
  7 1001
  8 1002
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established
at 10.2 judge
> connection-present c1 nginx[812] NOT_AFTER=10.2 -NOT_BEFORE STATE=established FD=7
> connection-present c2 nginx[812] NOT_AFTER=10.2 -NOT_BEFORE STATE=established FD=8
status suspects=0 sockets=2
at 11.1-11.2 look tcp
at 11.2 judge
status suspects=2
at 11.3 question c1=gone c2=alive
> connection-vanished c1 nginx[812] NOT_BEFORE=10.1 NOT_AFTER=11.3
status suspects=0 sockets=1
# It was alive when the look ended that lacked it.
at 12.1-12.2 look tcp
at 12.2 judge
at 12.3 question c2=gone
> connection-vanished c2 NOT_BEFORE=11.2 NOT_AFTER=12.3
status sockets=0 suspects=0
