# Rule 7: a reset takes a connection out of the kernel's table, and a look finds that. The socket is freed much later, when its process closes it: that is
# not the close of a connection which was never seen, be it watched (c1) or foreign (c2).
rules
  web: comm=nginx missed=each
hears tcp
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:22 203.0.113.9:51546 established
at 10.2 judge
> connection-present c1
at 11.1-11.2 look tcp
at 11.2 judge
at 11.3 question
at 12.1-12.2 look tcp
at 12.2 judge
at 12.3 question c1=gone
> connection-vanished c1 NOT_BEFORE=10.1 NOT_AFTER=12.3
at 13.1-13.2 look tcp
at 13.2 judge
at 14.1-14.2 look tcp
at 14.2 judge
at 15.1-15.2 look tcp
at 15.2 judge
at 16.1-16.2 look tcp
at 16.2 judge
at 60-60.1 note destroy tcp c1 - 10.0.0.2:443 203.0.113.9:51544 closed sent=1 received=1 answered=yes
at 60-60.1 note destroy tcp c2 - 10.0.0.2:22 203.0.113.9:51546 closed sent=1 received=1 answered=yes
at 61 flush
