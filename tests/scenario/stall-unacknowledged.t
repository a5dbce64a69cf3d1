# Bytes wait and none is acknowledged: a stall, once, from the row before the first one that showed the same number of acknowledged
# bytes, for as long as that number stands. What the program writes meanwhile is no progress.
rules
  ship: comm=fluentd
at 10 scan
  901/100 fluentd
> process-matched
at 10 walk 901
  14 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established acked=100
at 10.2 judge
> connection-present c1
at 20.1-20.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established acked=200 sendq=50 timer=1
at 20.2 judge
at 25.1-25.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established acked=250 sendq=4000 timer=1
at 25.2 judge
# Since 25.2 at the latest: 9.9 s are not 10.
at 35.1-35.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established acked=250 sendq=9000 timer=1 again=4
at 35.2 judge
at 36.1-36.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established acked=250 sendq=9500 timer=1 again=5 retransmits=9
at 36.2 judge
> connection-stalled c1 fluentd[901] NOT_BEFORE=20.1 NOT_AFTER=25.2 STALL=unacknowledged STALLED=10.9 SEND_QUEUE=9500 RETRANSMITS=9 TIMER_RETRANSMITS=5 RULE=ship
at 50.1-50.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established acked=250 sendq=9500 timer=1 again=7
at 50.2 judge
# It moves, and stands still again: that is no recovery.
at 51.1-51.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established acked=300 sendq=9450 timer=1
at 51.2 judge
at 52.1-52.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established acked=300 sendq=9450 timer=1
at 52.2 judge
# It moves twice in a row.
at 53.1-53.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established acked=400 sendq=9350 timer=1
at 53.2 judge
at 54.1-54.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established acked=9750
at 54.2 judge
> connection-recovered c1 NOT_BEFORE=52.1 NOT_AFTER=53.2 STALL=unacknowledged STALLED=26.9
at 55.1-55.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established acked=9750
at 55.2 judge
