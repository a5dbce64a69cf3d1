# Fold: who inherits a connection that is only counted is not told; that his parent lets go of it is a change that is counted.
rules
  server: comm=pg fold=local_port first=1 listen=no
  rest: listen=yes
at 10 scan
  812/100 pg
> process-matched
at 10 walk 812
  3 1000
at 10.1-10.2 look tcp
  c9 1000 10.0.0.2:5432 - listening
at 10.2 judge
> listener-present c9
at 11 walk 812
  3 1000
  4 1001
  5 1002
at 11.1-11.2 look tcp
  c9 1000 10.0.0.2:5432 - listening
  c1 1001 10.0.0.2:5432 203.0.113.9:1 established
  c2 1002 10.0.0.2:5432 203.0.113.9:2 established
at 11.2 judge
> connection-appeared c1
at 11.3 note fork 900/1130 pg parent=812
at 11.3 settle
> process-matched pg[900]
at 11.4 walk 900
  5 1002
at 11.4 walk 812
  3 1000
  4 1001
at 12.1-12.2 look tcp
  c9 1000 10.0.0.2:5432 - listening
  c1 1001 10.0.0.2:5432 203.0.113.9:1 established
  c2 1002 10.0.0.2:5432 203.0.113.9:2 established
at 12.2 judge
at 13 walk 900
  5 1002
at 14.1-14.2 look tcp
  c9 1000 10.0.0.2:5432 - listening
  c1 1001 10.0.0.2:5432 203.0.113.9:1 established
  c2 1002 10.0.0.2:5432 203.0.113.9:2 established
at 14.2 judge
at 700 fold
> connection-summary RULE=server OPENED=1 CHANGES=1 LOCAL_PORT=5432
