# Packet, raw and netlink sockets are told as sockets, of any process where a rule without match asks: at the start as present, then as appeared,
# and never as connections.
rules
  sniffers: family=ipv4,ipv6,packet transport=raw,dgram,packet
  talkers: comm=udevd family=netlink
at 10 scan
  900/50 lldpd
  901/60 udevd
> process-matched udevd[901]
at 10 walk 900
  5 1001
at 10 walk 901
  4 1010
  5 1011
at 10.1-10.2 look packet
  c1 1001 35020 - unconnected interface=2
at 10.1-10.2 look raw
at 10.1-10.2 look netlink
  c10 1010 15 901 unconnected
at 10.2 judge
> socket-present c1 lldpd[900] RULE=sniffers FAMILY=packet TRANSPORT=raw STATE=unconnected PROTOCOL=lldp INTERFACE=eth2 -LOCAL_ADDRESS -LOCAL_PORT -NOT_BEFORE
> socket-present c10 udevd[901] RULE=talkers FAMILY=netlink PROTOCOL=uevent LOCAL_PORT=901 -TRANSPORT -INTERFACE
at 11 scan
  900/50 lldpd
  901/60 udevd
  950/1005 tcpdump
at 11.1-11.2 look packet
  c1 1001 35020 - unconnected interface=2
  c2 1002 3 - unconnected
at 11.1-11.2 look raw
  c3 1003 0.0.0.0:1 - unconnected
at 11.1-11.2 look netlink
  c10 1010 15 901 unconnected
  c11 1012 16 950 unconnected
at 11.2 walk 950
  3 1002
  4 1003
  6 1012
at 11.2 judge
> socket-appeared c2 tcpdump[950] NOT_BEFORE=10.1 NOT_AFTER=11.2 PROTOCOL=all -INTERFACE
> socket-appeared c3 tcpdump[950] FAMILY=ipv4 TRANSPORT=raw PROTOCOL=icmp LOCAL_ADDRESS=0.0.0.0 -LOCAL_PORT
at 12 scan
  900/50 lldpd
  901/60 udevd
  950/1005 tcpdump
# It is bound to another interface meanwhile: the socket is the same.
at 12.1-12.2 look packet
  c1 1001 35020 - unconnected interface=3
at 12.1-12.2 look raw
  c3 1003 0.0.0.0:1 - unconnected
at 12.2 judge
at 12.3 question c2=gone
> socket-vanished c2 tcpdump[950] PROTOCOL=all NOT_BEFORE=11.1 NOT_AFTER=12.3 -BYTES_SENT
at 13 scan
  900/50 lldpd
  901/60 udevd
  950/1005 tcpdump
at 13.1-13.2 look packet
at 13.2 judge
at 13.3 question c1=gone
> socket-vanished c1 lldpd[900] INTERFACE=eth3
