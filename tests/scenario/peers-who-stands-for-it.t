# Of several holders: not PID 1, which hands listeners to services, not the process of this end, which has both ends of what it
# inherited; else the oldest. All of them are known only where everybody is walked.
rules
  any: comm=*
  rest:
at 10 scan
  1/1 systemd
  70/100 server
  71/90 older
  77/50 client
> process-matched
> process-matched
> process-matched
> process-matched
at 10 walk 1
  9 5001
at 10 walk 70
  3 5001
  4 5002
at 10 walk 71
  3 5002
at 10 walk 77
  3 1001
  4 1002
  5 5002
  6 1003
  7 5003
at 10.1-10.2 look unix
  c1 1001 - 5001 established
  c2 1002 - 5002 established
  c3 1003 - 5003 established
at 10.2 peers
  i1001 cached=5001 by=unix
  i1002 cached=5002 by=unix
  i1003 cached=5003 by=unix
at 10.2 judge
> connection-present c1 client[77] PEER_PID=70 PEER_HOLDER_COUNT=2
> connection-present c2 client[77] PEER_PID=71 PEER_HOLDER_COUNT=3
> connection-present c3 client[77] PEER_PID=77 -PEER_HOLDER_COUNT
