# Another connection under the same name.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
  8 1002
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established
at 10.2 judge
> connection-present c1
> connection-present c2
at 10.4 note destroy tcp c1 - 10.0.0.2:443 203.0.113.9:51544 closed
> connection-vanished c2
