# Nobody is told of it, look after look, and nothing happens. Who gets it later is noticed at the next look, and who begins to match, too.
rules
  db: comm=postgres
  late: comm=renamed
  any: peer=192.0.2.0/24
at 10 scan
  812/100 other
  813/100 other
  814/100 other
at 10 walk 812
  5 1001
at 10 walk 813
  5 1002
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:5432 203.0.113.9:51544 established
  c2 1002 10.0.0.2:5432 203.0.113.9:51545 established
at 10.2 judge
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:5432 203.0.113.9:51544 established
  c2 1002 10.0.0.2:5432 203.0.113.9:51545 established
at 11.2 judge
at 12.1-12.2 look tcp
  c1 1001 10.0.0.2:5432 203.0.113.9:51544 established
  c2 1002 10.0.0.2:5432 203.0.113.9:51545 established
at 12.2 judge
at 13 scan
  812/100 other
  813/100 other
  814/100 postgres
> process-matched postgres[814] NOT_BEFORE=10 NOT_AFTER=13
at 13 walk 814
  7 1001
at 13.1-13.2 look tcp
  c1 1001 10.0.0.2:5432 203.0.113.9:51544 established
  c2 1002 10.0.0.2:5432 203.0.113.9:51545 established
at 13.2 judge
> connection-present c1 postgres[814] RULE=db
at 14.1-14.2 look tcp
  c1 1001 10.0.0.2:5432 203.0.113.9:51544 established
  c2 1002 10.0.0.2:5432 203.0.113.9:51545 established
at 14.2 judge
at 15 scan
  812/100 other
  813/100 renamed
  814/100 postgres
> process-matched renamed[813] NOT_BEFORE=10 NOT_AFTER=15
at 15.1-15.2 look tcp
  c1 1001 10.0.0.2:5432 203.0.113.9:51544 established
  c2 1002 10.0.0.2:5432 203.0.113.9:51545 established
at 15.2 judge
> connection-present c2 renamed[813] RULE=late
