# Fold: at a reload the sums of rules that fold in another way, or are gone, are told at once; the others go on. What was folded ends folded, and what was told
# singly ends singly, whatever the rule says by then.
rules
  a: local=:443 fold=local_port first=0
  b: local=:80 fold=local_port first=0
  c: local=:22
  d: local=:25 fold=local_port first=0
at 10 scan
  812/100 nginx
at 10.1-10.2 look tcp
at 10.2 judge
at 11-11.1 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:80 203.0.113.9:51545 established
  c3 1003 10.0.0.2:22 203.0.113.9:51546 established
  c4 1004 10.0.0.2:25 203.0.113.9:51547 established
at 11.1 walk 812
  3 1001
  4 1002
  5 1003
  6 1004
at 11.1 judge
> connection-appeared c3 RULE=c
reload
  a: local=:443 fold=local_port first=0
  b: local=:80
  c: local=:22 fold=local_port first=0
> connection-summary RULE=b LOCAL_PORT=80 OPENED=1 EARLY=reload
> connection-summary RULE=d LOCAL_PORT=25 OPENED=1 EARLY=reload
at 12 scan
  812/100 nginx
at 12-12.1 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:80 203.0.113.9:51545 established
  c3 1003 10.0.0.2:22 203.0.113.9:51546 established
  c4 1004 10.0.0.2:25 203.0.113.9:51547 established
at 12.1 judge
at 13-13.1 note destroy tcp c1 - 10.0.0.2:443 203.0.113.9:51544 closed sent=1 received=10
at 13-13.1 note destroy tcp c2 - 10.0.0.2:80 203.0.113.9:51545 closed sent=2 received=20
at 13-13.1 note destroy tcp c3 - 10.0.0.2:22 203.0.113.9:51546 closed sent=3 received=30
> connection-vanished c3 RULE=c BYTES_SENT=3
at 13-13.1 note destroy tcp c4 - 10.0.0.2:25 203.0.113.9:51547 closed sent=4 received=40
at 700 fold
> connection-summary RULE=a OPENED=1 CLOSED=1 BYTES_SENT=1 -EARLY
> connection-summary RULE=b CLOSED=1 BYTES_SENT=2 -OPENED
