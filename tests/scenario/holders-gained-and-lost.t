# A descriptor that is passed on or duplicated is a change of holders, bounded by the walks; the primary holder stays as long as it holds.
rules
  web: comm=nginx,php
at 10 scan
  812/100 nginx
  813/101 php
> process-matched
> process-matched
at 10 walk 812
  7 1001
at 10 walk 813
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 10.2 judge
> connection-present c1 nginx[812]
at 11 walk 813
  5 1001
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 11.2 judge
> connection-changed c1 nginx[812] CHANGED=holders HOLDER_GAINED=813/5 -HOLDER_LOST HOLDER_COUNT=2 NOT_BEFORE=10 NOT_AFTER=11 -PREVIOUS_STATE
at 12 walk 812
  9 1001
at 12.1-12.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 close-wait
at 12.2 judge
> connection-changed c1 nginx[812] CHANGED=state,holders HOLDER_GAINED=812/9 HOLDER_LOST=812/7 FD=9 NOT_BEFORE=10 NOT_AFTER=12.2 STATE=close-wait
at 13 walk 812
at 13.1-13.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 close-wait
at 13.2 judge
> connection-changed c1 php[813] HOLDER_LOST=812/9 -HOLDER_GAINED -HOLDER_COUNT
# Came and went between two events: nothing.
at 14 walk 812
  7 1001
at 14.5 walk 812
at 14.6 judge
