# A suspect that is not named.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 10.2 judge
> connection-present c1
at 11.1-11.2 look tcp
at 11.2 judge
at 11.3 question
