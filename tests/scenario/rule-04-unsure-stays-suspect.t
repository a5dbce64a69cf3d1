# Rule 4: as long as nobody is sure it stays suspect, with the bounds of the look that had it, and a row redeems it.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
  8 1002
at 10.1-10.2 look udp
  c1 1001 *:53 - closed
  c2 1002 *:123 - closed
at 10.2 judge
> listener-present c1
> listener-present c2
at 11.1-11.2 look udp
at 11.2 judge
at 11.3 question c1=unsure c2=unsure
status suspects=2
at 12.1-12.2 look udp
  c1 1001 *:53 - closed
at 12.2 judge
at 12.3 question c2=gone
> listener-vanished c2 NOT_BEFORE=10.1 NOT_AFTER=12.3
status suspects=0 sockets=1
