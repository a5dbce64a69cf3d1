# Rule 10: of several rules that match the first one tells; its own choice of what a change is holds.
rules
  egress: comm=curl direction=egress changed=nothing
  all: comm=curl
at 10 scan
  812/100 curl
> process-matched RULE=egress
at 10 walk 812
  7 1001
  8 1002
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 established
  c2 1002 10.0.0.2:40001 203.0.113.9:50000 established
at 10.2 judge
> connection-present c1 RULE=egress
> connection-present c2 RULE=all -DIRECTION
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 close-wait
  c2 1002 10.0.0.2:40001 203.0.113.9:50000 close-wait
at 11.2 judge
> connection-changed c2 RULE=all
