# Rule 9: what may be older than the first look and ends before the judgement is told both times: nothing vanishes that was not
# told.
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10 walk 812
  7 1001
  8 1002
at 10.1 look tcp begin
  c1 1001 10.0.0.2:40000 203.0.113.9:443 established
  c2 1002 10.0.0.2:40002 203.0.113.9:443 established
at 10.12-10.15 note destroy tcp c1 - 10.0.0.2:40000 203.0.113.9:443 closed
> connection-present c1 curl[812] -NOT_BEFORE NOT_AFTER=10.15
> connection-vanished c1 NOT_BEFORE=10.1 NOT_AFTER=10.15
at 10.15 look tcp more
  c2 - 10.0.0.2:40002 203.0.113.9:443 fin-wait-2 timer=3
at 10.2 look tcp end
at 10.2 judge
> connection-present c2 NOT_AFTER=10.2
> connection-vanished c2 NOT_BEFORE=10.1 NOT_AFTER=10.2
