# Rule 6: the inode was given again to a socket with another cookie: one has gone, another has come.
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
at 11 walk 812
  9 1001
at 11.1-11.2 look tcp
  c2 1001 10.0.0.2:443 203.0.113.9:51546 established
at 11.2 judge
> connection-appeared c2 NOT_BEFORE=10.1 NOT_AFTER=11.2
at 11.3 question c1=gone
> connection-vanished c1 NOT_BEFORE=10.1 NOT_AFTER=11.3
