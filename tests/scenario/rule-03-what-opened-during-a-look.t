# Rule 3: a notice opened it after the look had passed its place: it is not suspect.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11.1 look tcp begin
at 11.15 note open tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 syn-sent pid=812 direction=egress
at 11.2 look tcp end
at 11.2 judge
> connection-appeared c1 nginx[812] NOT_BEFORE=11.15 NOT_AFTER=11.15 SEEN_BY=bpf STATE=syn-sent DIRECTION=egress ATTRIBUTION=opener
status suspects=0
# The next look is later than the notice: now its absence counts.
at 12.1-12.2 look tcp
at 12.2 judge
status suspects=1
at 12.3 question c1=gone
> connection-vanished c1 NOT_BEFORE=11.15 NOT_AFTER=12.3
