# Unix sockets have no counters: the same number of bytes at each look is taken for standing still. Their own queue tells of
# the other end. Of a listener the one that waits longest counts.
rules
  app: comm=app stall.not-reading=5s
at 10 scan
  901/100 app
> process-matched
at 10 walk 901
  14 1001
  15 1002
  16 1003
at 10.1-10.2 look unix
  - 1001 @a 2001 established recvq=100
  - 1002 - 2002 established sendq=768
  - 1003 @b - listening sendq=5 recvq=1 waiting=3001
at 10.2 judge
> connection-present i1001
> connection-present i1002
> listener-present i1003
at 14.1-14.2 look unix
  - 1001 @a 2001 established recvq=100
  - 1002 - 2002 established sendq=1536
  - 1003 @b - listening sendq=5 recvq=1 waiting=3002
at 14.2 judge
at 15.3-15.4 look unix
  - 1001 @a 2001 established recvq=100
  - 1002 - 2002 established sendq=1536
  - 1003 @b - listening sendq=5 recvq=2 waiting=3002
at 15.4 judge
> connection-stalled i1001 STALL=not-reading -NOT_BEFORE NOT_AFTER=10.2 RECEIVE_QUEUE=100
at 20.1-20.2 look unix
  - 1001 @a 2001 established
  - 1002 - 2002 established sendq=1536
  - 1003 @b - listening sendq=5 recvq=2 waiting=3002
at 20.2 judge
> connection-stalled i1002 STALL=not-reading NOT_BEFORE=10.1 NOT_AFTER=14.2 SEND_QUEUE=1536
> connection-stalled i1003 STALL=not-accepted NOT_BEFORE=10.1 NOT_AFTER=14.2
at 21.1-21.2 look unix
  - 1001 @a 2001 established
  - 1002 - 2002 established
  - 1003 @b - listening sendq=5
at 21.2 judge
> connection-recovered i1001 NOT_BEFORE=15.3 NOT_AFTER=20.2
