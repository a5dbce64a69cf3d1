# Rule 6 for text of /proc: the inode was given again, to a socket with other addresses, and under the same descriptor. One has gone, another
# is there; neither is the other changed. Since its holder seems to have had it before that look, it may be older.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  - 1001 10.0.0.2:443 203.0.113.9:51544 established
at 10.2 judge
> connection-present i1001 LOCAL_PORT=443 PEER_PORT=51544 PID=812
at 11 walk 812
  7 1001
at 11.1-11.2 look tcp
  - 1001 10.0.0.2:443 203.0.113.9:51546 established
at 11.2 judge
> connection-present PEER_PORT=51546 -NOT_BEFORE
at 11.3 question i1001=gone
> connection-vanished i1001 PEER_PORT=51544 NOT_BEFORE=10.1 NOT_AFTER=11.3
at 12.1-12.2 look tcp
  - 1001 10.0.0.2:443 203.0.113.9:51546 established
at 12.2 judge
at 13.1-13.2 look tcp
  - 1001 10.0.0.2:443 203.0.113.9:51546 established
at 13.2 judge
