# The same history as pair-short-connection-by-notices.t, by looks: 1001 lives from 10.5 to 12.5, 1002 between two looks.
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 established
at 11.2 walk 812
  7 1001
at 11.2 judge
> connection-appeared c1 curl[812] NOT_BEFORE=10.1 NOT_AFTER=11.2 DIRECTION=egress
at 13 walk 812
at 13.1-13.2 look tcp
at 13.2 judge
at 13.3 question c1=gone
> connection-vanished c1 NOT_BEFORE=11.1 NOT_AFTER=13.3
at 13.4 flush
