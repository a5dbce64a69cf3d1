# Rule 12: an attempt that a look has shown before its first record came, at its end, is recorded once and told once. The record knows when it began. Whom nobody
# watches is recorded, and not wanted.
options exact=yes
rules
  web: comm=curl
at 10 scan
  812/100 curl
  900/100 sh
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11 walk 812
  6 1001
  7 1002
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 syn-sent
  c2 1002 10.0.0.2:40002 203.0.113.9:443 syn-sent
  c3 1003 10.0.0.2:40004 203.0.113.9:443 syn-sent
at 11.2 judge
> connection-appeared c1 STATE=syn-sent NOT_BEFORE=10.1 NOT_AFTER=11.2
> connection-appeared c2 STATE=syn-sent
at 12 note close tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 syn-sent pid=812 direction=egress end=timed-out error=ETIMEDOUT opened=10.5 first=yes
> connection-failed c1 END=timed-out ERROR=ETIMEDOUT DURATION=1.5
at 12 note close tcp c3 1003 10.0.0.2:40004 203.0.113.9:443 syn-sent pid=900 direction=egress end=timed-out error=ETIMEDOUT opened=10.5 first=yes
at 12.1 note open tcp c2 1002 10.0.0.2:40002 203.0.113.9:443 established pid=812 direction=egress opened=10.6
at 12.2 judge
> connection-changed c2 STATE=established
at 12.3 balance
> audit-balance OPENED_RECORDED=2,0,0 OPENED_REPORTED=2,0,0 BALANCED_COUNT=1
