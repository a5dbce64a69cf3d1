# Rule 7: a look has shown it, but its process had closed it before all descriptors were looked at. Nobody knows whose it was: it is not a foreign one
# that needs no word, also where the message is so late that looks have lacked it for long (c4). c3 was shown by two looks, and the walk between them found no
# watched holder: that one is foreign, and so is c5, whose message is late.
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
hears tcp
at 10.1-10.2 look tcp
at 10.2 judge
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 established
  c2 1002 10.0.0.2:40002 203.0.113.9:443 established
  c3 1003 10.0.0.2:40004 203.0.113.9:443 established
  c4 1004 10.0.0.2:40006 203.0.113.9:443 established
  c5 1005 10.0.0.2:40008 203.0.113.9:443 established
at 11.2-11.3 note destroy tcp c1 - 10.0.0.2:40000 203.0.113.9:443 closed sent=1 received=2
at 11.3 walk 812
at 11.3 judge
at 11.4-11.5 note destroy tcp c2 - 10.0.0.2:40002 203.0.113.9:443 closed sent=10 received=20
at 12.1-12.2 look tcp
  c3 1003 10.0.0.2:40004 203.0.113.9:443 established
  c5 1005 10.0.0.2:40008 203.0.113.9:443 established
at 12.2 judge
at 12.4-12.5 note destroy tcp c3 - 10.0.0.2:40004 203.0.113.9:443 closed sent=100 received=200
at 13 flush
> connection-summary ?[?] MISSED=2 BYTES_SENT=11 BYTES_RECEIVED=22
at 13.1-13.2 look tcp
at 13.2 judge
at 14.1-14.2 look tcp
at 14.2 judge
at 15.1-15.2 look tcp
at 15.2 judge
at 16.1-16.2 look tcp
at 16.2 judge
at 16.3-16.4 note destroy tcp c4 - 10.0.0.2:40006 203.0.113.9:443 closed sent=1000 received=2000
at 16.3-16.4 note destroy tcp c5 - 10.0.0.2:40008 203.0.113.9:443 closed sent=10000 received=20000
at 17 flush
> connection-summary ?[?] MISSED=1 BYTES_SENT=1000 BYTES_RECEIVED=2000
