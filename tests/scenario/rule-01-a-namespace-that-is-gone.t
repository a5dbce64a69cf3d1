# Rule 1: with its namespace every socket of it becomes suspect, and no other. Should it be reached again, what is there may
# be old.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
  813/110 nginx
  500/90 sshd
> process-matched
> process-matched
at 10 walk 812
  7 1001
at 10 walk 813
  7 2001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 10.2-10.3 look tcp netns=2
  c2 2001 10.0.0.3:443 203.0.113.9:51546 established
  c3 2002 10.0.0.3:22 203.0.113.9:51548 established
at 10.3 judge
> connection-present c1 NETNS=4026530001
> connection-present c2 NETNS=4026530002 NOT_AFTER=10.3
status foreign=1
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 11.2-11.3 look tcp netns=2 gone
at 11.3 judge
status suspects=1
at 11.4 question c2=gone
> connection-vanished c2 NOT_BEFORE=10.2 NOT_AFTER=11.4
at 11.5 judge
at 12 walk 813
  9 2002
at 12.2-12.3 look tcp netns=2
  c3 2002 10.0.0.3:22 203.0.113.9:51548 established
at 12.3 judge
> connection-present c3 nginx[813] -NOT_BEFORE NOT_AFTER=12.3
at 13.2-13.3 look tcp netns=2
  c3 2002 10.0.0.3:22 203.0.113.9:51548 established
at 13.3 judge
