# An event that does not happen.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
> process-matched
