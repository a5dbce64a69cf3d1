# Rule 11: the same rules under other numbers: nothing is told again, and the end comes under the rule's name. A process that
# goes meanwhile goes with the rule that it had.
rules
  web: comm=nginx state=established
  db: comm=postgres
at 10 scan
  812/100 nginx
  813/100 postgres
  814/100 postgres
> process-matched nginx[812] RULE=web
> process-matched postgres[813] RULE=db
> process-matched postgres[814] RULE=db
at 10 walk 812
  7 1001
at 10 walk 813
  7 1002
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:5432 203.0.113.9:51546 established
at 10.2 judge
> connection-present c1 RULE=web
> connection-present c2 RULE=db
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 close-wait
  c2 1002 10.0.0.2:5432 203.0.113.9:51546 established
at 11.2 judge
> connection-changed c1
reload
  db: comm=postgres
  web: comm=nginx state=established
at 12 scan
  812/100 nginx
  813/100 postgres
> process-gone postgres[814] RULE=db
# c1 has left the filter of its rule, but it was told.
at 12.1-12.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 close-wait
  c2 1002 10.0.0.2:5432 203.0.113.9:51546 established
at 12.2 judge
at 12.5-12.6 note destroy tcp c1 - 10.0.0.2:443 203.0.113.9:51544 closed
> connection-vanished c1 RULE=web
at 12.5-12.6 note destroy tcp c2 - 10.0.0.2:5432 203.0.113.9:51546 closed
> connection-vanished c2 RULE=db
