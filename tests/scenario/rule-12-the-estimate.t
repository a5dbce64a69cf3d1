# Rule 12: without hooks in the kernel the books are an estimate and say so. The first reading is the zero; listeners and what
# was there before count for nothing.
rules
  web: comm=nginx
  quiet: comm=curl peer=loopback
kernel active=100 passive=50
at 10 scan
  812/100 nginx
  813/100 curl
> process-matched
> process-matched
at 10 walk 812
  6 1000
  7 1001
at 10.1-10.2 look tcp
  c1 1000 *:443 - listening
  c2 1001 10.0.0.2:443 203.0.113.9:51544 established
at 10.2 judge
> listener-present c1
> connection-present c2
at 10.3 balance
> audit-balance ESTIMATE=yes OPENED_KERNEL=0,0 OPENED_UNCERTAIN=0,0 OPENED_RECORDED=0,0,0 OPENED_REPORTED=0,0,0 NAMESPACE_COUNT=1 BALANCED_COUNT=1 -UNBALANCED
kernel active=103 passive=52
at 11 walk 812
  6 1000
  7 1001
  8 1002
  9 1003
at 11 walk 813
  3 1004
at 11.1-11.2 look tcp
  c1 1000 *:443 - listening
  c2 1001 10.0.0.2:443 203.0.113.9:51544 established
  c3 1002 10.0.0.2:443 203.0.113.9:51546 established
  c4 1003 10.0.0.2:40000 203.0.113.9:8443 established
  c5 1004 10.0.0.2:40002 203.0.113.9:443 established
at 11.2 judge
> connection-appeared c3 DIRECTION=ingress
> connection-appeared c4 DIRECTION=egress
at 11.3 balance
> audit-balance OPENED_KERNEL=3,2 OPENED_RECORDED=2,1,0 OPENED_REPORTED=1,1,0 BALANCED_COUNT=0 UNBALANCED=4026530001,kernel=3,2,recorded=2,1,0
