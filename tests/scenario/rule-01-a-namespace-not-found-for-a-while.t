# Rule 1: as long as something in the namespace is watched, what else was there is remembered: it has not appeared when the
# namespace is found again.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:22 203.0.113.9:51546 established
at 10.2 judge
> connection-present c1
at 11 look tcp gone
at 11 judge
at 11 question c1=unsure
at 12 look tcp gone
> audit-gap GAP_REASON=namespace-lost GAP_TABLE=tcp NOT_BEFORE=10.1 NOT_AFTER=12
at 12 judge
at 12 question c1=unsure
at 13 look tcp gone
at 13 judge
at 13 question c1=unsure
at 14 walk 812
  7 1001
  8 1002
at 14.1-14.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:22 203.0.113.9:51546 established
> audit-gap GAP_REASON=namespace-lost GAP_TABLE=tcp NOT_BEFORE=10.1 NOT_AFTER=14.1
at 14.2 judge
> connection-present c2 -NOT_BEFORE
