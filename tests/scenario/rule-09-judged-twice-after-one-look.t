# Rule 9: a second judgement without a look, as after a second dump of another table, makes nothing younger than it is.
rules
  all:
at 9 scan
  812/100 nginx
at 9.1-9.2 look tcp
at 9.2 judge
at 10.1-10.2 look tcp
at 10.2 judge
at 11.1-11.2 look tcp
at 11.2 judge
at 12.1-12.2 look tcp
at 12.2 judge
at 13.1-13.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
unheld 1
# It is waited for its holder.
at 13.2 judge
reload
  web: comm=nginx
at 13.3 rescan
  812/100 nginx
> process-matched
at 13.3 judge
at 14 walk 812
  7 1001
at 14.1-14.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 14.2 judge
> connection-appeared c1 NOT_BEFORE=12.1 NOT_AFTER=14.2
