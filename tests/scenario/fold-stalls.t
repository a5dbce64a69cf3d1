# Fold: a connection that stalls is told singly from then on, though its opening was folded.
rules
  out: comm=curl fold=comm first=0 stall.close-wait=5s
at 10 scan
  900/100 curl
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11-11.1 look tcp
  c1 1001 10.0.0.2:40001 198.51.100.7:443 close-wait
at 11.1 walk 900
  3 1001
at 11.1 judge
at 14-14.1 look tcp
  c1 1001 10.0.0.2:40001 198.51.100.7:443 close-wait
at 14.1 judge
at 17-17.1 look tcp
  c1 1001 10.0.0.2:40001 198.51.100.7:443 close-wait
at 17.1 judge
> connection-stalled curl[900] STALL=close-wait
at 18-18.1 note destroy tcp c1 - 10.0.0.2:40001 198.51.100.7:443 closed sent=1 received=10
> connection-vanished STALL=close-wait
at 700 fold
> connection-summary OPENED=1 -CLOSED
