# Fold: a combination without traffic for a day is forgotten, and its next connection told singly again.
rules
  out: comm=curl fold=peer first=1
at 10 scan
  900/100 curl
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11-11.1 look tcp
  c1 1001 10.0.0.2:40001 198.51.100.7:443 established
  c2 1002 10.0.0.2:40002 198.51.100.7:443 established
at 11.1 walk 900
  3 1001
  4 1002
at 11.1 judge
> connection-appeared c1
at 13-13.1 note destroy tcp c1 - 10.0.0.2:40001 198.51.100.7:443 closed
> connection-vanished c1
at 14-14.1 note destroy tcp c2 - 10.0.0.2:40002 198.51.100.7:443 closed
at 700 fold
> connection-summary OPENED=1 CLOSED=1
at 86400 fold
at 86410 scan
  900/100 curl
at 86410-86410.1 look tcp
at 86410.1 judge
at 86411-86411.1 look tcp
  c3 1003 10.0.0.2:40001 198.51.100.7:443 established
at 86411.1 walk 900
  5 1003
at 86411.1 judge
at 87100 fold
> connection-summary OPENED=1
at 180000 fold
at 180001-180001.1 look tcp
  c3 1003 10.0.0.2:40001 198.51.100.7:443 established
at 180001.1 judge
at 180002-180002.1 look tcp
  c3 1003 10.0.0.2:40001 198.51.100.7:443 established
  c4 1004 10.0.0.2:40001 198.51.100.7:444 established
at 180002.2 walk 900
  5 1003
  6 1004
at 180002.3 judge
> connection-appeared c4
