# What a single row tells: with the timeouts of its retransmissions, probes and acknowledgements a connection that has just been
# seen can be told to be stuck for long. When it began is then not known, only by when. The kernel's clock runs from the row, which was read
# by the end of the look. What it counts since an event (idle, heard) it counts in ticks, of 10 ms at most: one of them is taken off.
rules
  ship: comm=fluentd
at 10 scan
  901/100 fluentd
> process-matched
at 10 walk 901
  14 1001
  15 1002
  16 1003
  17 1004
  18 1005
at 1000.1-1000.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established acked=250 sendq=100 timer=1 again=6 backoff=6 rto=12.8 idle=4
  c2 1002 10.0.0.2:40024 198.51.100.7:9200 established acked=250 sendq=100 timer=4 backoff=8 rto=0.2
  c3 1003 10.0.0.2:40026 198.51.100.7:9200 close-wait heard=720
  c4 1004 10.0.0.2:40028 198.51.100.7:9200 established received=1000 recvq=31 idle=120
  c5 1005 10.0.0.2:40030 198.51.100.7:9200 syn-sent again=3 rto=1
at 1000.2 judge
> connection-present c1
> connection-stalled c1 STALL=unacknowledged -NOT_BEFORE NOT_AFTER=983.61 STALLED=16.49
> connection-present c2
> connection-stalled c2 STALL=zero-window NOT_AFTER=949.2
> connection-present c3
> connection-stalled c3 STALL=close-wait NOT_AFTER=280.21 STALLED=719.89 STATE=close-wait
> connection-present c4
> connection-stalled c4 STALL=not-reading NOT_AFTER=880.21 RECEIVE_QUEUE=31
> connection-present c5
at 1000.3-1000.4 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established acked=250 sendq=100 timer=1 again=6 backoff=6 rto=12.8 idle=4
  c2 1002 10.0.0.2:40024 198.51.100.7:9200 established acked=250 sendq=100 timer=4 backoff=8 rto=0.2
  c3 1003 10.0.0.2:40026 198.51.100.7:9200 close-wait heard=720
  c4 1004 10.0.0.2:40028 198.51.100.7:9200 established received=1000 recvq=31 idle=120
  c5 1005 10.0.0.2:40030 198.51.100.7:9200 syn-sent again=3 rto=1
at 1000.4 judge
> connection-stalled c5 STALL=connecting -NOT_BEFORE NOT_AFTER=997.2 STALLED=3.1
