# Another process.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched nginx[813]
