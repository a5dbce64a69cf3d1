# What listens: TCP in LISTEN, UDP bound to a port that is not ephemeral, unix in LISTEN. Rules can ask for them, or for the rest.
options ephemeral=32768-60999
rules
  servers: listen=yes
  rest: comm=app listen=no
at 10 scan
  812/100 app
> process-matched
at 10 walk 812
  3 1001
  4 1002
  5 1003
  6 1004
  7 1005
at 10.1-10.2 look tcp
  c1 1001 [::]:443 - listening recvq=2 sendq=128
at 10.2-10.3 look udp
  c2 1002 *:53 - closed
  c3 1003 *:40000 - closed
at 10.3-10.4 look unix
  c4 1004 /run/app.sock - listening
  c5 1005 - - closed type=dgram
at 10.4 judge
> listener-present c1 RULE=servers TRANSPORT=tcp FAMILY=ipv6 LOCAL_PORT=443 -PEER_ADDRESS STATE=listening
> listener-present c2 RULE=servers TRANSPORT=udp
> connection-present c3 RULE=rest TRANSPORT=udp
> listener-present c4 RULE=servers LOCAL_PATH=/run/app.sock FAMILY=unix TRANSPORT=stream
> connection-present c5 RULE=rest TRANSPORT=dgram -LOCAL_PATH STATE=unconnected
at 11.1-11.2 look tcp
  c6 2001 *:80 - listening
at 11.2 judge
at 11.3 question c1=gone
> listener-vanished c1 -BYTES_SENT NOT_BEFORE=10.1
# Who has it may be found one look later.
at 12.1-12.2 look tcp
  c6 2001 *:80 - listening
unheld 1
at 12.2 judge
> listener-appeared c6 ?[?] RULE=servers NOT_BEFORE=10.1 NOT_AFTER=11.2
