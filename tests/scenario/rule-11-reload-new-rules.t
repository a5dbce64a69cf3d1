# Rule 11: what begins to be told is present; a rule that went takes its processes and the silence about its connections.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
  813/100 postgres
> process-matched nginx[812]
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:5432 203.0.113.9:51546 established
at 10.2 judge
> connection-present c1
reload
  db: comm=postgres
at 11 scan
  812/100 nginx
  813/100 postgres
> process-gone nginx[812] -RULE
> process-matched postgres[813] RULE=db
at 11 walk 813
  5 1002
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 close-wait
  c2 1002 10.0.0.2:5432 203.0.113.9:51546 established
at 11.2 judge
> connection-present c2 postgres[813] RULE=db
at 12.1-12.2 look tcp
at 12.2 judge
at 12.3 question c1=gone c2=gone
> connection-vanished c2 RULE=db
status processes=1
# And back: known again, it is present again.
