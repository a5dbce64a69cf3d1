# At the start nothing is known of before: the time runs from the first look. A connection in another state is shown as it is.
rules
  ship: comm=fluentd expect=2/established/5s
  other: comm=nginx
at 10 scan
  901/100 fluentd
> process-matched
at 10 walk 901
  14 1001
  15 1002
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established
  c2 1002 10.0.0.2:40024 198.51.100.7:9200 syn-sent
at 10.2 judge
> connection-present c1
> connection-present c2
at 15.1-15.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established
  c2 1002 10.0.0.2:40024 198.51.100.7:9200 syn-sent
at 15.2 judge
> connection-stalled c2 STALL=connecting
at 15.3-15.4 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established
  c2 1002 10.0.0.2:40024 198.51.100.7:9200 syn-sent
at 15.4 judge
> expectation-unmet c2 FOUND=1 EXPECTED=2 -NOT_BEFORE NOT_AFTER=10.2 STATE=syn-sent STALL=connecting UNMET=5.1 -LAST_ENDED
at 16.1-16.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established
  c2 1002 10.0.0.2:40024 198.51.100.7:9200 established
at 16.2 judge
> connection-changed c2
> expectation-met FOUND=2
