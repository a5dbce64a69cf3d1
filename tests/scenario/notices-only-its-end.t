# A close that says when its use began is a whole connection; one that does not was missed. A process that the notice names and
# nobody knew is known from it.
rules
  web: comm=curl
at 10 scan
  1/1 init
at 10.1-10.2 look tcp
at 10.2 judge
at 10.5 note close tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 closed opened=10.4 pid=900/1030 comm=curl direction=egress end=closed sent=5
> connection-completed c1 curl[900] OPENED_AT=10.4 NOT_BEFORE=10.5 NOT_AFTER=10.5 BYTES_SENT=5 DURATION=0.1 DIRECTION=egress
at 10.6 note close tcp c2 1002 10.0.0.2:40002 203.0.113.9:443 closed
at 10.7 note close tcp c3 1003 10.0.0.2:40004 203.0.113.9:443 closed opened=10.65 pid=901/1040 comm=wget
at 11 flush
> connection-summary MISSED=1
