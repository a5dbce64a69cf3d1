# A look at what watched processes hold does not show what others have. So a socket that it shows for the first time may be of any age: it has appeared if hooks in
# the kernel have seen it open since the look before, and else it is `present`.
options exact=yes
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c9 1009 10.0.0.2:443 203.0.113.9:51599 established
at 10.2 judge
> connection-present c1
status foreign=1
at 11 walk 812
  7 1001
  8 1002
  9 1003
  10 1004
at 11.1-11.2 look tcp held
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51545 established asked
  c2 1002 10.0.0.2:443 203.0.113.9:51545 established opened=10.7
  c3 1003 10.0.0.2:443 203.0.113.9:51546 established asked
  c3 1003 10.0.0.2:443 203.0.113.9:51546 established opened=0
  c4 1004 10.0.0.2:443 203.0.113.9:51547 established opened=5
at 11.2 judge
> connection-appeared c2 NOT_BEFORE=10.7 NOT_AFTER=10.7
> connection-present c3 -NOT_BEFORE NOT_AFTER=11.2
> connection-present c4 -NOT_BEFORE NOT_AFTER=11.2
# What others hold is not remembered.
status foreign=0
# When all are shown once more, nobody knows how old the others are.
at 12.1-12.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51545 established
  c3 1003 10.0.0.2:443 203.0.113.9:51546 established
  c4 1004 10.0.0.2:443 203.0.113.9:51547 established
  c9 1009 10.0.0.2:443 203.0.113.9:51599 established
unheld 0
at 12.2 judge
status foreign=1
at 13 walk 812
  7 1001
  8 1002
  9 1003
  10 1004
  11 1009
at 13.1-13.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51545 established
  c3 1003 10.0.0.2:443 203.0.113.9:51546 established
  c4 1004 10.0.0.2:443 203.0.113.9:51547 established
  c9 1009 10.0.0.2:443 203.0.113.9:51599 established
at 13.2 judge
> connection-present c9 -NOT_BEFORE NOT_AFTER=13.2
