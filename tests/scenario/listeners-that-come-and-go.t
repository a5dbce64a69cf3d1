# A listener that opens and closes between two looks is told both times, not as a connection that was completed.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 10.5 note open tcp c1 1001 *:8080 - listening pid=812
at 10.6 note close tcp c1 1001 *:8080 - closed
> listener-appeared c1 nginx[812] NOT_BEFORE=10.5 NOT_AFTER=10.5 SEEN_BY=bpf -ATTRIBUTION
> listener-vanished c1 NOT_BEFORE=10.6 NOT_AFTER=10.6
status sockets=0
