# Rule 3: rows that were on their way when a notice closed the socket do not resurrect it: not one that was told, not one
# that was foreign, not one that was never seen.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:22 203.0.113.9:51546 established
at 10.2 judge
> connection-present c1
at 11 walk 812
  7 1001
  8 1002
  9 1003
at 11.1 look tcp begin
at 11.12-11.13 note destroy tcp c1 - 10.0.0.2:443 203.0.113.9:51544 closed
> connection-vanished c1 NOT_BEFORE=10.1 NOT_AFTER=11.13
at 11.13-11.14 note destroy tcp c2 - 10.0.0.2:22 203.0.113.9:51546 closed
at 11.14-11.15 note destroy tcp c3 - 10.0.0.2:443 203.0.113.9:51548 closed
at 11.15 look tcp more
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:22 203.0.113.9:51546 established
  c3 1003 10.0.0.2:443 203.0.113.9:51548 established
at 11.2 look tcp end
at 11.2 judge
at 11.3 question
status sockets=0
at 11.4 flush
> connection-summary MISSED=1 PEER=203.0.113.9:51548
