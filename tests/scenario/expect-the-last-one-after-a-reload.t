# The last connection of a rule outlives a reload that moves the rule to another place.
rules
  a: comm=x
  b: comm=y
  ship: comm=fluentd expect=1/established/5s
at 10 scan
  901/100 fluentd
> process-matched
at 10 walk 901
  14 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established
at 10.2 judge
> connection-present c1
at 11.1-11.2 look tcp
at 11.2 judge
at 11.3 question c1=gone
> connection-vanished c1
reload
  ship: comm=fluentd expect=1/established/5s
at 12 scan
  901/100 fluentd
at 12.1-12.2 look tcp
at 12.2 judge
at 18.1-18.2 look tcp
at 18.2 judge
> expectation-unmet fluentd[901] RULE=ship PEER=198.51.100.7:9200 LAST_ENDED=11.3 NOT_BEFORE=10.1 NOT_AFTER=12.2
