# Fold: a close that was missed at a listener which is told is in the sums of the listener's rule, where that folds; the first ones are told singly. `missed: each`
# is as it says.
rules
  web: comm=nginx fold=exe,local_port first=1
  each: comm=sshd fold=exe missed=each local=:22
at 10 scan
  812/100 nginx exe=/usr/sbin/nginx
  700/100 sshd exe=/usr/sbin/sshd
> process-matched
> process-matched
at 10 walk 812
  3 1001
at 10 walk 700
  3 1002
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 - listening
  c2 1002 10.0.0.2:22 - listening
at 10.2 judge
> listener-present c1
> listener-present c2
at 10.5-10.6 note destroy tcp c7 - 10.0.0.2:443 203.0.113.9:51544 closed sent=100 received=10
> connection-missed nginx[812] RULE=web ATTRIBUTION=listener
at 10.6-10.7 note destroy tcp c8 - 10.0.0.2:443 203.0.113.9:51545 closed sent=1 received=2
at 10.7-10.8 note destroy tcp c9 - 10.0.0.2:443 203.0.113.10:51546 closed sent=3 received=4
at 10.8-10.9 note destroy tcp c10 - 10.0.0.2:22 203.0.113.10:51547 closed sent=3 received=4
> connection-missed sshd[700] RULE=each
at 11 flush
at 620 fold
> connection-summary RULE=web EXE=/usr/sbin/nginx LOCAL_PORT=443 MISSED=2 -OPENED -CLOSED BYTES_SENT=4 BYTES_RECEIVED=6 PEERS=203.0.113.9,1,1,2,0;203.0.113.10,1,3,4,0 SPAN_FIRST=10.6 SPAN_LAST=10.8
at 621 balance
> audit-balance MISSED=4
