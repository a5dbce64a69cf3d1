# Rule 6: a socket that was disconnected, and said to have vanished, is connected again under its old cookie: another connection.
rules
  web: comm=curl
at 9.1-9.2 look tcp
at 9.2 judge
at 10 scan
  812/100 curl
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 established
at 10.2 judge
> connection-appeared c1
at 11.1-11.2 look tcp
at 11.2 judge
at 11.3 question c1=gone
> connection-vanished c1
at 12.1-12.2 look tcp
  c1 1001 10.0.0.2:40002 203.0.113.9:443 established
at 12.2 judge
> connection-appeared c1.2 NOT_BEFORE=11.1 NOT_AFTER=12.2
