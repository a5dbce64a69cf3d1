# Rule 1: a look that was denied or cut short makes nothing vanish; the gap is told when it begins and when it ends.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
  8 1002
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 10.0.0.2:443 203.0.113.9:51546 established
at 10.2 judge
> connection-present c1
> connection-present c2
# Cut short after the first row.
at 11.1-11.2 look tcp interrupted
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
> audit-gap GAP_REASON=interrupted GAP_TABLE=tcp NOT_BEFORE=10.1 NOT_AFTER=11.2 NETNS=4026530001
at 11.2 judge
at 11.3 question
at 12.1-12.2 look tcp interrupted
at 12.2 judge
at 12.3 question
# Seen again, and found gone: the bounds span the gap.
at 13.1-13.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 close-wait
> audit-gap GAP_REASON=interrupted GAP_TABLE=tcp NOT_BEFORE=10.1 NOT_AFTER=13.1
at 13.2 judge
> connection-changed c1 PREVIOUS_STATE=established STATE=close-wait NOT_BEFORE=11.1 NOT_AFTER=13.2 CHANGED=state
at 13.3 question c2=gone
> connection-vanished c2 NOT_BEFORE=10.1 NOT_AFTER=13.3
