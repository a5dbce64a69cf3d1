# Fold: the first connections of a combination are told singly, to their end; the others are counted. Changes that are no openings follow their connection.
rules
  egress: direction=egress fold=exe,peer,peer_port first=2 every=10m state_after=0
at 10 scan
  900/100 curl exe=/usr/bin/curl uid=1000
at 10.1-10.2 look tcp
at 10.2 judge
at 11-11.1 look tcp
  c1 1001 10.0.0.2:40001 198.51.100.7:443 established
  c2 1002 10.0.0.2:40002 198.51.100.7:443 established
  c3 1003 10.0.0.2:40003 198.51.100.7:443 established
  c4 1004 10.0.0.2:40004 198.51.100.7:8443 established
at 11.1 walk 900
  3 1001
  4 1002
  5 1003
  6 1004
at 11.2 judge
> connection-appeared c1 curl[900] RULE=egress
> connection-appeared c2 curl[900]
> connection-appeared c4 curl[900] PEER=198.51.100.7:8443
at 12-12.1 look tcp
  c1 1001 10.0.0.2:40001 198.51.100.7:443 close-wait
  c2 1002 10.0.0.2:40002 198.51.100.7:443 established
  c3 1003 10.0.0.2:40003 198.51.100.7:443 close-wait
  c4 1004 10.0.0.2:40004 198.51.100.7:8443 established
at 12.1 judge
> connection-changed c1 STATE=close-wait
at 13-13.1 note destroy tcp c1 - 10.0.0.2:40001 198.51.100.7:443 closed sent=100 received=1000
> connection-vanished c1 BYTES_SENT=100
at 13-13.1 note destroy tcp c3 - 10.0.0.2:40003 198.51.100.7:443 closed sent=10 received=20
at 13.2-13.3 note destroy tcp c2 - 10.0.0.2:40002 198.51.100.7:443 closed sent=1 received=2
> connection-vanished c2 BYTES_SENT=1
at 610 fold
at 610.1 fold
> connection-summary RULE=egress EXE=/usr/bin/curl PEER=198.51.100.7:443 OPENED=1 CLOSED=1 CHANGES=1 BYTES_SENT=10 BYTES_RECEIVED=20 -FAILED -PRESENT -MISSED -PEERS -PEER_COUNT -COMM -UID -DIRECTION -LOCAL_PORT -SEEN_BY -CONNECTION -EARLY SPAN_FIRST=10.1 SPAN_LAST=13.1 NOT_AFTER=610.1 -NOT_BEFORE
at 2000 fold
