# Rules 4 and 9: its holder was known before the look that skipped it began: it may be older. A descriptor that came after the look is
# another matter, and so is a socket that was not connected for long.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
  9 1003
at 10.1-10.2 look tcp
at 10.2 judge
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established
at 11.2 walk 812
  7 1001
  8 1002
  9 1003
at 11.3 judge
> connection-present c1 -NOT_BEFORE NOT_AFTER=11.2
> connection-appeared c2 NOT_BEFORE=10.1 NOT_AFTER=11.2
at 12.1-12.2 look tcp
at 12.2 judge
at 13.1-13.2 look tcp
at 13.2 judge
at 14.1-14.2 look tcp
  c3 1003 10.0.0.2:40000 203.0.113.9:443 established
at 14.2 judge
> connection-appeared c3 NOT_BEFORE=13.1 NOT_AFTER=14.2
