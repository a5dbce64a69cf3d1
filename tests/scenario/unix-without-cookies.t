# Text of /proc: a unix socket is its inode; what has none (not yet accepted) is nobody's and cannot be told from another.
rules
  db: comm=postgres
  any: family=unix
at 10 scan
  70/100 postgres
> process-matched
at 10 walk 70
  3 1001
at 10.1-10.2 look unix
  - 1001 /run/pg - established
  - - /run/pg - established
  - - /run/pg - established
at 10.2 judge
> connection-present i1001 RULE=db
status sockets=1
