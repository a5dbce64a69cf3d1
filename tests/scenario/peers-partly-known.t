# Where not everybody is walked, how many hold the other end is not known; and a connection that waits for its accept is asked about
# when it is told.
rules
  any: comm=server
at 10 scan
  70/100 server
  77/50 client
> process-matched
at 10 walk 70
  3 1001
at 10.1-10.2 look tcp
  c1 1001 127.0.0.1:80 *:0 listening
at 10.2 judge
> listener-present c1
at 11.1-11.2 look tcp
  c1 1001 127.0.0.1:80 *:0 listening
  c2 - 127.0.0.1:80 127.0.0.1:40000 established
at 11.2 peers
at 11.2 judge
at 12.1-12.2 look tcp
  c1 1001 127.0.0.1:80 *:0 listening
  c2 1002 127.0.0.1:80 127.0.0.1:40000 established
at 12.2 walk 70
  3 1001
  4 1002
at 12.2 peers
  i1002 pid=77 by=tuple cached=1001
at 12.2 judge
> connection-appeared c2 server[70] PEER_BY=tuple PEER_PID=70 -PEER_HOLDER_COUNT
