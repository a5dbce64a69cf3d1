# The other end is asked for once, when a connection is about to be told; listeners and what no rule tells have none. What was found
# stays with it to its end, also when that process is gone.
rules
  db: comm=psql
at 10 scan
  77/200 psql
  70/100 postgres
> process-matched
at 10 walk 77
  3 1001
  4 1002
  5 1003
  6 1004
at 10.1-10.2 look unix
  c1 1001 - 5001 established
  c2 1002 @app - listening
  c3 1003 - - unconnected type=dgram
  c4 1004 - 5004 unconnected type=dgram
  c9 1009 - 1008 established
at 10.2 peers
  i1001 pid=70 by=unix inode=5001 path=@pg
  i1004 by=unix inode=5004 path=/dev/log
at 10.2 judge
> connection-present c1 psql[77] PEER_PID=70 PEER_COMM=postgres PEER_BY=unix PEER_STATE=accepted PEER_PATH=@pg -PEER_HOLDER_COUNT -PEER_NETNS
> listener-present c2 -PEER_BY
> connection-present c3 -PEER_BY -PEER_STATE
> connection-present c4 PEER_PATH=/dev/log PEER_BY=unix -PEER_PID
at 11 scan
  77/200 psql
at 11.1-11.2 look unix
  c2 1002 @app - listening
  c3 1003 - - unconnected type=dgram
  c4 1004 - 5004 unconnected type=dgram
  c9 1009 - 1008 established
at 11.2 peers
at 11.2 judge
at 11.3 question c1=gone
> connection-vanished c1 PEER_PID=70 PEER_COMM=postgres PEER_PATH=@pg
