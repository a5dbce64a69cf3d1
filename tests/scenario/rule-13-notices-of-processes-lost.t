# Notices of processes that were lost are told; a scan of processes heals that, and no look at sockets is due.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10.5-10.9 note lost 7 by=connector
> audit-lost LOST_COUNT=7 NOT_BEFORE=10.5 NOT_AFTER=10.9 SEEN_BY=connector
heal-at never
