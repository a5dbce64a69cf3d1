# Rule 9, the same by looks: what a destroy message ends before the judgement is one event. A time in the middle of a look is not
# its beginning.
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
at 11.1 look tcp begin
  c1 1001 10.0.0.2:40000 203.0.113.9:443 established
  c2 1002 10.0.0.2:40002 203.0.113.9:443 established
at 11.12-11.15 note destroy tcp c1 - 10.0.0.2:40000 203.0.113.9:443 closed sent=100 received=5
> connection-completed c1 curl[812] OPENED_NOT_BEFORE=10.1 OPENED_AT=11.15 NOT_BEFORE=11.1 NOT_AFTER=11.15 SEEN_BY=destroy
at 11.3 look tcp end
at 11.3-11.4 note destroy tcp c2 - 10.0.0.2:40002 203.0.113.9:443 closed
> connection-completed c2 curl[812] OPENED_NOT_BEFORE=10.1 OPENED_AT=11.3 NOT_BEFORE=11.1 NOT_AFTER=11.4
at 11.5 judge
status sockets=0
