# An event that is not named.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
