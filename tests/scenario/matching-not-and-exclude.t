# `not` takes processes out of one rule, also as children; `exclude` out of all, also of those for any process.
rules
  users: uid=1000-1999 not.comm=ssh
  any: transport=tcp
  exclude: comm=backup
at 10 scan
  812/100 curl uid=1000
  813/100 ssh uid=1000 parent=812
  814/100 backup uid=1000
  815/100 other uid=5
> process-matched curl[812] RULE=users
at 10 walk 812
  3 1001
at 10 walk 813
  3 1002
at 10 walk 814
  3 1003
at 10 walk 815
  3 1004
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:40001 203.0.113.9:443 established
  c2 1002 10.0.0.2:40002 203.0.113.9:443 established
  c3 1003 10.0.0.2:40003 203.0.113.9:443 established
  c4 1004 10.0.0.2:40004 203.0.113.9:443 established
at 10.2 judge
> connection-present c1 curl[812] RULE=users
> connection-present c2 ssh[813] RULE=any
> connection-present c4 other[815] RULE=any
