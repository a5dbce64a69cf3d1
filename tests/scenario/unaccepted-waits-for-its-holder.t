# A connection that nobody has accepted yet belongs to whoever will: it is told one look later, with the worker that accepted it and the
# bounds of its opening, not with the master that happens to hold the listener. What is still not accepted then is its listener's.
rules
  web: comm=nginx
at 10 scan
  800/90 nginx
  812/100 nginx parent=800
> process-matched
> process-matched
at 10 walk 800
  6 1000
at 10 walk 812
  6 1000
at 10.1-10.2 look tcp
  c1 1000 0.0.0.0:80 0.0.0.0:0 listening
at 10.2 judge
> listener-present c1
at 11.1-11.2 look tcp
  c1 1000 0.0.0.0:80 0.0.0.0:0 listening
  c2 - 10.0.0.2:80 203.0.113.9:51544 established
  c3 - 10.0.0.2:80 203.0.113.9:51545 established
at 11.2 judge
at 12.1-12.2 look tcp
  c1 1000 0.0.0.0:80 0.0.0.0:0 listening
  c2 1002 10.0.0.2:80 203.0.113.9:51544 established
  c3 - 10.0.0.2:80 203.0.113.9:51545 established
at 12.2 walk 812
  6 1000
  9 1002
at 12.3 judge
> connection-appeared c2 nginx[812] NOT_BEFORE=10.1 NOT_AFTER=11.2 -ATTRIBUTION DIRECTION=ingress
> connection-appeared c3 nginx[800] NOT_BEFORE=10.1 NOT_AFTER=11.2 ATTRIBUTION=listener DIRECTION=ingress
