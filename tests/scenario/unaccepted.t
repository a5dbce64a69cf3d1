# A connection that nobody has accepted yet belongs to whoever listens there, and to its holder from then on. The other side may
# have closed it already.
rules
  web: comm=nginx
  any: comm=worker
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 *:443 - listening
  c2 - 10.0.0.2:443 203.0.113.9:51544 established
  c3 - 10.0.0.2:443 203.0.113.9:51546 close-wait
  c4 - 10.0.0.2:22 203.0.113.9:51548 established
at 10.2 judge
> listener-present c1
> connection-present c2 nginx[812] ATTRIBUTION=listener DIRECTION=ingress -FD -INODE
> connection-present c3 nginx[812] ATTRIBUTION=listener
at 11 scan
  812/100 nginx
  813/105 nginx
> process-matched nginx[813]
at 11.1-11.2 look tcp
  c1 1001 *:443 - listening
  c2 1002 10.0.0.2:443 203.0.113.9:51544 established
  c3 - 10.0.0.2:443 203.0.113.9:51546 close-wait
  c4 - 10.0.0.2:22 203.0.113.9:51548 established
unheld 1
at 11.2 walk 813
  9 1002
at 11.2 judge
at 12.1-12.2 look tcp
  c1 1001 *:443 - listening
  c2 1002 10.0.0.2:443 203.0.113.9:51544 close-wait
  c3 - 10.0.0.2:443 203.0.113.9:51546 close-wait
  c4 - 10.0.0.2:22 203.0.113.9:51548 established
at 12.2 judge
> connection-changed c2 nginx[813] FD=9 -ATTRIBUTION
