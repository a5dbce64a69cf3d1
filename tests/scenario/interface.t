# The interface that a socket is bound to, by the name it had where the socket lives.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  6 1001
  7 1002
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established interface=4
  c2 1002 10.0.0.2:443 203.0.113.9:51545 established
at 10.2 judge
> connection-present c1 INTERFACE=eth4 -COMMUNITY_ID
> connection-present c2 -INTERFACE
