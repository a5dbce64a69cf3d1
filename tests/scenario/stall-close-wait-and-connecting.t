# A state that lasts: from the change on, which is bounded by looks. 0 is never.
rules
  never: comm=quiet stall.close-wait=0
  ship: comm=fluentd
at 10 scan
  901/100 fluentd
  902/100 quiet
> process-matched fluentd[901]
> process-matched quiet[902]
at 10 walk 901
  14 1001
at 10 walk 902
  7 1003
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established
  c3 1003 10.0.0.2:40026 198.51.100.7:9200 established
at 10.2 judge
> connection-present c1
> connection-present c3
at 20.1-20.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 close-wait recvq=31
  c2 1002 10.0.0.2:40024 198.51.100.7:9200 syn-sent
  c3 1003 10.0.0.2:40026 198.51.100.7:9200 close-wait
at 20.2 walk 901
  14 1001
  15 1002
at 20.2 judge
> connection-changed c1
> connection-appeared c2
> connection-changed c3
at 23.3-23.4 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 close-wait recvq=31
  c2 1002 10.0.0.2:40024 198.51.100.7:9200 syn-sent again=2
  c3 1003 10.0.0.2:40026 198.51.100.7:9200 close-wait
at 23.4 judge
> connection-stalled c2 STALL=connecting NOT_BEFORE=10.1 NOT_AFTER=20.2 STALLED=3.1 TIMER_RETRANSMITS=2
at 24.1-24.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 close-wait recvq=31
  c2 1002 10.0.0.2:40024 198.51.100.7:9200 established
  c3 1003 10.0.0.2:40026 198.51.100.7:9200 close-wait
at 24.2 judge
> connection-changed c2
at 90.1-90.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 close-wait recvq=31
  c2 1002 10.0.0.2:40024 198.51.100.7:9200 established
  c3 1003 10.0.0.2:40026 198.51.100.7:9200 close-wait
at 90.2 judge
> connection-stalled c1 STALL=close-wait NOT_BEFORE=10.1 NOT_AFTER=20.2 STALLED=69.9
> connection-recovered c2 STALL=connecting NOT_BEFORE=23.3 NOT_AFTER=24.2
