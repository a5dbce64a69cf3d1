# A child that executes another program at once gives up what it inherited: not a word of it.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:1 established
at 10.2 judge
> connection-present c1
at 11 scan
  812/100 nginx
  900/1090 nginx parent=812
> process-matched nginx[900]
at 11 walk 900
  7 1001
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:1 established
at 11.2 judge
at 11.3 note exec 900/1090 sh parent=812
at 12 walk 900
at 12.1-12.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:1 established
at 12.2 judge
at 13 walk 900
at 13.2 judge
