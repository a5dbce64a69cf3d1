# /proc/net has no counters: retransmissions in a row, and queues that stay as they are.
rules
  ship: comm=fluentd
at 10 scan
  901/100 fluentd
> process-matched
at 10 walk 901
  14 1001
  15 1002
  16 1003
at 10.1-10.2 look tcp
  - 1001 10.0.0.2:40022 198.51.100.7:9200 established sendq=5 timer=1 again=1
  - 1002 10.0.0.2:40024 198.51.100.7:9200 established sendq=900 timer=4
  - 1003 10.0.0.2:40026 198.51.100.7:9200 established recvq=7
at 10.2 judge
> connection-present i1001
> connection-present i1002
> connection-present i1003
at 20.1-20.2 look tcp
  - 1001 10.0.0.2:40022 198.51.100.7:9200 established sendq=50 timer=1 again=6
  - 1002 10.0.0.2:40024 198.51.100.7:9200 established sendq=900 timer=4
  - 1003 10.0.0.2:40026 198.51.100.7:9200 established recvq=9
at 20.2 judge
# Six timeouts take twelve seconds at least, but at 10.1 it had been one.
at 21.1-21.2 look tcp
  - 1001 10.0.0.2:40022 198.51.100.7:9200 established sendq=70 timer=1 again=6
  - 1002 10.0.0.2:40024 198.51.100.7:9200 established sendq=900 timer=4
  - 1003 10.0.0.2:40026 198.51.100.7:9200 established recvq=9
at 21.2 judge
> connection-stalled i1001 STALL=unacknowledged NOT_BEFORE=10.1 NOT_AFTER=10.2 STALLED=10.9
at 80.3-80.4 look tcp
  - 1001 10.0.0.2:40022 198.51.100.7:9200 established sendq=70 timer=1 again=9
  - 1002 10.0.0.2:40024 198.51.100.7:9200 established sendq=900 timer=4
  - 1003 10.0.0.2:40026 198.51.100.7:9200 established recvq=9
at 80.4 judge
> connection-stalled i1002 STALL=zero-window NOT_AFTER=10.2
> connection-stalled i1003 STALL=not-reading NOT_BEFORE=10.1 NOT_AFTER=20.2
