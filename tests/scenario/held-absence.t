# What a look at what watched processes hold lacks is only suspect: it may be on its way to another process, or wait for its last acknowledgement. A look that was cut
# short says nothing.
options exact=yes
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
  c2 1002 10.0.0.2:443 203.0.113.9:51545 established
at 10.2 judge
> connection-present c1
> connection-present c2
at 11.1-11.2 look tcp held interrupted
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 11.2 judge
at 11.3 question
at 12.1-12.2 look tcp held
at 12.2 judge
# The record of an end may not have been read yet.
at 12.3 question
at 12.5-12.6 look tcp held
at 12.6 judge
at 12.7 question c1=alive c2=gone
> connection-vanished c2 NOT_BEFORE=10.1 NOT_AFTER=12.7
# The last holder lets go, and hooks do not tell of an end.
at 13 walk 812
at 13.1-13.2 look tcp held
at 13.2 judge
at 13.3 question
at 14.1-14.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
everyone
at 14.2 judge
> connection-changed c1 CHANGED=holders HOLDER_COUNT=0
