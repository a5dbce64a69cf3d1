# Rule 10: entering a filter is present, leaving it is silent: it stays with the rule that told it, to its end.
rules
  stuck: comm=nginx state=close-wait,established peer=!203.0.113.0/24
  slow: comm=nginx state=close-wait
at 10 scan
  812/100 nginx
> process-matched RULE=stuck
at 10 walk 812
  7 1001
  8 1002
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 198.51.100.7:51546 established
at 10.2 judge
> connection-present c2 RULE=stuck
status sockets=2
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 close-wait
  c2 1002 10.0.0.2:443 198.51.100.7:51546 established
at 11.2 judge
> connection-present c1 RULE=slow STATE=close-wait NOT_AFTER=11.2 -NOT_BEFORE STATES=established
at 12.1-12.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 last-ack
  c2 1002 10.0.0.2:443 198.51.100.7:51546 last-ack
at 12.2 judge
> connection-changed c1 RULE=slow STATE=last-ack PREVIOUS_STATE=close-wait
> connection-changed c2 RULE=stuck STATE=last-ack
at 13.1-13.2 look tcp
at 13.2 judge
at 13.3 question c1=gone c2=gone
> connection-vanished c1 RULE=slow
> connection-vanished c2 RULE=stuck
