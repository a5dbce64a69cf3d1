# Unix: path (abstract with @), the inode of the other end. Another peer is another connection, a peer that went is not.
rules
  db: comm=postgres
at 10 scan
  70/100 postgres
> process-matched
at 10 walk 70
  3 1001
  4 1002
  5 1003
at 10.1-10.2 look unix
  c1 1001 @pg - listening
  c2 1002 @pg 5001 established
  c3 1003 - 5002 established type=seqpacket
at 10.2 judge
> listener-present c1 LOCAL_PATH=@pg -PEER_INODE
> connection-present c2 LOCAL_PATH=@pg PEER_INODE=5001 -DIRECTION -LOCAL_ADDRESS -LOCAL_PORT
> connection-present c3 PEER_INODE=5002 TRANSPORT=seqpacket
at 11.1-11.2 look unix
  c1 1001 @pg - listening
  c2 1002 @pg - established
  c3 1003 - 5003 established type=seqpacket
at 11.2 judge
> connection-vanished c3 PEER_INODE=5002
> connection-appeared c3.2 PEER_INODE=5003
