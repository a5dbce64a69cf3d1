# Of several holders the oldest that matches the rule is the process of the event; all of them stand in HOLDER.
rules
  web: comm=nginx descendants=no
at 10 scan
  700/90 systemd
  812/200 nginx
  813/100 nginx
  814/100 nginx
> process-matched
> process-matched
> process-matched
at 10 walk 700
  40 1001
at 10 walk 812
  7 1001
at 10 walk 814
  9 1001
at 10 walk 813
  9 1001
  8 1001
  3 1002
at 10.1-10.2 look tcp
  c1 1001 *:443 - listening
  c2 1002 10.0.0.2:443 203.0.113.9:51544 established
at 10.2 judge
> listener-present c1 nginx[813] FD=8 HOLDER_COUNT=4 HOLDER=813/8,813/9,814/9,812/7
> connection-present c2 nginx[813] FD=3 -HOLDER_COUNT -HOLDER
