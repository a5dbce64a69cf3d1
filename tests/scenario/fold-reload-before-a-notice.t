# Fold: what was folded ends folded, also between a reload that took its rule away and the next look. The sum is of no rule then.
rules
  web: comm=nginx fold=local_port first=0
at 10 scan
  812/100 nginx
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11-11.1 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 11.1 walk 812
  3 1001
at 11.1 judge
reload
  db: comm=postgres
> connection-summary RULE=web OPENED=1 EARLY=reload
at 12-12.1 note destroy tcp c1 - 10.0.0.2:443 203.0.113.9:51544 closed sent=1 received=10
at 700 fold
> connection-summary -RULE CLOSED=1 BYTES_SENT=1 BYTES_RECEIVED=10
