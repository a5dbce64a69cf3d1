# Rule 7: a close that was never in the map is told by itself, too, where the local port is that of a listener which is told; its process is named as the
# one that listens there. Where the listener is not told, it is folded.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 *:443 - listening
  c2 1002 *:22 - listening
at 10.2 judge
> listener-present c1
at 10.7-10.8 note destroy tcp c9 - 10.0.0.2:443 203.0.113.9:51544 closed sent=3 received=4
> connection-missed nginx[812] ATTRIBUTION=listener RULE=web DIRECTION=ingress LOCAL=10.0.0.2:443 PEER=203.0.113.9:51544 BYTES_SENT=3 BYTES_RECEIVED=4
at 10.7-10.8 note destroy tcp c10 - 10.0.0.2:22 203.0.113.9:51546 closed sent=3 received=4
at 11 flush
> connection-summary ?[?] LOCAL_PORT=22 MISSED=1 DIRECTION=ingress
