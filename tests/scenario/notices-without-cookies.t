# Where only text can be read, a destroy message finds a connection by its addresses, which may be used anew by then: it does not end anything, but
# its figures are told when looks have found the end (c1), and not if they find that it lives (c2). A second message is one about a use that was missed.
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10 walk 812
  7 1001
  8 1002
at 10.1-10.2 look tcp
  - 1001 10.0.0.2:40000 203.0.113.9:443 established
  - 1002 10.0.0.2:40002 203.0.113.9:443 established
at 10.2 judge
> connection-present i1001
> connection-present i1002
at 10.5-10.6 note destroy tcp - - 10.0.0.2:40000 203.0.113.9:443 closed sent=10 received=20
at 10.7-10.8 note destroy tcp - - 10.0.0.2:40000 203.0.113.9:443 closed sent=1 received=2
at 10.7-10.8 note destroy tcp - - 10.0.0.2:40002 203.0.113.9:443 closed sent=5 received=6
at 11 walk 812
at 11.1-11.2 look tcp
  - 1002 10.0.0.2:40002 203.0.113.9:443 established
at 11.2 judge
at 11.3 question i1001=gone
> connection-vanished i1001 NOT_BEFORE=10.1 NOT_AFTER=11.3 BYTES_SENT=10 BYTES_RECEIVED=20 SEEN_BY=snapshot
at 12.1-12.2 look tcp
at 12.2 judge
at 12.3 question i1002=gone
> connection-vanished i1002 -BYTES_SENT
at 13 flush
> connection-summary MISSED=1 BYTES_SENT=1
