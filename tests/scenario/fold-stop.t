# Fold: at an end that they would not outlive all sums are told; and so is, with its times moved, what is of another boot.
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
at 20 fold stop
> connection-summary OPENED=1 EARLY=stop SPAN_FIRST=10.1 SPAN_LAST=11.1
at 21-21.1 note destroy tcp c1 - 10.0.0.2:443 203.0.113.9:51544 closed sent=1 received=10
at 30 fold boot 1000
> connection-summary CLOSED=1 EARLY=boot SPAN_FIRST=1011 SPAN_LAST=1021.1 NOT_AFTER=30
at 31 fold stop
