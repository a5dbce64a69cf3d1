# Rule 11: a restart with another configuration is a reload that took a while: what no rule tells any more leaves in silence, what begins to be told is
# present, and what a process has matched it keeps where the rule has not changed.
rules
  web: comm=nginx
  db: comm=postgres
at 10 scan
  812/100 nginx
  813/100 postgres
  814/100 redis
> process-matched nginx[812]
> process-matched postgres[813]
at 10 walk 812
  7 1001
at 10 walk 813
  7 1002
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:5432 203.0.113.9:51546 established
  c3 1003 10.0.0.2:6379 203.0.113.9:51548 established
at 10.2 judge
> connection-present c1 RULE=web
> connection-present c2 RULE=db
# It renames itself: sticky.
at 11 rescan
  812/100 worker
  813/100 postgres
  814/100 redis
at 60 restart
  cache: comm=redis
  web: comm=nginx
at 60.1 scan
  812/100 worker
  813/100 postgres
  814/100 redis
> process-gone postgres[813] -RULE
> process-matched redis[814] RULE=cache
at 60.1 walk 812
  7 1001
at 60.1 walk 814
  7 1003
at 60.2-60.3 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 close-wait
  c2 1002 10.0.0.2:5432 203.0.113.9:51546 close-wait
  c3 1003 10.0.0.2:6379 203.0.113.9:51548 established
at 60.3 judge
> connection-changed c1 worker[812] RULE=web
> connection-present c3 redis[814] RULE=cache
at 61.2-61.3 look tcp
at 61.3 judge
at 61.4 question c1=gone c2=gone c3=gone
> connection-vanished c3 RULE=cache
> connection-vanished c1 RULE=web
# And a rule of the same name that matches others.
at 70 restart
  cache: comm=redis
  web: comm=apache
at 70.1 scan
  812/100 worker
  813/100 postgres
  814/100 redis
> process-gone worker[812] -RULE
