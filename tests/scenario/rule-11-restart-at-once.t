# Rule 11: a stop between first sight and judgement, and before any look at all.
rules
  web: comm=nginx
at 9 restart
at 10 scan
  812/100 nginx
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established
unheld 2
at 11.2 judge
# Nobody who is watched had them, the last time. c3 may have been skipped by both looks: they were the first.
at 20 restart
at 20.1 scan
  812/100 nginx
at 20.1 walk 812
  7 1001
  8 1003
at 20.1-20.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established
  c3 1003 10.0.0.2:443 203.0.113.9:51548 established
at 20.2 judge
> connection-appeared c1 NOT_BEFORE=10.1 NOT_AFTER=20.2
> connection-present c3 -NOT_BEFORE
# Twice without a look between: the bounds are those of the last one.
at 30 restart
at 40 restart
at 40.1 scan
  812/100 nginx
at 40.1 walk 812
  7 1001
  8 1003
at 40.1-40.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 40.2 judge
at 40.3 question c3=gone
> connection-vanished c3 NOT_BEFORE=20.1 NOT_AFTER=40.3
