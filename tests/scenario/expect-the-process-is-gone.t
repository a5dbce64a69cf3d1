# The process has ended: nothing matches, and the last connection still names who had it. A suspect is not gone yet, and what could
# not be looked at may be there.
rules
  ship: comm=fluentd expect=1/established/5s
at 10 scan
  901/100 fluentd unit=fluentd.service
> process-matched
at 10 walk 901
  14 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established
at 10.2 judge
> connection-present c1
at 20 scan
> process-gone
at 20.1-20.2 look tcp denied
> audit-gap GAP_REASON=denied
at 20.2 judge
at 40.1-40.2 look tcp
> audit-gap GAP_REASON=denied
at 40.2 judge
at 40.2 question c1=unsure
at 41.1-41.2 look tcp
at 41.2 judge
at 41.3 question c1=gone
> connection-vanished c1 NOT_BEFORE=10.1
at 42.1-42.2 look tcp
at 42.2 judge
at 48.1-48.2 look tcp
at 48.2 judge
> expectation-unmet fluentd[901] PROCESS_COUNT=0 FOUND=0 NOT_BEFORE=10.1 NOT_AFTER=42.2 LAST_ENDED=41.3 UNIT=fluentd.service
