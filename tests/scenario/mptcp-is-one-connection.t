# An MPTCP connection is one, whatever the number of its subflows; a rule about tcp is about it, too, and who does not speak MPTCP is accepted
# by the same listener. The kernel gives them no cookies of their own: addresses and inode tell them apart.
options community-id
rules
  web: transport=tcp
at 10 scan
  812/100 nginx
at 10 walk 812
  6 1001
at 10.1-10.2 look tcp
  - 1001 *:443 - listening transport=mptcp
at 10.2 judge
> listener-present i1001 nginx[812] TRANSPORT=mptcp -COMMUNITY_ID
at 11 scan
  812/100 nginx
at 11.1-11.2 look tcp
  - 1001 *:443 - listening transport=mptcp
  - 1002 1.2.3.4:443 5.6.7.8:3344 established transport=mptcp
  c3 1003 1.2.3.4:443 5.6.7.8:3345 established
at 11.2 walk 812
  6 1001
  7 1002
  8 1003
at 11.2 judge
> connection-appeared i1002 nginx[812] TRANSPORT=mptcp DIRECTION=ingress COMMUNITY_ID=1:E/YNL7HvlOBCRGytVCfBmb2cFa8=
> connection-appeared c3 nginx[812] TRANSPORT=tcp DIRECTION=ingress
# One that is not accepted yet belongs to its listener, and stays the same connection when it is.
at 12 scan
  812/100 nginx
at 12.1-12.2 look tcp
  - 1001 *:443 - listening transport=mptcp
  - 1002 1.2.3.4:443 5.6.7.8:3344 established transport=mptcp
  c3 1003 1.2.3.4:443 5.6.7.8:3345 established
  - - 1.2.3.4:443 5.6.7.8:3346 established transport=mptcp
at 12.2 judge
at 13 scan
  812/100 nginx
at 13 walk 812
  6 1001
  7 1002
  8 1003
  9 1004
at 13.1-13.2 look tcp
  - 1001 *:443 - listening transport=mptcp
  - 1002 1.2.3.4:443 5.6.7.8:3344 established transport=mptcp
  c3 1003 1.2.3.4:443 5.6.7.8:3345 established
  - 1004 1.2.3.4:443 5.6.7.8:3346 established transport=mptcp
at 13.2 judge
> connection-appeared i1004 nginx[812] PEER_PORT=3346 FD=9 NOT_BEFORE=11.1 NOT_AFTER=12.2
at 14 scan
  812/100 nginx
at 14.1-14.2 look tcp
  - 1001 *:443 - listening transport=mptcp
  c3 1003 1.2.3.4:443 5.6.7.8:3345 established
  - 1004 1.2.3.4:443 5.6.7.8:3346 established transport=mptcp
at 14.2 judge
at 14.3 question i1002=gone
> connection-vanished i1002 TRANSPORT=mptcp
# The closes of its subflows are closes of nothing that was missed; one that no look has seen is.
at 15 scan
  812/100 nginx
at 15.1-15.2 look tcp
  - 1001 *:443 - listening transport=mptcp
  c3 1003 1.2.3.4:443 5.6.7.8:3345 established
  c21 1004 1.2.3.4:443 5.6.7.8:3346 established subflow
  c22 1004 1.2.3.5:443 5.6.7.8:3346 established subflow
  - 1004 1.2.3.4:443 5.6.7.8:3346 established transport=mptcp
at 15.2 judge
at 15.5-15.6 note destroy tcp c21 - 1.2.3.4:443 5.6.7.8:3346 closed
at 15.5-15.6 note destroy tcp c22 - 1.2.3.5:443 5.6.7.8:3346 closed
at 15.7 flush
at 15.8-15.9 note destroy tcp c23 - 1.2.3.5:443 5.6.7.8:4000 closed
> connection-missed COOKIE=23
at 15.9 flush
status sockets=3
