# Told by notices, between looks that see it, too: nothing is told twice, times are exact, the process is the opener.
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 10.5 note open tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 syn-sent pid=812 direction=egress
at 10.52 note state tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 established
at 11 walk 812
  7 1001
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 established sent=10
unheld 0
at 11.2 judge
> connection-appeared c1 curl[812] NOT_BEFORE=10.5 NOT_AFTER=10.5 SEEN_BY=bpf STATE=established STATES=syn-sent DIRECTION=egress ATTRIBUTION=opener INODE=1001
at 11.5 note state tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 close-wait
at 12.1-12.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 close-wait sent=10
at 12.2 judge
> connection-changed c1 STATE=close-wait PREVIOUS_STATE=established NOT_BEFORE=11.5 NOT_AFTER=11.5 SEEN_BY=bpf
at 12.5 note close tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 closed sent=17 received=4 end=closed
> connection-vanished c1 NOT_BEFORE=12.5 NOT_AFTER=12.5 DURATION=2 END=closed BYTES_SENT=17 SEEN_BY=bpf
at 12.6 note destroy tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 closed
at 13.1-13.2 look tcp
at 13.2 judge
at 13.3 question
at 13.4 flush
