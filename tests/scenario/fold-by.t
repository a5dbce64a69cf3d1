# Fold: what `by` names is told, and nothing else; what is unknown is absent.
rules
  unix: family=unix fold=comm,transport first=0
  user: comm=curl fold=user,direction first=0
  rest: fold=container,unit,peer first=0
at 10 scan
  900/100 curl uid=0 exe=/usr/bin/curl
  901/100 app uid=7 unit=app.service container=c0ffee exe=/app
> process-matched
at 10 walk 900
  3 1001
at 10 walk 901
  3 1002
  4 1003
  5 1004
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:40001 198.51.100.7:443 syn-sent
  c2 1002 [2001:db8::2]:40002 [2001:db8::7]:443 established
at 10.1-10.2 look udp
  c3 1003 10.0.0.2:40003 - unconn
at 10.1-10.2 look unix
  c4 1004 - 1005 established
at 10.3 judge
at 610.2 fold
> connection-summary RULE=user UID=0 DIRECTION=egress PRESENT=1 -EXE -COMM -UNIT -TRANSPORT PEER_COUNT=1 PEERS=198.51.100.7,0,0,0,0
> connection-summary RULE=rest CONTAINER=c0ffee UNIT=app.service PEER_ADDRESS=2001:db8::7 -PEER_PORT -UID -EXE -DIRECTION
> connection-summary RULE=rest CONTAINER=c0ffee UNIT=app.service -PEER_ADDRESS -PEERS PRESENT=1
> connection-summary RULE=unix COMM=app TRANSPORT=stream PEERS=-,0,0,0,0 PEER_COUNT=1 PRESENT=1
