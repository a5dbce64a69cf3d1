# More than ten sockets that one process passes to another between two walks are one event.
rules
  web: comm=nginx,haproxy
at 10 scan
  812/100 haproxy
  813/100 nginx
> process-matched
> process-matched
at 10 walk 812
  1 1001
  2 1002
  3 1003
  4 1004
  5 1005
  6 1006
  7 1007
  8 1008
  9 1009
  10 1010
  11 1011
at 10 walk 813
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:1 established
  c2 1002 10.0.0.2:443 203.0.113.9:2 established
  c3 1003 10.0.0.2:443 203.0.113.9:3 established
  c4 1004 10.0.0.2:443 203.0.113.9:4 established
  c5 1005 10.0.0.2:443 203.0.113.9:5 established
  c6 1006 10.0.0.2:443 203.0.113.9:6 established
  c7 1007 10.0.0.2:443 203.0.113.9:7 established
  c8 1008 10.0.0.2:443 203.0.113.9:8 established
  c9 1009 10.0.0.2:443 203.0.113.9:9 established
  c10 1010 10.0.0.2:443 203.0.113.9:10 established
  c11 1011 10.0.0.2:443 203.0.113.9:11 established
at 10.2 judge
> connection-present
> connection-present
> connection-present
> connection-present
> connection-present
> connection-present
> connection-present
> connection-present
> connection-present
> connection-present
> connection-present
at 11-11.1 walk 813
  21 1001
  22 1002
  23 1003
  24 1004
  25 1005
  26 1006
  27 1007
  28 1008
  29 1009
  30 1010
  31 1011
at 11.2 judge
at 12 walk 813
  21 1001
  22 1002
  23 1003
  24 1004
  25 1005
  26 1006
  27 1007
  28 1008
  29 1009
  30 1010
  31 1011
> process-inherited nginx[813] INHERITED_COUNT=11 FROM_PID=812 FROM_COMM=haproxy NOT_BEFORE=10 NOT_AFTER=11.1
