# One socket, connected three times, twice to the same peer. By looks the first two are one connection: nothing says otherwise.
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11 walk 812
  7 1001
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 established
at 11.2 judge
> connection-appeared c1 PEER=203.0.113.9:443
at 12.1-12.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 established
at 12.2 judge
at 13.1-13.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.10:443 established
at 13.2 judge
> connection-vanished c1 PEER=203.0.113.9:443 NOT_BEFORE=12.1 NOT_AFTER=13.2
> connection-appeared c1.2 PEER=203.0.113.10:443 NOT_BEFORE=12.1 NOT_AFTER=13.2
