# Rule 11: what stood still and was told so is not told again, and recovers; the same with what a rule expects. But nobody knows whether it was met
# between two runs, so that time does not count.
rules
  ship: comm=fluentd stall.close-wait=5s expect=1/established/20s
at 10 scan
  812/100 fluentd
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established
at 10.2 judge
> connection-present c1
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 close-wait
at 11.2 judge
> connection-changed c1
at 17.1-17.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 close-wait
at 17.2 judge
> connection-stalled c1 STALL=close-wait
at 20 restart
at 32 scan
  812/100 fluentd
at 32 walk 812
  7 1001
at 32.1-32.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 close-wait
at 32.2 judge
at 53.1-53.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 close-wait
at 53.2 judge
> expectation-unmet c1 NOT_BEFORE=10.1 NOT_AFTER=32.2
at 60 restart
at 60 scan
  812/100 fluentd
at 60 walk 812
  7 1001
at 60.1-60.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 close-wait
at 60.2 judge
at 61.1-61.2 look tcp
at 61.2 judge
at 61.3 question c1=gone
> connection-vanished c1 STALL=close-wait
at 61.4 walk 812
  7 1002
at 62.1-62.2 look tcp
  c2 1002 10.0.0.2:40024 198.51.100.7:9200 established
at 62.2 judge
> connection-appeared c2
> expectation-met NOT_BEFORE=61.1 NOT_AFTER=62.2
