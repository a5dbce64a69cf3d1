# Rules 4 and 9: a foreign socket that one look skipped is a look older all the same: it must not be said to have appeared after
# a look that had it.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 11.2 judge
at 12.1-12.2 look tcp
at 12.2 judge
at 13 walk 812
  7 1001
at 13.1-13.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 13.2 judge
> connection-present c1 -NOT_BEFORE
