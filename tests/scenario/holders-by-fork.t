# What a fork gives to a child is one event, a second later, for what is left; its end gives all up at once, without a word of the single sockets.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
  8 1002
  9 1003
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:1 established
  c2 1002 10.0.0.2:443 203.0.113.9:2 established
  c3 1003 10.0.0.2:443 203.0.113.9:3 established
at 10.2 judge
> connection-present c1
> connection-present c2
> connection-present c3
at 11 note fork 900/1090 nginx parent=812
at 11 settle
> process-matched nginx[900]
at 11 walk 900
  7 1001
  8 1002
  9 1003
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:1 established
  c2 1002 10.0.0.2:443 203.0.113.9:2 established
  c3 1003 10.0.0.2:443 203.0.113.9:3 established
at 11.2 judge
# It closes one of them at once.
at 12 walk 900
  7 1001
  8 1002
> process-inherited nginx[900] INHERITED_COUNT=2 FROM_PID=812 FROM_COMM=nginx NOT_BEFORE=10.9 NOT_AFTER=11 RULE=web
at 12.2 judge
# The parent closes what the child goes on with.
at 13 walk 812
  8 1002
  9 1003
at 13.1-13.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:1 established
  c2 1002 10.0.0.2:443 203.0.113.9:2 established
  c3 1003 10.0.0.2:443 203.0.113.9:3 established
at 13.2 judge
> connection-changed c1 nginx[900] HOLDER_LOST=812/7
at 14 note exit 900/1090 nginx
> process-gone nginx[900]
at 14.1-14.2 look tcp
  c2 1002 10.0.0.2:443 203.0.113.9:2 established
  c3 1003 10.0.0.2:443 203.0.113.9:3 established
at 14.2 judge
at 14.3 question c1=gone
> connection-vanished c1 NOT_BEFORE=13.1 NOT_AFTER=14.3
