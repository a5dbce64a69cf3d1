# A reload that brings a rule for any process makes what was foreign present.
rules
  web: comm=nginx
at 10 scan
  813/100 sshd
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:22 203.0.113.9:51544 established
  c2 - 10.0.0.2:80 203.0.113.9:51546 fin-wait-1
at 10.2 judge
status foreign=2
reload
  any: transport=tcp
at 11 scan
  813/100 sshd
at 11 walk 813
  4 1001
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:22 203.0.113.9:51544 established
  c2 - 10.0.0.2:80 203.0.113.9:51546 fin-wait-1
at 11.2 judge
> connection-present c1 sshd[813] -NOT_BEFORE
> connection-present c2 ?[?] -NOT_BEFORE
status foreign=0
