# A match lasts until the process ends, whatever it calls itself; not even a name that is excluded ends its audit. An exec can
# move it to an earlier rule only.
rules
  shell: comm=sh
  web: comm=nginx
  late: comm=late
  exclude: comm=hidden
at 10 scan
  812/100 nginx
> process-matched nginx[812] RULE=web
at 11 rescan
  812/100 hidden
at 11 walk 812
  7 1001
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 11.2 judge
> connection-present c1 hidden[812] RULE=web
at 12 rescan
  812/100 late
at 13 note exec 812/100 sh
at 14 scan
  812/100 sh
> process-matched sh[812] RULE=shell NOT_BEFORE=12 NOT_AFTER=14
status processes=1
