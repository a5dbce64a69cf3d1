# A listener is stuck for as long as the same connection waits. That its queue is never empty says nothing: a busy server's is not.
rules
  web: comm=nginx listen=yes
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 *:443 - listening sendq=128
at 10.2 judge
> listener-present c1
at 11.1-11.2 look tcp
  c1 1001 *:443 - listening sendq=128 recvq=2
  c2 - 10.0.0.2:443 203.0.113.9:1000 established
  c3 - 10.0.0.2:443 203.0.113.9:1001 established
at 11.2 judge
at 13.1-13.2 look tcp
  c1 1001 *:443 - listening sendq=128 recvq=2
  c4 - 10.0.0.2:443 203.0.113.9:1002 established
  c5 - 10.0.0.2:443 203.0.113.9:1003 established
turned-away overflows=100 drops=200
at 13.2 judge
at 18.1-18.2 look tcp
  c1 1001 *:443 - listening sendq=128 recvq=3
  c4 - 10.0.0.2:443 203.0.113.9:1002 established
  c5 - 10.0.0.2:443 203.0.113.9:1003 close-wait
  c6 - 10.0.0.2:443 203.0.113.9:1004 established
at 18.2 judge
at 18.4-18.5 look tcp
  c1 1001 *:443 - listening sendq=128 recvq=3
  c4 - 10.0.0.2:443 203.0.113.9:1002 established
  c6 - 10.0.0.2:443 203.0.113.9:1004 established
turned-away overflows=107 drops=209
at 18.5 judge
> connection-stalled c1 nginx[812] STALL=not-accepted NOT_BEFORE=11.1 NOT_AFTER=13.2 STALLED=5.2 RECEIVE_QUEUE=3 SEND_QUEUE=128 LISTEN_OVERFLOWS=7 LISTEN_DROPS=9
# The server accepts again.
at 19.1-19.2 look tcp
  c1 1001 *:443 - listening sendq=128 recvq=1
  c6 - 10.0.0.2:443 203.0.113.9:1004 established
at 19.2 judge
at 20.1-20.2 look tcp
  c1 1001 *:443 - listening sendq=128
at 20.2 judge
> connection-recovered c1 STALL=not-accepted NOT_BEFORE=18.4 NOT_AFTER=19.2 -LISTEN_OVERFLOWS
at 21.1-21.2 look tcp
  c1 1001 *:443 - listening sendq=128
at 21.2 judge
# How long the kernel says that one has waited counts, too.
at 22.1-22.2 look tcp
  c1 1001 *:443 - listening sendq=128 recvq=1
  c7 - 10.0.0.2:443 203.0.113.9:1005 established heard=0.8
at 22.2 judge
at 26.5-26.6 look tcp
  c1 1001 *:443 - listening sendq=128 recvq=1
  c7 - 10.0.0.2:443 203.0.113.9:1005 established heard=5.2
at 26.6 judge
> connection-stalled c1 NOT_BEFORE=21.1 NOT_AFTER=21.41 STALLED=5.09
at 27.1-27.2 look tcp
at 27.2 judge
at 27.3 question c1=gone
> listener-vanished c1 STALL=not-accepted
