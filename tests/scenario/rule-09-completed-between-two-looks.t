# Rule 9: opened and closed between two looks is one event, with both bounds.
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 10.5 note open tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 syn-sent pid=812 direction=egress
at 10.52 note state tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 established
at 10.7 note close tcp c1 1001 10.0.0.2:40000 203.0.113.9:443 closed sent=100 received=5 end=reset-received
> connection-completed c1 curl[812] OPENED_NOT_BEFORE=10.5 OPENED_AT=10.5 NOT_BEFORE=10.7 NOT_AFTER=10.7 SEEN_BY=bpf END=reset-received BYTES_SENT=100 DURATION=0.2 STATE=established STATES=syn-sent -PREVIOUS_STATE DIRECTION=egress
at 11.1-11.2 look tcp
at 11.2 judge
at 11.3 question
