# Rule 3: a row that was on its way shows the state, or the use, before the notice: the notice is right.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
  8 1002
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:40000 203.0.113.9:443 established
at 10.2 judge
> connection-present c1
> connection-present c2
at 11.1 look tcp begin
at 11.12 note state tcp c1 1001 10.0.0.2:443 203.0.113.9:51544 close-wait
at 11.13 note close tcp c2 1002 10.0.0.2:40000 203.0.113.9:443 closed
> connection-vanished c2 NOT_BEFORE=11.13 NOT_AFTER=11.13 SEEN_BY=bpf
at 11.14 note open tcp c2 1002 10.0.0.2:40002 203.0.113.10:443 syn-sent pid=812 direction=egress
at 11.15 look tcp more
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:40000 203.0.113.9:443 established
at 11.2 look tcp end
at 11.2 judge
> connection-changed c1 NOT_BEFORE=11.12 NOT_AFTER=11.12 STATE=close-wait SEEN_BY=bpf
> connection-appeared c2.2 NOT_BEFORE=11.14 PEER=203.0.113.10:443
at 11.3 question
