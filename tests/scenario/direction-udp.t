# A UDP client that is bound first and connected later is not its own listener.
rules
  all: comm=dig state=established
at 10 scan
  812/100 dig
> process-matched
at 10 walk 812
  3 1001
  4 1002
at 10.1-10.2 look udp
  c1 1001 *:40000 - closed
  c2 1002 *:500 - closed
at 10.2 judge
at 11.1-11.2 look udp
  c1 1001 10.0.0.2:40000 203.0.113.9:53 established
  c2 1002 10.0.0.2:500 203.0.113.9:500 established
at 11.2 judge
> connection-present c1 DIRECTION=egress
> connection-present c2 -DIRECTION
