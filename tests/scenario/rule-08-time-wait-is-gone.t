# Rule 8: a row with timer 3 is a mini-socket whatever its state says: the connection is gone, at once, without a question, and
# is not told again while the mini-socket stays.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
  8 1002
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established
at 10.2 judge
> connection-present c1
> connection-present c2
at 11.1-11.2 look tcp
  c1 - 10.0.0.2:443 203.0.113.9:51544 fin-wait-2 timer=3
  c2 - 10.0.0.2:443 203.0.113.9:51546 time-wait
at 11.2 judge
> connection-vanished c1 NOT_BEFORE=10.1 NOT_AFTER=11.2 STATE=established
> connection-vanished c2 NOT_BEFORE=10.1 NOT_AFTER=11.2
at 11.3 question
at 12.1-12.2 look tcp
  c1 - 10.0.0.2:443 203.0.113.9:51544 fin-wait-2 timer=3
at 12.2 judge
at 12.3 question
status sockets=0
