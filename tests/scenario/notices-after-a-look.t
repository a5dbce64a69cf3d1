# The look was faster than the notice of the opening: it is one connection, and the notice knows when and who.
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11.1 look tcp begin
  c1 1001 10.0.0.2:40000 203.0.113.9:443 established
at 11.05 note open tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 syn-sent pid=812 direction=egress
at 11.2 look tcp end
at 11.2 judge
> connection-appeared c1 curl[812] NOT_BEFORE=11.05 NOT_AFTER=11.05 DIRECTION=egress SEEN_BY=bpf
at 11.3 note open tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 established pid=812
> connection-vanished c1 NOT_BEFORE=11.1 NOT_AFTER=11.3
at 11.4 note close tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 closed
> connection-completed c1.2 OPENED_AT=11.3 NOT_AFTER=11.4
