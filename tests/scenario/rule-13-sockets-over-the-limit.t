# Rule 13: reaching a limit is one event with the count, and that there is room again another one, over the whole span. What found no room is known by its age, and
# told when there is.
options max_sockets=2
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11 walk 812
  7 1001
  8 1002
  9 1003
  10 1004
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51541 established
  c2 1002 10.0.0.2:443 203.0.113.9:51542 established
  c3 1003 10.0.0.2:443 203.0.113.9:51543 established
  c4 1004 10.0.0.2:443 203.0.113.9:51544 established
at 11.2 judge
> connection-appeared c1
> connection-appeared c2
> audit-gap GAP_REASON=over-limit GAP_COUNT=2 GAP_LIMIT=sockets NOT_BEFORE=10.2 NOT_AFTER=11.2 -GAP_TABLE
status sockets=2 foreign=2
at 11.5-11.6 note destroy tcp c1 - 10.0.0.2:443 203.0.113.9:51541 closed
> connection-vanished c1
at 12.1-12.2 look tcp
  c2 1002 10.0.0.2:443 203.0.113.9:51542 established
  c3 1003 10.0.0.2:443 203.0.113.9:51543 established
  c4 1004 10.0.0.2:443 203.0.113.9:51544 established
at 12.2 judge
> connection-appeared c3 NOT_BEFORE=10.1 NOT_AFTER=12.2
at 12.5-12.6 note destroy tcp c2 - 10.0.0.2:443 203.0.113.9:51542 closed
> connection-vanished c2
at 13.1-13.2 look tcp
  c3 1003 10.0.0.2:443 203.0.113.9:51543 established
  c4 1004 10.0.0.2:443 203.0.113.9:51544 established
at 13.2 judge
> connection-present c4 -NOT_BEFORE
# That is not room yet. When there is, the whole span is told, and the next event of this kind may come.
at 13.5-13.6 note destroy tcp c3 - 10.0.0.2:443 203.0.113.9:51543 closed
> connection-vanished c3
at 14.1-14.2 look tcp
  c4 1004 10.0.0.2:443 203.0.113.9:51544 established
at 14.2 judge
> audit-gap GAP_REASON=over-limit GAP_COUNT=2 GAP_LIMIT=sockets NOT_BEFORE=10.2 NOT_AFTER=14.2
at 15 walk 812
  10 1004
  11 1005
  12 1006
at 15.1-15.2 look tcp
  c4 1004 10.0.0.2:443 203.0.113.9:51544 established
  c5 1005 10.0.0.2:443 203.0.113.9:51545 established
  c6 1006 10.0.0.2:443 203.0.113.9:51546 established
at 15.2 judge
> connection-appeared c5
> audit-gap GAP_REASON=over-limit GAP_COUNT=1 NOT_BEFORE=14.2 NOT_AFTER=15.2
