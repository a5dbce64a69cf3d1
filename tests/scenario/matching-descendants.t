# Children of a process that matches match, too, from generation to generation, also when they are read before their parent
# (pids wrap around); with descendants=no they do not.
rules
  web: comm=nginx
  cron: comm=cron descendants=no
at 10 scan
  800/300 curl parent=900
  810/301 late parent=800
  812/100 cron
  850/110 job parent=812
  900/200 nginx
  901/210 sh parent=900
> process-matched curl[800] RULE=web -NOT_BEFORE
> process-matched late[810] RULE=web
> process-matched cron[812] RULE=cron
> process-matched nginx[900] RULE=web
> process-matched sh[901] RULE=web PARENT_PID=900 PARENT_COMM=nginx
status processes=5
# A pid that was given again is no parent.
at 11 scan
  900/1050 other
  901/210 sh parent=900
  902/1060 more parent=900
> process-gone
> process-gone
> process-gone
> process-gone
