# Rule 8 is about mini-sockets only: a socket that was closed but still drains is alive, without inode and holders, with its own
# process.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 10.2 judge
> connection-present c1 FD=7
at 11 walk 812
at 11.1-11.2 look tcp
  c1 - 10.0.0.2:443 203.0.113.9:51544 fin-wait-1 sendq=300
at 11.2 judge
> connection-changed c1 nginx[812] STATE=fin-wait-1 -HOLDER_COUNT SEND_QUEUE=300
status suspects=0
