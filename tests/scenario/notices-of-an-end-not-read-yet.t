# Of what hooks have told the opening they tell the end, too: when a look lacks it, its record may not have been read yet. If there is still none at the next
# look, it was lost.
options exact=yes
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10 walk 812
  6 1001
  7 1002
at 10.1-10.2 look tcp
at 10.2 judge
at 10.5 note open tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 established pid=812 direction=egress
at 10.6 note open tcp c2 1002 10.0.0.2:40002 203.0.113.9:443 established pid=812 direction=egress
at 10.7 judge
> connection-appeared c1
> connection-appeared c2
at 11.1-11.2 look tcp
at 11.2 judge
at 11.2 question
at 11.3 note close tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 fin-wait-2 pid=812 end=closed
> connection-vanished c1 END=closed SEEN_BY=bpf NOT_BEFORE=11.3 NOT_AFTER=11.3
at 12.1-12.2 look tcp
at 12.2 judge
at 12.2 question c2=gone
> connection-vanished c2 -END SEEN_BY=snapshot
