# By looks alone: SYN_SENT, then absent. It may have been established and closed meanwhile: that it failed cannot be said.
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 syn-sent
at 11.2 walk 812
  7 1001
at 11.2 judge
> connection-appeared c1 STATE=syn-sent
at 12 walk 812
at 12.1-12.2 look tcp
at 12.2 judge
at 12.3 question c1=gone
> connection-vanished c1 STATE=syn-sent NOT_BEFORE=11.1 NOT_AFTER=12.3 -ERROR -END
