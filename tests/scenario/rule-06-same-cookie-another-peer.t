# Rule 6: the socket was disconnected and connected to another peer: another connection with another id. Its end and its
# beginning lie between the two looks.
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 established sent=100 received=5
at 10.2 judge
> connection-present c1 PEER=203.0.113.9:443 DIRECTION=egress
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40002 203.0.113.10:443 established sent=7 received=8
at 11.2 judge
> connection-vanished c1 PEER=203.0.113.9:443 NOT_BEFORE=10.1 NOT_AFTER=11.2 BYTES_SENT=100
> connection-appeared c1.2 PEER=203.0.113.10:443 NOT_BEFORE=10.1 NOT_AFTER=11.2 COOKIE=1
at 12.1-12.2 look tcp
at 12.2 judge
at 12.3 question c1=gone
> connection-vanished c1.2 PEER=203.0.113.10:443 BYTES_SENT=7
