# A state that was left and came back before it was told changes nothing; that it passed stands in the next event.
rules
  dns: comm=app state_after=5s
at 10 scan
  812/100 app
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look udp
  c1 1001 10.0.0.2:40000 203.0.113.9:53 established
at 10.2 judge
> connection-present c1
at 11.1-11.2 look udp
  c1 1001 10.0.0.2:40000 203.0.113.9:53 closed
at 11.2 judge
at 12.1-12.2 look udp
  c1 1001 10.0.0.2:40000 203.0.113.9:53 established
at 12.2 judge
at 20.1-20.2 look udp
at 20.2 judge
at 20.3 question c1=gone
> connection-vanished c1 STATE=established -PREVIOUS_STATE STATES=unconnected
