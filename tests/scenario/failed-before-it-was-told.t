# An attempt that ended between the look that showed it and its judgement is one event, with the bounds of its beginning.
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11.0 walk 812
  7 1001
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 syn-sent
at 11.2-11.3 note destroy tcp c1 - 10.0.0.2:40000 203.0.113.9:443 closed answered=no
> connection-failed c1 curl[812] OPENED_NOT_BEFORE=10.1 OPENED_AT=11.2 NOT_BEFORE=11.1 NOT_AFTER=11.3
at 11.3 judge
at 11.4 question
