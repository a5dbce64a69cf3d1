# The same history as pair-short-connection-by-looks.t, with destroy messages: the end is earlier, and 1002 is known to have been.
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 established
at 11.2 walk 812
  7 1001
at 11.2 judge
> connection-appeared c1 curl[812] NOT_BEFORE=10.1 NOT_AFTER=11.2 DIRECTION=egress
at 11.75-11.85 note destroy tcp c2 - 10.0.0.2:40002 203.0.113.9:443 closed sent=20 received=30
at 12.45-12.55 note destroy tcp c1 - 10.0.0.2:40000 203.0.113.9:443 closed sent=1 received=2
> connection-vanished c1 NOT_BEFORE=11.1 NOT_AFTER=12.55 BYTES_SENT=1
at 13 walk 812
at 13.1-13.2 look tcp
at 13.2 judge
at 13.3 question
at 13.4 flush
> connection-summary ?[?] MISSED=1 BYTES_SENT=20
