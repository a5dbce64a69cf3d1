# A socket that is new in the look has no holder yet: the walk that follows finds it, before the judgement. A socket that is known,
# but was told by no rule, is judged again when somebody else is found to hold it.
rules
  web: comm=nginx
  local: comm=helper peer=loopback
at 10 scan
  812/100 nginx
  813/100 helper
> process-matched
> process-matched
at 10 walk 813
  3 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 10.2 judge
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established
unheld 1
at 11.2 walk 812
  7 1001
  8 1002
at 11.2 walk 813
  3 1001
at 11.3 judge
> connection-appeared c2 nginx[812] NOT_BEFORE=10.1 NOT_AFTER=11.2
# A second judgement in the same cycle must not lose it.
at 11.4 judge
at 12.1-12.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established
unheld 0
at 12.2 judge
> connection-present c1 nginx[812] HOLDER_COUNT=2
