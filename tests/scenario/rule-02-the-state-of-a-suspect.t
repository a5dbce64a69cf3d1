# Rule 2: a suspect that is alive was there at that time, but nobody saw its state: a change may be older than the answer.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 10.2 judge
> connection-present c1
at 11.1-11.2 look tcp
at 11.2 judge
at 11.3 question c1=alive
at 12.1-12.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 close-wait
at 12.2 judge
> connection-changed c1 NOT_BEFORE=10.1 NOT_AFTER=12.2
