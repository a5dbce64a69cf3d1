# processes: no. Who matches is not told, and what is known of a process stands in the first event about one of its sockets. Its children match all the same.
rules
  shell: comm=sh processes=no
at 10 scan
  812/100 sh exe=/bin/sh cmdline=sh_-i
at 10.1-10.2 look tcp
at 10.2 judge
at 11 note fork 900/1090 cat parent=812
at 11 settle
at 11 walk 812
  3 1001
at 11 walk 900
  3 1002
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 established
  c2 1002 10.0.0.2:40002 203.0.113.9:443 established
at 11.2 judge
> connection-appeared c1 sh[812] CMDLINE=sh_-i RULE=shell
> connection-appeared c2 cat[900] PARENT_PID=812 RULE=shell
at 12 note exit 900/1090 cat
status processes=0
