# A rule without match tells sockets of every process, and of none: then the process is unknown.
rules
  any: transport=tcp
at 10 scan
  812/100 nginx
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 - 10.0.0.2:80 203.0.113.9:51546 fin-wait-1
  c3 1003 10.0.0.2:80 203.0.113.9:51548 established
at 10.2 judge
> connection-present c1 nginx[812] RULE=any
> connection-present c2 ?[?] RULE=any -INODE
> connection-present c3 ?[?] RULE=any INODE=1003
status processes=0
