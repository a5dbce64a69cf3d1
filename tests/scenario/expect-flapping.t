# What comes and goes faster than the rule allows is not told.
rules
  ship: comm=fluentd expect=1/established/5s
at 10 scan
  901/100 fluentd
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 14.1-14.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established
at 14.2 walk 901
  14 1001
at 14.2 judge
> connection-appeared c1
at 15.1-15.2 look tcp
at 15.2 judge
at 15.3 question c1=gone
> connection-vanished c1
at 18.1-18.2 look tcp
  c2 1002 10.0.0.2:40024 198.51.100.7:9200 established
at 18.2 walk 901
  14 1002
at 18.2 judge
> connection-appeared c2
at 19.1-19.2 look tcp
  c2 1002 10.0.0.2:40024 198.51.100.7:9200 close-wait
at 19.2 judge
> connection-changed c2
at 24.1-24.2 look tcp
  c2 1002 10.0.0.2:40024 198.51.100.7:9200 close-wait
at 24.2 judge
at 24.3-24.4 look tcp
  c2 1002 10.0.0.2:40024 198.51.100.7:9200 close-wait
at 24.4 judge
> expectation-unmet c2 STATE=close-wait NOT_BEFORE=18.1 NOT_AFTER=19.2
