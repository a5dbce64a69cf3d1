# Fold: sums outlive a restart, and so does who was folded.
rules
  web: comm=nginx fold=local_port first=1
at 10 scan
  812/100 nginx
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11-11.1 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51545 established
at 11.1 walk 812
  3 1001
  4 1002
at 11.1 judge
> connection-appeared c1
at 20 restart
at 20 scan
  812/100 nginx
at 20 walk 812
  3 1001
  4 1002
at 20.1-20.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51545 established
at 20.3 judge
at 21-21.1 note destroy tcp c1 - 10.0.0.2:443 203.0.113.9:51544 closed sent=1 received=10
> connection-vanished c1
at 21-21.1 note destroy tcp c2 - 10.0.0.2:443 203.0.113.9:51545 closed sent=2 received=20
at 700 fold
> connection-summary OPENED=1 CLOSED=1 BYTES_SENT=2 SPAN_FIRST=10.1 SPAN_LAST=21.1
