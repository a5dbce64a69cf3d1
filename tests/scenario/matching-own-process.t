# We do not watch ourselves.
options own_pid=77
rules
  any: transport=tcp
  root: uid=0
at 10 scan
  77/100 sockauditd uid=0
  78/100 other uid=0
> process-matched other[78]
at 10 walk 77
  3 1001
at 10 walk 78
  3 1002
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:40001 203.0.113.9:443 established
  c2 1002 10.0.0.2:40002 203.0.113.9:443 established
at 10.2 judge
> connection-present c2
