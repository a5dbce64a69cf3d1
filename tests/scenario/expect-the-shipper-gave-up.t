# A program that gave up has no connection that could stall: that there is none is told, with the last one, and with one that there is
# in another state.
rules
  ship: comm=fluentd expect=1/established/10s
at 10 scan
  901/100 fluentd unit=fluentd.service
> process-matched
at 10 walk 901
  14 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established acked=1 sendq=9 timer=1 again=6 backoff=6 rto=20 idle=9
at 10.2 judge
> connection-present c1
> connection-stalled c1
at 20.1-20.2 look tcp
at 20.2 judge
at 20.3 question c1=gone
> connection-vanished c1
at 21.1-21.2 look tcp
at 21.2 judge
at 31.1-31.2 look tcp
at 31.2 judge
at 31.3-31.4 look tcp
at 31.4 judge
> expectation-unmet fluentd[901] UNIT=fluentd.service RULE=ship EXPECTED=1 EXPECTED_STATE=established FOUND=0 UNMET=10.1 NOT_BEFORE=10.1 NOT_AFTER=21.2 PROCESS_COUNT=1 PEER=198.51.100.7:9200 STATE=established STALL=unacknowledged LAST_ENDED=20.3 -CONNECTION -HOLDER_COUNT
# Once. It tries again: that is not met yet.
at 40.1-40.2 look tcp
at 40.2 judge
at 41.1-41.2 look tcp
  c2 1002 10.0.0.2:40024 198.51.100.7:9200 syn-sent
at 41.2 walk 901
  15 1002
at 41.2 judge
> connection-appeared c2
at 42.1-42.2 look tcp
  c2 1002 10.0.0.2:40024 198.51.100.7:9200 established
at 42.2 judge
> connection-changed c2
> expectation-met fluentd[901] FOUND=1 EXPECTED=1 RULE=ship NOT_BEFORE=41.1 NOT_AFTER=42.2 UNMET=19.9 -PEER_ADDRESS
at 43.1-43.2 look tcp
  c2 1002 10.0.0.2:40024 198.51.100.7:9200 established
at 43.2 judge
