# Rule 11: after a clean stop what was told goes on: what lives is not told again, what changed meanwhile is told with bounds that span the stop,
# and who has ended since ends under the name that he had.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx unit=nginx.service
  813/100 nginx
  814/100 other
> process-matched nginx[812]
> process-matched nginx[813]
at 10 walk 812
  7 1001
  8 1002
  9 1003
at 10 walk 813
  7 1004
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established sent=17
  c3 1003 10.0.0.2:443 203.0.113.9:51548 established
  c4 1004 10.0.0.2:443 203.0.113.9:51550 established
  c9 1009 10.0.0.2:443 203.0.113.9:51560 established
at 10.2 judge
> connection-present c1
> connection-present c2
> connection-present c3
> connection-present c4
# (Of a table whose first looks were not long ago, what a dump has skipped may be as old.)
at 10.3-10.4 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established sent=17
  c3 1003 10.0.0.2:443 203.0.113.9:51548 established
  c4 1004 10.0.0.2:443 203.0.113.9:51550 established
  c9 1009 10.0.0.2:443 203.0.113.9:51560 established
at 10.4 judge
at 10.5-10.6 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established sent=17
  c3 1003 10.0.0.2:443 203.0.113.9:51548 established
  c4 1004 10.0.0.2:443 203.0.113.9:51550 established
  c9 1009 10.0.0.2:443 203.0.113.9:51560 established
at 10.6 judge
at 10.7-10.8 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established sent=17
  c3 1003 10.0.0.2:443 203.0.113.9:51548 established
  c4 1004 10.0.0.2:443 203.0.113.9:51550 established
  c9 1009 10.0.0.2:443 203.0.113.9:51560 established
at 10.8 judge
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established sent=17
  c3 1003 10.0.0.2:443 203.0.113.9:51548 established
  c4 1004 10.0.0.2:443 203.0.113.9:51550 established
  c9 1009 10.0.0.2:443 203.0.113.9:51560 established
at 11.2 judge
at 60 restart
status sockets=4 foreign=1 processes=2 seq=0
# 813 has ended, and left its connection to the kernel; 815 is new; 812 has opened c5, and got c9, which somebody else had.
at 60.1 scan
  812/100 nginx unit=nginx.service
  814/100 other
  815/4000 nginx parent=812
> process-gone nginx[813] NOT_BEFORE=10 NOT_AFTER=60.1 RULE=web
> process-matched nginx[815] NOT_BEFORE=10 NOT_AFTER=60.1
at 60.1 walk 812
  7 1001
  9 1003
  10 1005
  11 1009
at 60.1 walk 815
  7 1001
at 60.2-60.3 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c3 1003 10.0.0.2:443 203.0.113.9:51548 close-wait
  c4 - 10.0.0.2:443 203.0.113.9:51550 last-ack
  c5 1005 10.0.0.2:443 203.0.113.9:51552 established
  c9 1009 10.0.0.2:443 203.0.113.9:51560 established
unheld 0
at 60.3 judge
> connection-changed c3 CHANGED=state PREVIOUS_STATE=established STATE=close-wait NOT_BEFORE=11.1 NOT_AFTER=60.3
> connection-changed c4 nginx[813] CHANGED=state NOT_BEFORE=11.1 NOT_AFTER=60.3
> connection-appeared c5 nginx[812] NOT_BEFORE=11.1 NOT_AFTER=60.3
> connection-present c9 nginx[812] -NOT_BEFORE
at 60.4 question c2=gone
> connection-vanished c2 nginx[812] UNIT=nginx.service FD=8 BYTES_SENT=17 NOT_BEFORE=11.1 NOT_AFTER=60.4 RULE=web
at 61.2-61.3 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c3 1003 10.0.0.2:443 203.0.113.9:51548 close-wait
  c5 1005 10.0.0.2:443 203.0.113.9:51552 established
  c9 1009 10.0.0.2:443 203.0.113.9:51560 established
at 61.3 judge
at 61.4 question c4=gone
> connection-vanished c4 nginx[813] NOT_BEFORE=60.2 NOT_AFTER=61.4 RULE=web
