# A word that means nothing.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 judge now
