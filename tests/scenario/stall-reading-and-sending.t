# Both directions stand still on their own; the one that is told first is the stall until it moves. Reading is what was received less what
# waits: more bytes that come in are no progress.
rules
  app: comm=app stall.not-reading=5s stall.zero-window=5s
at 10 scan
  901/100 app
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established received=100 recvq=60 acked=1
at 11.2 walk 901
  14 1001
at 11.2 judge
> connection-appeared c1
at 12.1-12.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established received=200 recvq=160 acked=1 sendq=10 timer=4
at 12.2 judge
at 17.1-17.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established received=300 recvq=260 acked=1 sendq=10 timer=4
at 17.2 judge
> connection-stalled c1 STALL=not-reading NOT_BEFORE=10.1 NOT_AFTER=11.2 STALLED=5.9 RECEIVE_QUEUE=260
# Half of it is read; the same again, and the other direction is still stuck.
at 18.1-18.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established received=300 recvq=130 acked=1 sendq=10 timer=4
at 18.2 judge
at 19.1-19.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established received=300 acked=1 sendq=10 timer=4
at 19.2 judge
> connection-recovered c1 STALL=not-reading NOT_BEFORE=17.1 NOT_AFTER=18.2
at 20.1-20.2 look tcp
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established received=300 acked=1 sendq=10 timer=4
at 20.2 judge
> connection-stalled c1 STALL=zero-window NOT_BEFORE=11.1 NOT_AFTER=12.2 STALLED=7.9
# Gone while stuck: it did not recover.
at 21.1-21.2 look tcp
at 21.2 judge
at 21.3 question c1=gone
> connection-vanished c1 STALL=zero-window STALLED=7.9
