# Notices come in order, but late: those of an older use of the socket neither end nor date the one that a look has found.
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11 walk 812
  7 1001
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40002 203.0.113.10:443 established
at 10.5 note open tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 syn-sent pid=812 direction=egress
at 10.6 note close tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 closed
at 10.7 note open tcp c1 1001 10.0.0.2:40002 203.0.113.10:443 syn-sent pid=812 direction=egress
at 11.3 judge
> connection-appeared c1 PEER=203.0.113.10:443 NOT_BEFORE=10.7 NOT_AFTER=10.7
at 11.4 flush
> connection-summary MISSED=1 PEER=203.0.113.9:443
