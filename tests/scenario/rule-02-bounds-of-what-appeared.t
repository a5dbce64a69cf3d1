# Rule 2: between the first request of the last look without it and the last reply of the look that has it.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11 walk 812
  7 1001
at 11.1-11.25 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
unheld 0
at 11.3 judge
> connection-appeared c1 nginx[812] NOT_BEFORE=10.1 NOT_AFTER=11.25 SEEN_BY=snapshot COOKIE=1 INODE=1001
at 12.1-12.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 12.2 judge
at 13.1-13.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 close-wait
at 13.2 judge
> connection-changed c1 NOT_BEFORE=12.1 NOT_AFTER=13.2 -INODE -COOKIE
at 14.1-14.2 look tcp
at 14.2 judge
at 14.4 question c1=gone
> connection-vanished c1 NOT_BEFORE=13.1 NOT_AFTER=14.4 DURATION=4.3
