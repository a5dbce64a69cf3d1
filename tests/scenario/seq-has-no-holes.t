# Every event has its number, also those made outside.
rules
  web: comm=nginx
at 10-11 gap boot
> audit-gap GAP_REASON=boot NOT_BEFORE=10 NOT_AFTER=11 -NETNS
status seq=1
at 11 scan
  812/100 nginx
> process-matched
status seq=2
