# Descriptors are mostly named in ascending order, but need not be: each is found again, and what is not named any more is let go.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  12 1003
  3 1001
  7 1002
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51545 established
  c3 1003 10.0.0.2:443 203.0.113.9:51546 established
at 10.2 judge
> connection-present c1 FD=3
> connection-present c2 FD=7
> connection-present c3 FD=12
at 11 walk 812
  7 1002
  12 1003
  5 1002
  3 1001
  4 1001
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51545 established
  c3 1003 10.0.0.2:443 203.0.113.9:51546 established
at 11.2 judge
> connection-changed c2 HOLDER_GAINED=812/5 HOLDER_COUNT=2
> connection-changed c1 HOLDER_GAINED=812/4 HOLDER_COUNT=2
at 12 walk 812
  12 1003
  5 1002
  4 1001
at 12.1-12.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51545 established
  c3 1003 10.0.0.2:443 203.0.113.9:51546 established
at 12.2 judge
> connection-changed c1 HOLDER_LOST=812/3 FD=4
> connection-changed c2 HOLDER_LOST=812/7 FD=5
