# Which side closed first, where states that were seen prove it: FIN_WAIT_2 (this one), CLOSE_WAIT and LAST_ACK (the other), CLOSING (both). FIN_WAIT_1
# does not: the other side's end may be on its way. The first that is seen stays.
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10 walk 812
  1 1001
  2 1002
  3 1003
  4 1004
  5 1005
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:40001 203.0.113.9:443 established
  c2 1002 10.0.0.2:40002 203.0.113.9:443 established
  c3 1003 10.0.0.2:40003 203.0.113.9:443 established
  c4 1004 10.0.0.2:40004 203.0.113.9:443 established
  c5 1005 10.0.0.2:40005 203.0.113.9:443 close-wait
at 10.2 judge
> connection-present c1
> connection-present c2
> connection-present c3
> connection-present c4
> connection-present c5
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40001 203.0.113.9:443 fin-wait-2
  c2 1002 10.0.0.2:40002 203.0.113.9:443 fin-wait-1
  c3 1003 10.0.0.2:40003 203.0.113.9:443 closing
  c4 1004 10.0.0.2:40004 203.0.113.9:443 established
  c5 - 10.0.0.2:40005 203.0.113.9:443 last-ack
at 11.2 judge
> connection-changed c1 -CLOSED_BY
> connection-changed c2
> connection-changed c3
> connection-changed c5
at 11.5-11.6 note destroy tcp c1 - 10.0.0.2:40001 203.0.113.9:443 closed
> connection-vanished c1 CLOSED_BY=local
at 11.5-11.6 note destroy tcp c2 - 10.0.0.2:40002 203.0.113.9:443 closed
> connection-vanished c2 -CLOSED_BY
at 11.5-11.6 note destroy tcp c3 - 10.0.0.2:40003 203.0.113.9:443 closed
> connection-vanished c3 CLOSED_BY=both
at 11.5-11.6 note destroy tcp c4 - 10.0.0.2:40004 203.0.113.9:443 closed
> connection-vanished c4 -CLOSED_BY
at 11.5-11.6 note destroy tcp c5 - 10.0.0.2:40005 203.0.113.9:443 closed
> connection-vanished c5 CLOSED_BY=peer
