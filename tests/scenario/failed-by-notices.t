# Told of every transition: how and why an attempt ended is known. One that ended well is none of these, and one that broke down later neither.
options exact=yes
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 10.5 note open tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 syn-sent pid=812 direction=egress
at 10.6 note close tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 closed end=refused error=ECONNREFUSED
> connection-failed c1 curl[812] OPENED_AT=10.5 NOT_BEFORE=10.6 NOT_AFTER=10.6 END=refused ERROR=ECONNREFUSED SEEN_BY=bpf
at 10.7 note open tcp c2 1002 10.0.0.2:40002 203.0.113.9:443 syn-sent pid=812 direction=egress
at 11.1-11.2 look tcp
  c2 1002 10.0.0.2:40002 203.0.113.9:443 syn-sent
at 11.2 judge
> connection-appeared c2 STATE=syn-sent
at 12 note close tcp c2 1002 10.0.0.2:40002 203.0.113.9:443 closed error=EHOSTUNREACH
> connection-failed c2 ERROR=EHOSTUNREACH -END
at 12.1 note open tcp c3 1003 10.0.0.2:40004 203.0.113.9:443 syn-sent pid=812 direction=egress
at 12.2 note state tcp c3 1003 10.0.0.2:40004 203.0.113.9:443 established
at 12.3 note close tcp c3 1003 10.0.0.2:40004 203.0.113.9:443 closed end=timed-out error=ETIMEDOUT
> connection-completed c3 END=timed-out ERROR=ETIMEDOUT
at 12.4 note open tcp c4 1004 10.0.0.2:40006 203.0.113.9:443 syn-sent pid=812 direction=egress
at 12.5 note close tcp c4 1004 10.0.0.2:40006 203.0.113.9:443 closed answered=yes end=closed
> connection-completed c4 END=closed -ERROR
