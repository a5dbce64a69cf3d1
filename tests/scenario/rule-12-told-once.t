# Rule 12: completed connections count, foreign ones do not, and one that was told twice (by reloads) counts once.
options exact=yes
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 10.5 note open tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 syn-sent pid=812 direction=egress
at 10.7 note close tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 closed
> connection-completed c1
at 10.8 note open tcp c2 1002 10.0.0.2:40002 203.0.113.9:443 syn-sent pid=812 direction=egress
at 11 walk 812
  7 1002
at 11.1-11.2 look tcp
  c2 1002 10.0.0.2:40002 203.0.113.9:443 established
  c3 1003 10.0.0.2:40004 203.0.113.9:443 established
at 11.2 judge
> connection-appeared c2
reload
  other: comm=other
at 12 scan
  812/100 curl
> process-gone
at 12.1-12.2 look tcp
  c2 1002 10.0.0.2:40002 203.0.113.9:443 established
at 12.2 judge
reload
  web: comm=curl
at 13 scan
  812/100 curl
> process-matched
at 13 walk 812
  7 1002
at 13.1-13.2 look tcp
  c2 1002 10.0.0.2:40002 203.0.113.9:443 established
at 13.2 judge
> connection-present c2
at 14 balance
> audit-balance -ESTIMATE OPENED_RECORDED=2,0,0 OPENED_REPORTED=2,0,0
