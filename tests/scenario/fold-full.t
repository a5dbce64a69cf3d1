# Fold: a table that is full is told as a whole, and begins anew; also what was told singly is counted anew.
options fold_rows=2
rules
  out: comm=curl fold=peer first=1
at 10 scan
  900/100 curl
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11-11.1 look tcp
  c1 1001 10.0.0.2:40001 198.51.100.7:443 established
  c2 1002 10.0.0.2:40002 198.51.100.8:443 established
  c3 1003 10.0.0.2:40003 198.51.100.7:443 established
  c4 1004 10.0.0.2:40004 198.51.100.9:443 established
  c5 1005 10.0.0.2:40005 198.51.100.7:443 established
at 11.1 walk 900
  3 1001
  4 1002
  5 1003
  6 1004
  7 1005
at 11.1 judge
> connection-appeared c1
> connection-appeared c2
> connection-summary OPENED=1 PEER_ADDRESS=198.51.100.7 EARLY=full
> connection-appeared c4
> connection-appeared c5
