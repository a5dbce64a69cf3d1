# Rule 5: a process of the last scan that is missing in a complete one is gone; in one that was cut short it is not.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
  813/100 nginx
> process-matched nginx[812]
> process-matched nginx[813]
status processes=2
at 11 scan partial
  812/100 nginx
at 12 scan
  812/100 nginx
> process-gone nginx[813] NOT_BEFORE=10 NOT_AFTER=12 RULE=web
status processes=1
# A scan that was cut short does not show who is new since when.
at 13 scan partial
  812/100 nginx
at 14 scan
  812/100 nginx
  900/1250 nginx
> process-matched nginx[900] NOT_BEFORE=12 NOT_AFTER=14
