# SYN_SENT is certain; a listener on the own port, too; an ephemeral port that talks to one that is not has connected itself; the
# rest stays undecided.
options ephemeral=32768-60999
rules
  all: comm=app
at 10 scan
  812/100 app
> process-matched
at 10 walk 812
  3 1001
  4 1002
  5 1003
  6 1004
  7 1005
  8 1006
at 10.1-10.2 look tcp
  c1 1001 *:443 - listening
  c2 1002 10.0.0.2:443 203.0.113.9:51544 established
  c3 1003 10.0.0.2:40000 203.0.113.9:443 established
  c4 1004 10.0.0.2:40002 203.0.113.9:40000 established
  c5 1005 10.0.0.2:80 203.0.113.9:80 syn-sent
  c6 1006 10.0.0.2:80 203.0.113.9:51546 established
at 10.2 judge
> listener-present c1 -DIRECTION
> connection-present c2 DIRECTION=ingress
> connection-present c3 DIRECTION=egress
> connection-present c4 -DIRECTION
> connection-present c5 DIRECTION=egress
> connection-present c6 -DIRECTION
# It does not change when the listener goes.
at 11.1-11.2 look tcp
  c2 1002 10.0.0.2:443 203.0.113.9:51544 close-wait
  c3 1003 10.0.0.2:40000 203.0.113.9:443 established
  c4 1004 10.0.0.2:40002 203.0.113.9:40000 established
  c5 1005 10.0.0.2:80 203.0.113.9:80 established
  c6 1006 10.0.0.2:80 203.0.113.9:51546 established
at 11.2 judge
> connection-changed c2 DIRECTION=ingress
> connection-changed c5 DIRECTION=egress
at 11.3 question c1=gone
> listener-vanished c1
