# Rule 7: a foreign socket that the map had is not missed; a second message about one cookie counts once.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
kernel active=0
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:22 203.0.113.9:51544 established
at 10.2 judge
at 10.5-10.6 note destroy tcp c1 - 10.0.0.2:22 203.0.113.9:51544 closed sent=100 received=10
at 10.6-10.7 note destroy tcp c1 - 10.0.0.2:22 203.0.113.9:51544 closed sent=100 received=10
at 11 flush
status foreign=1
at 12 balance
> audit-balance MISSED=0 UNATTRIBUTABLE=0
