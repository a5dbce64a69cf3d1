# A field that should be absent.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched -NOT_AFTER
