# An attempt that a look has shown, and of whose socket the kernel says, when it frees it, that it was never established, has failed: whether
# the peer is still named (not blocking) or not (blocking). A destroy message knows no error.
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40000 203.0.113.9:443 syn-sent
  c2 1002 10.0.0.2:40002 203.0.113.9:443 syn-sent
at 11.2 walk 812
  7 1001
  8 1002
at 11.2 judge
> connection-appeared c1 curl[812] STATE=syn-sent DIRECTION=egress
> connection-appeared c2 STATE=syn-sent
at 11.4-11.5 note destroy tcp c1 - 10.0.0.2:40000 203.0.113.9:443 closed answered=no sent=0 received=0
> connection-failed c1 curl[812] NOT_BEFORE=11.1 NOT_AFTER=11.5 STATE=syn-sent PEER=203.0.113.9:443 SEEN_BY=destroy -ERROR -END RULE=web
at 11.4-11.5 note destroy tcp c2 - 10.0.0.2:40002 - closed answered=no sent=0 received=0
> connection-failed c2 NOT_BEFORE=11.1 NOT_AFTER=11.5 PEER=203.0.113.9:443 -ERROR
at 12.1-12.2 look tcp
at 12.2 judge
at 12.3 question
at 13 flush
