# state_after: a state that lasts shorter is not told singly; it stands in STATES of the next event, with the state that was told
# before in PREVIOUS_STATE.
rules
  web: comm=nginx state_after=2s
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
  8 1002
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 syn-sent
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established
at 10.2 judge
> connection-present c1
> connection-present c2
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 close-wait
at 11.2 judge
at 12.1-12.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 close-wait
  c2 1002 10.0.0.2:443 203.0.113.9:51546 close-wait
at 12.2 judge
# c2 has been in its state for two seconds.
at 13.1-13.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 close-wait
  c2 1002 10.0.0.2:443 203.0.113.9:51546 close-wait
at 13.2 judge
> connection-changed c2 PREVIOUS_STATE=established STATE=close-wait NOT_BEFORE=10.1 NOT_AFTER=11.2 -STATES
at 14.1-14.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 close-wait
  c2 1002 10.0.0.2:443 203.0.113.9:51546 last-ack
at 14.2 judge
> connection-changed c1 PREVIOUS_STATE=syn-sent STATE=close-wait STATES=established NOT_BEFORE=11.1 NOT_AFTER=12.2
at 15.1-15.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 close-wait
at 15.2 judge
at 15.3 question c2=gone
> connection-vanished c2 STATE=last-ack PREVIOUS_STATE=close-wait
