# Fold: attempts that failed, and connections that no look has shown, are openings like others. An attempt that was folded fails folded.
rules
  out: comm=curl fold=comm first=1
at 10 scan
  900/100 curl
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11-11.1 look tcp
  c1 1001 10.0.0.2:40001 198.51.100.7:443 syn-sent
at 11.1 walk 900
  3 1001
  4 1002
  5 1003
at 11.15-11.16 note destroy tcp c1 - 10.0.0.2:40001 198.51.100.7:443 closed answered=no
> connection-failed c1
at 12-12.1 look tcp
  c2 1002 10.0.0.2:40002 198.51.100.7:443 syn-sent
  c3 1003 10.0.0.2:40003 198.51.100.7:443 syn-sent
at 12.15-12.16 note destroy tcp c2 - 10.0.0.2:40002 198.51.100.7:443 closed answered=no
at 12.2 judge
at 13-13.1 note destroy tcp c3 - 10.0.0.2:40003 198.51.100.7:443 closed answered=no
at 700 fold
> connection-summary OPENED=1 FAILED=2 -CLOSED PEERS=198.51.100.7,1,0,0,2
