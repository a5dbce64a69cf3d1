# Its last holder let go, and the kernel keeps it (in a message on its way): released, once everybody was asked. Then somebody has it again,
# who may be anybody; and in the end it vanishes.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
  700/50 other
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:1 established
at 10.2 judge
> connection-present c1
at 11 walk 812
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:1 established
at 11.2 judge
# Nobody else was asked: it cannot be said.
at 12.1-12.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:1 established
everyone
at 12.2 judge
> connection-changed c1 nginx[812] CHANGED=holders HOLDER_LOST=812/7 HOLDER_COUNT=0 NOT_BEFORE=10 NOT_AFTER=11
at 13.1-13.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:1 established
everyone
at 13.2 judge
at 14 walk 700
  4 1001
  5 1002
at 14.1-14.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:1 established
at 14.2 judge
> connection-changed c1 CHANGED=holders HOLDER_GAINED=700/4 -HOLDER_LOST -HOLDER_COUNT
at 15 walk 700
at 15.1-15.2 look tcp
at 15.2 judge
at 15.3 question c1=gone
> connection-vanished c1 nginx[812]
