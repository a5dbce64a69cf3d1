# A listener at another address says nothing: port 40000 of 127.0.0.1 is not port 40000 of 10.0.0.2. One at any address does, for IPv4
# over an IPv6 socket, too.
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
at 10.1-10.2 look tcp
  c1 1001 127.0.0.1:40000 - listening
  c2 1002 10.0.0.2:40000 203.0.113.9:443 established
  c3 1003 [::]:8080 - listening
  c4 1004 [::ffff:10.0.0.2]:8080 [::ffff:203.0.113.9]:51544 established
at 10.2 judge
> listener-present c1
> connection-present c2 DIRECTION=egress
> listener-present c3
> connection-present c4 DIRECTION=ingress
