# What was not looked at is neither stuck nor moving: a counter that is the same after a gap has not moved in it, though.
rules
  ship: comm=fluentd
at 10 scan
  901/100 fluentd
> process-matched
at 10 walk 901
  14 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established acked=100 sendq=5
at 10.2 judge
> connection-present c1
at 12.1-12.2 look tcp denied
> audit-gap GAP_REASON=denied
at 12.2 judge
at 30.1-30.2 look tcp denied
at 30.2 judge
# Skipped by a dump that was not denied: suspect, not stuck.
at 40.1-40.2 look tcp
> audit-gap GAP_REASON=denied
at 40.2 judge
at 40.3 question c1=alive
at 41.1-41.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established acked=100 sendq=5
at 41.2 judge
> connection-stalled c1 -NOT_BEFORE NOT_AFTER=10.2 STALLED=30.9
reload
  other: comm=fluentd stall.unacknowledged=0
at 42 scan
  901/100 fluentd
at 42 walk 901
  14 1001
at 42.1-42.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established acked=100 sendq=5
at 42.2 judge
at 43.1-43.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established acked=105
at 43.2 judge
at 44.1-44.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established acked=105
at 44.2 judge
> connection-recovered c1 RULE=other
