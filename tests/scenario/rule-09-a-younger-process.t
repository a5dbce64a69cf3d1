# Rule 9: a process and its connection that were both born between two looks have appeared.
rules
  web: comm=curl
at 10 scan
  1/1 init
at 10.1-10.2 look tcp
at 10.2 judge
at 11 scan
  1/1 init
  900/1050 curl
> process-matched curl[900] NOT_BEFORE=10 NOT_AFTER=11
at 11 walk 900
  3 1001
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 established
at 11.2 judge
> connection-appeared c1 curl[900] NOT_BEFORE=10.1 NOT_AFTER=11.2
