# Connected, but not yet accepted: the listener's process is named. One look later it is asked once more; what is told after that does not
# say that it still waits.
rules
  app: comm=client
at 10 scan
  77/200 client
  1/1 systemd
  70/100 server
> process-matched
at 10 walk 77
  3 1001
  4 1002
  5 1003
at 10.1-10.2 look unix
  c1 1001 - - established
  c2 1002 - - established
  c3 1003 - - established
at 10.2 peers
  i1001 pid=70 by=unix state=pending path=/run/s
  i1002 pid=70 by=unix state=pending path=/run/s
  i1003 by=unix state=gone
at 10.2 judge
> connection-present c1 PEER_PID=70 PEER_STATE=pending PEER_PATH=/run/s -PEER_INODE
> connection-present c2 PEER_PID=70 PEER_STATE=pending
> connection-present c3 PEER_STATE=gone -PEER_PID
at 11.1-11.2 look unix
  c1 1001 - 5001 established
  c2 1002 - - established
  c3 1003 - - established
at 11.2 peers
  i1001 pid=1 by=unix inode=5001
  i1002 pid=70 by=unix state=pending path=/run/s
at 11.2 judge
at 12.1-12.2 look unix
at 12.2 peers
at 12.2 judge
at 12.3 question c1=gone c2=unsure c3=unsure
> connection-vanished c1 PEER_PID=1 PEER_STATE=accepted
at 12.4 question c2=gone c3=unsure
> connection-vanished c2 PEER_PID=70 -PEER_STATE
at 12.5 question c3=gone
> connection-vanished c3 PEER_STATE=gone
