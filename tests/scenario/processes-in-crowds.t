# A process that forks a lot: ten children of a minute are told singly, the others in one event a minute of each kind, with what they have in common. Who
# was folded in is folded out; who was told singly ends singly.
rules
  build: comm=make
at 10 scan
  812/100 make uid=5
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 20 note fork 901/1901 sh parent=812 exe=/bin/sh uid=5
at 20 note fork 902/1902 sh parent=812 exe=/bin/sh uid=5
at 20 note fork 903/1903 sh parent=812 exe=/bin/sh uid=5
at 20 note fork 904/1904 sh parent=812 exe=/bin/sh uid=5
at 20 note fork 905/1905 sh parent=812 exe=/bin/sh uid=5
at 20 note fork 906/1906 sh parent=812 exe=/bin/sh uid=5
at 20 note fork 907/1907 sh parent=812 exe=/bin/sh uid=5
at 20 note fork 908/1908 sh parent=812 exe=/bin/sh uid=5
at 20 note fork 909/1909 sh parent=812 exe=/bin/sh uid=5
at 20 note fork 910/1910 sh parent=812 exe=/bin/sh uid=5
at 20 note fork 911/1911 sh parent=812 exe=/bin/sh uid=5
at 20 note fork 912/1912 sh parent=812 exe=/bin/sh uid=5
at 20 note fork 913/1913 sh parent=812 exe=/bin/sh uid=6
at 20.5 settle
> process-matched sh[901] PARENT_PID=812 -PROCESS_COUNT
> process-matched sh[902] PARENT_PID=812 -PROCESS_COUNT
> process-matched sh[903] PARENT_PID=812 -PROCESS_COUNT
> process-matched sh[904] PARENT_PID=812 -PROCESS_COUNT
> process-matched sh[905] PARENT_PID=812 -PROCESS_COUNT
> process-matched sh[906] PARENT_PID=812 -PROCESS_COUNT
> process-matched sh[907] PARENT_PID=812 -PROCESS_COUNT
> process-matched sh[908] PARENT_PID=812 -PROCESS_COUNT
> process-matched sh[909] PARENT_PID=812 -PROCESS_COUNT
> process-matched sh[910] PARENT_PID=812 -PROCESS_COUNT
at 21 judge
at 22 note exit 901/1901 sh
> process-gone sh[901] -PROCESS_COUNT
at 23 note exit 911/1911 sh
at 24 note exit 912/1912 sh
# Another program has ten of its own.
at 25 note fork 920/2490 cc parent=812 exe=/bin/cc
at 25 settle
> process-matched cc[920]
at 80.4 judge
at 80.6 judge
> process-matched sh[?] PROCESS_COUNT=3 NOT_BEFORE=20 NOT_AFTER=20.5 RULE=build EXE=/bin/sh PARENT_PID=812 PARENT_COMM=make -UID -PID -PROCESS_ENTITY
> process-gone sh[?] PROCESS_COUNT=2 NOT_BEFORE=23 NOT_AFTER=24 RULE=build EXE=/bin/sh UID=5 PARENT_PID=812 SEEN_BY=connector -PID
# A new minute: one more is told singly again. The one that is left of the sum ends in a sum, after a restart as well.
at 81 note fork 930/8090 sh parent=812 exe=/bin/sh uid=5
at 81 settle
> process-matched sh[930]
at 82 judge
at 83 restart
at 84 scan
  812/100 make uid=5
  902/1902 sh parent=812 exe=/bin/sh uid=5
  913/1913 sh parent=812 exe=/bin/sh uid=6
  930/8090 sh parent=812 exe=/bin/sh uid=5
> process-gone sh[903]
> process-gone sh[904]
> process-gone sh[905]
> process-gone sh[906]
> process-gone sh[907]
> process-gone sh[908]
> process-gone sh[909]
> process-gone sh[910]
> process-gone cc[920]
at 84.1 judge
at 85 note exit 913/1913 sh
at 86 note exit 930/8090 sh
> process-gone sh[930]
at 87 flush
> process-gone sh[913] PROCESS_COUNT=1 NOT_AFTER=85 UID=6
