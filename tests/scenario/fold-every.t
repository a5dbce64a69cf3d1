# Fold: a sum is told when its span is over, counted from its first connection; all that are due together. Quiet combinations say nothing.
rules
  ingress: comm=nginx direction=ingress fold=exe,local_port first=0 every=10m
  all: comm=nginx
at 10 scan
  812/100 nginx exe=/usr/sbin/nginx
> process-matched
at 10 walk 812
  6 1001
  7 1002
  8 1003
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 - listening
  c2 1002 10.0.0.2:443 203.0.113.9:51544 established
  c3 1003 10.0.0.2:443 203.0.113.9:51545 established
at 10.3 judge
> listener-present c1 RULE=all
at 11-11.1 look tcp
  c1 1001 10.0.0.2:443 - listening
  c2 1002 10.0.0.2:443 203.0.113.9:51544 established
  c3 1003 10.0.0.2:443 203.0.113.9:51545 established
  c4 1004 10.0.0.2:443 203.0.113.10:51546 established
at 11.1 walk 812
  6 1001
  7 1002
  8 1003
  9 1004
at 11.1 judge
at 12-12.1 note destroy tcp c2 - 10.0.0.2:443 203.0.113.9:51544 closed sent=1000 received=10
at 610 fold
at 610.1 fold
> connection-summary ?[?] RULE=ingress EXE=/usr/sbin/nginx LOCAL_PORT=443 PRESENT=2 OPENED=1 CLOSED=1 BYTES_SENT=1000 BYTES_RECEIVED=10 PEER_COUNT=2 PEERS=203.0.113.9,0,1000,10,0;203.0.113.10,1,0,0,0 -PEER_ADDRESS SPAN_FIRST=10.1 SPAN_LAST=12.1
at 1300 fold
at 1400-1400.1 look tcp
  c1 1001 10.0.0.2:443 - listening
  c3 1003 10.0.0.2:443 203.0.113.9:51545 established
  c4 1004 10.0.0.2:443 203.0.113.10:51546 established
at 1400.1 judge
at 1400-1401 note destroy tcp c3 - 10.0.0.2:443 203.0.113.9:51545 closed sent=3 received=4
at 1999 fold
at 2000 fold
> connection-summary CLOSED=1 -OPENED -PRESENT PEERS=203.0.113.9,0,3,4,0 SPAN_FIRST=1400 SPAN_LAST=1401
