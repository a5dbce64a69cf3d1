# The same history as pair-short-connection-by-looks.t, with all notices: both lives, exact.
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 10.5 note open tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 syn-sent pid=812 direction=egress
at 10.51 note state tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 established
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 established
at 11.2 judge
> connection-appeared c1 curl[812] NOT_BEFORE=10.5 NOT_AFTER=10.5 DIRECTION=egress
at 11.7 note open tcp c2 1002 10.0.0.2:40002 203.0.113.9:443 syn-sent pid=812 direction=egress
at 11.8 note close tcp c2 1002 10.0.0.2:40002 203.0.113.9:443 closed sent=20 received=30
> connection-completed c2 curl[812] OPENED_AT=11.7 NOT_AFTER=11.8 BYTES_SENT=20
at 12.5 note close tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 closed sent=1 received=2
> connection-vanished c1 NOT_BEFORE=12.5 NOT_AFTER=12.5 BYTES_SENT=1
at 13.1-13.2 look tcp
at 13.2 judge
at 13.3 question
at 13.4 flush
