# A UDP socket that was connected since the last look is the same one when it is freed.
rules
  dns: comm=named transport=udp
at 10 scan
  812/100 named
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look udp
  c1 1001 10.0.0.2:40000 - unconnected
at 10.2 judge
> connection-present c1
at 10.5-10.6 note destroy udp c1 - 10.0.0.2:40000 203.0.113.9:53 established
> connection-vanished c1 SEEN_BY=destroy
at 11 flush
