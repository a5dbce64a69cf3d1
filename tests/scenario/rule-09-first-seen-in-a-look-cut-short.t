# Rule 9: first seen in a look that was cut short: it appeared after the last complete one, whichever look made it known.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11.1-11.2 look tcp interrupted
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established
> audit-gap
at 11.2 walk 812
  7 1001
at 11.2 judge
> connection-appeared c1 NOT_BEFORE=10.1 NOT_AFTER=11.2
at 12.1-12.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established
> audit-gap
at 12.2 judge
at 13 walk 812
  7 1001
  8 1002
at 13.1-13.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established
at 13.2 judge
> connection-appeared c2 NOT_BEFORE=10.1 NOT_AFTER=13.2
