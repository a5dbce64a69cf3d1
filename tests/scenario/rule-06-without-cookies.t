# Rule 6 for text of /proc, which has no cookies: addresses name a TCP connection, and an inode that differs is another
# socket; inode 0 (an orphan) is not. The same addresses after its end are another connection.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
  8 1002
at 10.1-10.2 look tcp
  - 1001 10.0.0.2:443 203.0.113.9:51544 established
at 10.2 judge
> connection-present i1001 -COOKIE
at 11.1-11.2 look tcp
  - - 10.0.0.2:443 203.0.113.9:51544 fin-wait-1
at 11.2 judge
> connection-changed i1001 STATE=fin-wait-1
at 12.1-12.2 look tcp
  - 1002 10.0.0.2:443 203.0.113.9:51544 established
at 12.2 judge
> connection-vanished i1001 NOT_BEFORE=11.1 NOT_AFTER=12.2
> connection-appeared i1002 NOT_BEFORE=11.1 NOT_AFTER=12.2
at 13.1-13.2 look tcp
at 13.2 judge
at 13.3 question i1002=gone
> connection-vanished i1002
at 14 walk 812
  8 1003
at 14.1-14.2 look tcp
  - 1003 10.0.0.2:443 203.0.113.9:51544 established
at 14.2 judge
> connection-appeared i1003 NOT_BEFORE=13.1
