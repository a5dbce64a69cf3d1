# The same history as pair-reconnect-by-looks.t, with notices: three connections.
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 10.5 note open tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 syn-sent pid=812 direction=egress
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 established
at 11.2 judge
> connection-appeared c1 PEER=203.0.113.9:443
at 11.5 note close tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 closed
> connection-vanished c1 NOT_AFTER=11.5
at 11.6 note open tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 syn-sent pid=812 direction=egress
at 12.1-12.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 established
at 12.2 judge
> connection-appeared c1.2 PEER=203.0.113.9:443 NOT_BEFORE=11.6
at 12.5 note close tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 closed
> connection-vanished c1.2 NOT_AFTER=12.5
at 12.6 note open tcp c1 1001 10.0.0.2:40000 203.0.113.10:443 syn-sent pid=812 direction=egress
at 13.1-13.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.10:443 established
at 13.2 judge
> connection-appeared c1.3 PEER=203.0.113.10:443 NOT_BEFORE=12.6
