# Another value.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched NOT_AFTER=10.1
