# It went to a process that nobody watches: found when everybody is asked, and no claim that it was released.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
  700/50 other
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:1 established
at 10.2 judge
> connection-present c1
at 11 walk 812
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:1 established
at 11.2 walk 700
  4 1001
everyone
at 11.3 judge
at 12.1-12.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:1 established
at 12.2 judge
> connection-changed c1 CHANGED=holders HOLDER_LOST=812/7 HOLDER_GAINED=700/4 -NOT_BEFORE
