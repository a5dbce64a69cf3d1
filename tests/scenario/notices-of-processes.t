# Fork, exec and exit between scans.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10.4 note fork 900/1040 nginx parent=812
at 10.5 note exec 900/1040 curl parent=812
at 11 scan
  812/100 nginx
  900/1040 curl
> process-matched curl[900] NOT_BEFORE=10.4 NOT_AFTER=11 PARENT_PID=812
at 11.5 note exit 900/1040 curl
> process-gone curl[900] NOT_BEFORE=11.5 NOT_AFTER=11.5 SEEN_BY=connector
at 11.6 note exit 900/1040 curl
at 11.7 note exit 812/999 nginx
status processes=1
