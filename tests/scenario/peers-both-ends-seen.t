# Both ends of a connection of this host are mostly seen in the same looks: then the kernel need not be asked for them. Only where there
# is no doubt: in one namespace, bound to the same interface, accepted, not over, and one only. Written over IPv6 or not does not matter.
rules
  any: comm=both
at 10 scan
  70/100 both
> process-matched
at 10 walk 70
  3 1001
  4 1002
  5 1003
  6 1004
  7 1005
  8 1006
  9 1007
  10 1008
  11 1009
  12 1010
  13 1011
at 10.1-10.2 look tcp
  c1 1001 127.0.0.1:80 127.0.0.1:40001 established
  c2 1002 127.0.0.1:40001 127.0.0.1:80 close-wait
  c3 1003 [::ffff:127.0.0.1]:80 [::ffff:127.0.0.1]:40003 established
  c4 1004 127.0.0.1:40003 127.0.0.1:80 established
  c5 1005 127.0.0.1:80 127.0.0.1:40005 established interface=4
  c6 1006 127.0.0.1:40005 127.0.0.1:80 established
  c7 1007 127.0.0.1:80 127.0.0.1:40007 established
  c8 1008 127.0.0.1:40007 127.0.0.1:80 established interface=4
  c9 1009 127.0.0.1:40007 127.0.0.1:80 established interface=5
  c10 1010 127.0.0.1:80 127.0.0.1:40010 established
at 10.2-10.3 look tcp netns=2
  c11 1011 127.0.0.1:40010 127.0.0.1:80 established
at 10.3 peers
  i1001 other=1002
  i1002 other=1001
  i1003 other=1004
  i1004 other=1003
  i1005
  i1006
  i1007
  i1008
  i1009
  i1010
  i1011
at 10.3 judge
> connection-present c1
> connection-present c2
> connection-present c3
> connection-present c4
> connection-present c5
> connection-present c6
> connection-present c7
> connection-present c8
> connection-present c9
> connection-present c10
> connection-present c11
at 11.1-11.2 look tcp
  c1 1001 127.0.0.1:80 127.0.0.1:40001 established
  c2 1002 127.0.0.1:40001 127.0.0.1:80 close-wait
  c3 1003 [::ffff:127.0.0.1]:80 [::ffff:127.0.0.1]:40003 established
  c4 1004 127.0.0.1:40003 127.0.0.1:80 established
  c5 1005 127.0.0.1:80 127.0.0.1:40005 established interface=4
  c6 1006 127.0.0.1:40005 127.0.0.1:80 established
  c7 1007 127.0.0.1:80 127.0.0.1:40007 established
  c8 1008 127.0.0.1:40007 127.0.0.1:80 established interface=4
  c9 1009 127.0.0.1:40007 127.0.0.1:80 established interface=5
  c10 1010 127.0.0.1:80 127.0.0.1:40010 established
at 11.2-11.3 look tcp netns=2
  c11 1011 127.0.0.1:40010 127.0.0.1:80 established
at 11.3 peers
at 11.3 judge
