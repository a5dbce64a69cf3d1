# Rule 1: each new reason is told, from the last look that was complete.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10.1-10.2 look udp
at 10.2 judge
at 11.1-11.2 look udp over-limit
> audit-gap GAP_REASON=over-limit GAP_TABLE=udp NOT_BEFORE=10.1 NOT_AFTER=11.2
at 11.2 judge
at 12.1-12.2 look udp denied
> audit-gap GAP_REASON=denied NOT_BEFORE=10.1 NOT_AFTER=12.2
at 12.2 judge
at 13.1-13.2 look udp
> audit-gap GAP_REASON=denied NOT_BEFORE=10.1 NOT_AFTER=13.1
at 13.2 judge
at 14.1-14.2 look udp
at 14.2 judge
