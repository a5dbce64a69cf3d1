# Rule 11: the other end is asked for when a connection appears, and its end names it, after a restart, too: though the process is gone, and
# was nobody who is watched.
rules
  db: comm=psql
at 10 scan
  70/100 postgres exe=/usr/bin/postgres unit=postgresql.service
  77/100 psql
> process-matched psql[77]
at 10 walk 77
  5 2001
at 10.1-10.2 look unix
  c1 2001 - 2002 established
at 10.2 peers
  i2001 pid=70 by=unix path=@pg holders=3
at 10.2 judge
> connection-present c1 psql[77] PEER_PID=70 PEER_COMM=postgres PEER_PATH=@pg
at 20 restart
at 20 scan
  77/100 psql
at 20 walk 77
  5 2001
at 20.1-20.2 look unix
  c1 2001 - 2002 established
at 20.2 peers
at 20.2 judge
at 21.1-21.2 look unix
at 21.2 judge
at 21.3 question c1=gone
> connection-vanished c1 psql[77] PEER_PID=70 PEER_COMM=postgres PEER_EXE=/usr/bin/postgres PEER_UNIT=postgresql.service PEER_PATH=@pg PEER_HOLDER_COUNT=3
