# What many children inherit is summed up, too.
rules
  web: comm=make
at 10 scan
  812/100 make
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:1 established
at 10.2 judge
> connection-present c1
at 11 note fork 901/1090 sh parent=812 exe=/bin/sh
at 11 note fork 902/1090 sh parent=812 exe=/bin/sh
at 11 note fork 903/1090 sh parent=812 exe=/bin/sh
at 11 note fork 904/1090 sh parent=812 exe=/bin/sh
at 11 note fork 905/1090 sh parent=812 exe=/bin/sh
at 11 note fork 906/1090 sh parent=812 exe=/bin/sh
at 11 note fork 907/1090 sh parent=812 exe=/bin/sh
at 11 note fork 908/1090 sh parent=812 exe=/bin/sh
at 11 note fork 909/1090 sh parent=812 exe=/bin/sh
at 11 note fork 910/1090 sh parent=812 exe=/bin/sh
at 11 note fork 911/1090 sh parent=812 exe=/bin/sh
at 11 note fork 912/1090 sh parent=812 exe=/bin/sh
at 11 note fork 913/1090 sh parent=812 exe=/bin/sh
at 11 settle
> process-matched sh[901]
> process-matched sh[902]
> process-matched sh[903]
> process-matched sh[904]
> process-matched sh[905]
> process-matched sh[906]
> process-matched sh[907]
> process-matched sh[908]
> process-matched sh[909]
> process-matched sh[910]
at 11 walk 901
  7 1001
at 11 walk 902
  7 1001
at 11 walk 903
  7 1001
at 11 walk 904
  7 1001
at 11 walk 905
  7 1001
at 11 walk 906
  7 1001
at 11 walk 907
  7 1001
at 11 walk 908
  7 1001
at 11 walk 909
  7 1001
at 11 walk 910
  7 1001
at 11 walk 911
  7 1001
at 11 walk 912
  7 1001
at 11 walk 913
  7 1001
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:1 established
at 11.2 judge
at 12 walk 901
  7 1001
> process-inherited sh[901] INHERITED_COUNT=1 FROM_PID=812
at 12 walk 902
  7 1001
> process-inherited sh[902] INHERITED_COUNT=1 FROM_PID=812
at 12 walk 903
  7 1001
> process-inherited sh[903] INHERITED_COUNT=1 FROM_PID=812
at 12 walk 904
  7 1001
> process-inherited sh[904] INHERITED_COUNT=1 FROM_PID=812
at 12 walk 905
  7 1001
> process-inherited sh[905] INHERITED_COUNT=1 FROM_PID=812
at 12 walk 906
  7 1001
> process-inherited sh[906] INHERITED_COUNT=1 FROM_PID=812
at 12 walk 907
  7 1001
> process-inherited sh[907] INHERITED_COUNT=1 FROM_PID=812
at 12 walk 908
  7 1001
> process-inherited sh[908] INHERITED_COUNT=1 FROM_PID=812
at 12 walk 909
  7 1001
> process-inherited sh[909] INHERITED_COUNT=1 FROM_PID=812
at 12 walk 910
  7 1001
> process-inherited sh[910] INHERITED_COUNT=1 FROM_PID=812
at 12 walk 911
  7 1001
at 12 walk 912
  7 1001
at 12 walk 913
  7 1001
at 12.2 judge
at 80 judge
> process-matched sh[?] PROCESS_COUNT=3 PARENT_PID=812
> process-inherited sh[?] PROCESS_COUNT=3 INHERITED_COUNT=3 FROM_PID=812 FROM_COMM=make NOT_BEFORE=10.9 NOT_AFTER=11 RULE=web PARENT_PID=812 -PID
