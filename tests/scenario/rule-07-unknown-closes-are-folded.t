# Rule 7: closes of sockets that were never in the map: exact in count and bytes, by peer and port; by the own port where
# something listens there. No process is invented.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10.1-10.2 look tcp
  c1 1001 *:443 - listening
at 10.2 judge
at 10.5-10.6 note destroy tcp c7 - 10.0.0.2:40000 203.0.113.9:443 closed sent=100 received=10
at 10.4-10.7 note destroy tcp c8 - 10.0.0.2:40002 203.0.113.9:443 closed sent=1 received=2
at 10.7-10.8 note destroy tcp c9 - 10.0.0.2:443 203.0.113.9:51544 closed sent=3 received=4
at 10.7-10.8 note destroy tcp c10 - 10.0.0.2:443 203.0.113.9:51546 closed
at 11 flush
> connection-summary ?[?] MISSED=2 BYTES_SENT=101 BYTES_RECEIVED=12 PEER=203.0.113.9:443 -LOCAL_PORT -DIRECTION SPAN_FIRST=10.4 SPAN_LAST=10.7 -SEEN_BY
> connection-summary ?[?] MISSED=2 BYTES_SENT=3 LOCAL_PORT=443 PEERS=203.0.113.9,2,3,4,0 PEER_COUNT=1 -PEER_ADDRESS -PEER_PORT DIRECTION=ingress
at 12 flush
at 12 balance
> audit-balance MISSED=4 UNATTRIBUTABLE=0
