# While the budget is spent, processes are summed up from the first one on, whosever children they are; who was told singly before ends singly. The level, and
# who is in a sum, outlive a restart; listeners, what failed, and all else above priority 6 are told as ever. Closes of nobody known are not told singly.
options budget=48000
rules
  listeners: listen=yes
  build: comm=make missed=each
  curl: comm=curl
at 3600 scan
  812/100 make
  813/100 make
> process-matched
> process-matched
at 3600.1-3600.2 look tcp
at 3600.2 judge
> audit-degraded BUDGET_WRITTEN=2000 BUDGET_RULES=build=2000
at 3601 note fork 900/360090 cc parent=812 exe=/bin/cc
at 3601 note fork 901/360090 cc parent=813 exe=/bin/cc
at 3601 note fork 902/360090 curl exe=/bin/curl
at 3601 settle
at 3602 walk 902
  3 1001
  4 1002
at 3602.1-3602.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 syn-sent
  c2 1002 *:80 - listening
at 3602.2 judge
> listener-appeared c2 curl[902]
at 3602.8-3602.9 note destroy tcp c1 - 10.0.0.2:40000 203.0.113.9:0 closed answered=no
> connection-failed curl[902] PEER=203.0.113.9:443
at 3603.1-3603.2 note destroy tcp c7 - 10.0.0.2:40007 203.0.113.9:443 closed sent=1 received=1
at 3604 note exit 813/100 make
> process-gone make[813]
at 3604 note exit 901/360090 cc
at 3605 flush
> process-matched cc[?] RULE=build EXE=/bin/cc PROCESS_COUNT=2 NOT_BEFORE=3601 NOT_AFTER=3601 -PARENT_PID
> process-gone cc[901] RULE=build PROCESS_COUNT=1
> process-matched curl[902] PROCESS_COUNT=1 RULE=curl
at 3606 restart
at 3607 scan
  812/100 make
  902/360090 curl exe=/bin/curl
at 3607.2 judge
> audit-degraded BUDGET_WRITTEN=9000
at 3608 flush
> process-gone cc[900] RULE=build PROCESS_COUNT=1
at 4300 fold
> connection-summary RULE=curl OPENED=1 PEER_COUNT=1
> connection-summary RULE=build MISSED=1 BYTES_SENT=1 PEER_COUNT=1
