# Rule 11: a notice between the reload and the next look ends what was told, though its rule is gone; a process that exits is
# gone without a rule.
rules
  web: comm=nginx
  other: comm=other
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 10.2 judge
> connection-present c1
reload
  db: comm=postgres
at 10.5-10.6 note destroy tcp c1 - 10.0.0.2:443 203.0.113.9:51544 closed
> connection-vanished c1 -RULE
at 10.7 note exit 812/100 nginx
> process-gone nginx[812] -RULE NOT_BEFORE=10.7 NOT_AFTER=10.7
