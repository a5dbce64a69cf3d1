# Notices that come after looks have told the whole connection tell nothing again; the next use is another one. A destroy message
# of what was told is not missed.
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11 walk 812
  7 1001
  8 1002
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 established
  c2 1002 10.0.0.2:40002 203.0.113.9:443 established
at 11.2 judge
> connection-appeared c1
> connection-appeared c2
at 12.1-12.2 look tcp
  c2 - 10.0.0.2:40002 203.0.113.9:443 fin-wait-2 timer=3
at 12.2 judge
> connection-vanished c2
at 12.3 question c1=gone
> connection-vanished c1
at 10.5 note open tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 syn-sent pid=812 direction=egress
at 11.5 note close tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 closed opened=10.5
at 11.6 note open tcp c1 1001 10.0.0.2:40004 203.0.113.9:443 syn-sent pid=812 direction=egress
at 11.7 note close tcp c1 1001 10.0.0.2:40004 203.0.113.9:443 closed
> connection-completed c1.2 OPENED_AT=11.6 NOT_AFTER=11.7
at 12.2-12.4 note destroy tcp c2 - 10.0.0.2:40002 203.0.113.9:443 closed
at 13 flush
