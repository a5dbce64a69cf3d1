# Rule 7: a close that was never in the map is told by itself where a rule says `missed: each`. Its process is not known, so match is not asked, but
# the filter of sockets is.
rules
  db: comm=psql peer=203.0.113.0/24 missed=each
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 10.5-10.6 note destroy tcp c7 - 10.0.0.2:40000 203.0.113.9:443 closed sent=100 received=10 retransmits=2
> connection-missed ?[?] RULE=db COOKIE=7 LOCAL=10.0.0.2:40000 PEER=203.0.113.9:443 DIRECTION=egress BYTES_SENT=100 BYTES_RECEIVED=10 RETRANSMITS=2 -CLOSED NOT_BEFORE=10.5 NOT_AFTER=10.6 SEEN_BY=destroy
at 10.5-10.6 note destroy tcp c8 - 10.0.0.2:40002 198.51.100.7:443 closed sent=1 received=2
at 11 flush
> connection-summary MISSED=1 PEER=198.51.100.7:443 -RULE
at 12 balance
> audit-balance MISSED=2
