# No scan follows: a process is told when its notice was worked off. A new one matches since its fork, an older one since it was judged last
# (it may have moved to another unit before this exec); who ended is gone at that instant, and stays so for a scan.
rules
  web: comm=nginx,late
at 10 scan
  812/100 nginx
  813/100 sh
> process-matched
at 10.4 note fork 900/1040 nginx parent=812
at 10.5 settle
> process-matched nginx[900] NOT_BEFORE=10.4 NOT_AFTER=10.5
at 10.6 settle
at 10.7 note change 813/100 other
at 10.7 settle
at 10.8-10.9 note exec 813/100 late
at 10.9 settle
> process-matched late[813] NOT_BEFORE=10.7 NOT_AFTER=10.9
at 11 note exit 900/1040 nginx
> process-gone nginx[900] NOT_BEFORE=11 NOT_AFTER=11
at 12 scan
  812/100 nginx
  813/100 late
at 12.5 note exit 813/999 late
status processes=2 known=2
at 13 scan
  812/100 nginx
> process-gone late[813] NOT_BEFORE=12 NOT_AFTER=13 SEEN_BY=snapshot
