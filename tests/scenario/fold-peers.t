# Fold: who is at the other end is not asked for what is only counted, but for what stands still, and for the names of unix sockets.
rules
  out: comm=curl fold=comm,peer first=1 stall.close-wait=5s
at 10 scan
  900/100 curl
  70/50 web
> process-matched
at 10.1-10.2 look tcp
at 10.1-10.2 look unix
at 10.2 judge
at 11-11.1 look tcp
  c1 1001 10.0.0.2:40001 198.51.100.7:443 established
  c2 1002 10.0.0.2:40002 198.51.100.8:443 established
at 11.1 walk 900
  3 1001
  4 1002
at 11.1 peers
  i1001
  i1002
at 11.1 judge
> connection-appeared c1
> connection-appeared c2
at 12-12.1 look tcp
  c1 1001 10.0.0.2:40001 198.51.100.7:443 established
  c2 1002 10.0.0.2:40002 198.51.100.8:443 established
  c3 1003 10.0.0.2:40003 198.51.100.7:443 established
  c4 1004 10.0.0.2:40004 198.51.100.7:443 close-wait
at 12-12.1 look unix
  c5 1005 - 1006 established
at 12.1 walk 900
  3 1001
  4 1002
  5 1003
  6 1004
  7 1005
at 12.1 peers
  i1004
  i1005 pid=70 by=unix inode=1006 path=/run/app
at 12.1 judge
> connection-appeared c5 PEER_PATH=/run/app
at 18-18.1 look tcp
  c1 1001 10.0.0.2:40001 198.51.100.7:443 established
  c2 1002 10.0.0.2:40002 198.51.100.8:443 established
  c3 1003 10.0.0.2:40003 198.51.100.7:443 established
  c4 1004 10.0.0.2:40004 198.51.100.7:443 close-wait
at 18.1 peers
at 18.1 judge
> connection-stalled STALL=close-wait
