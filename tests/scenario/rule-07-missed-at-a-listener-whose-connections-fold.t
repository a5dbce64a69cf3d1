# Rule 7: at a listener that is told by a rule of its own, what is missed is counted by the rule that had told the connection, under the name of who listens there. Where
# that rule does not fold it is told singly; where none is about connections, the rule of the listener has it.
rules
  listeners: listen=yes
  servers: comm=nginx direction=ingress fold=exe,local_port first=1
  sshd: comm=sshd direction=ingress
at 10 scan
  812/100 nginx exe=/usr/sbin/nginx
  813/100 sshd exe=/usr/sbin/sshd
  814/100 other exe=/other
> process-matched
> process-matched
at 10 walk 812
  3 1001
at 10 walk 813
  3 1002
at 10 walk 814
  3 1003
at 10.1-10.2 look tcp
  c1 1001 *:443 - listening
  c2 1002 *:22 - listening
  c3 1003 *:99 - listening
at 10.2 judge
> listener-present c1 nginx[812] RULE=listeners
> listener-present c2 sshd[813] RULE=listeners
> listener-present c3 other[814] RULE=listeners
at 11-11.1 note destroy tcp c10 - 10.0.0.2:443 203.0.113.9:1 closed sent=1 received=2
> connection-missed nginx[812] RULE=servers LOCAL=10.0.0.2:443 ATTRIBUTION=listener
at 11-11.2 note destroy tcp c11 - 10.0.0.2:443 203.0.113.9:2 closed sent=1 received=2
at 11-11.3 note destroy tcp c12 - 10.0.0.2:22 203.0.113.9:3 closed sent=1 received=2
> connection-missed sshd[813] RULE=sshd
at 11-11.4 note destroy tcp c13 - 10.0.0.2:99 203.0.113.9:3 closed sent=1 received=2
> connection-missed other[814] RULE=listeners
at 700 fold
> connection-summary RULE=servers EXE=/usr/sbin/nginx LOCAL_PORT=443 MISSED=1 BYTES_SENT=1 BYTES_RECEIVED=2 PEERS=203.0.113.9,1,1,2,0
