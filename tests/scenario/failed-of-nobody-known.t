# Attempts that failed, of which no look had the process, are no connections that were missed: they are counted, with the other closes of which nothing
# can be said.
rules
  web: comm=nginx missed=each
at 10 scan
  812/100 nginx
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 10.5-10.6 note destroy tcp c7 - 10.0.0.2:40000 203.0.113.9:443 closed answered=no
at 10.5-10.6 note destroy tcp c8 - 10.0.0.2:40002 203.0.113.9:443 closed answered=yes
> connection-missed COOKIE=8
at 11 flush
at 12 balance
> audit-balance MISSED=1 UNATTRIBUTABLE=1
