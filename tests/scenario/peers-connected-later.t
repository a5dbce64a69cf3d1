# TCP has another end once it is connected, UDP once it names one.
rules
  app: comm=curl
at 10 scan
  77/200 curl
  70/100 nginx
> process-matched
at 10 walk 77
  3 1001
  4 1002
at 10.1-10.2 look tcp
  c1 1001 127.0.0.1:40000 127.0.0.1:80 syn-sent
at 10.2-10.3 look udp
  c2 1002 127.0.0.1:40001 *:0 unconnected
at 10.3 peers
at 10.3 judge
> connection-present c1 -PEER_PID
> connection-present c2
at 12.1-12.2 look tcp
  c1 1001 127.0.0.1:40000 127.0.0.1:80 established
at 12.2-12.3 look udp
  c2 1002 127.0.0.1:40001 127.0.0.1:53 established
at 12.3 peers
  i1001 pid=70 by=tuple inode=5001
  i1002
at 12.3 judge
> connection-changed c1 PEER_PID=70 PEER_BY=tuple PEER_STATE=accepted
> connection-changed c2 -PEER_BY
at 14.1-14.2 look tcp
  c1 1001 127.0.0.1:40000 127.0.0.1:80 established
at 14.2-14.3 look udp
  c2 1002 127.0.0.1:40001 127.0.0.1:53 established
at 14.3 peers
at 14.3 judge
