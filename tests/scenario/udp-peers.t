# Only a UDP socket changes its peer and stays the same connection.
rules
  dns: comm=app
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
  c1 1001 10.0.0.2:40000 203.0.113.10:53 established
at 11.2 judge
> connection-changed c1 CHANGED=peer PEER=203.0.113.10:53 NOT_BEFORE=10.1 NOT_AFTER=11.2 -PREVIOUS_STATE
