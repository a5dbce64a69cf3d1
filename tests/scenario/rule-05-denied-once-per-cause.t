# Rule 5: a process whose descriptors may not be read is told once, and again when it was readable in between; a process that
# is gone in the middle of its walk is normal. What was known is kept.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
  813/100 nginx
> process-matched
> process-matched
at 10 walk 812 denied
at 10 walk 813
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 10.2 judge
> connection-present c1 nginx[813]
> audit-gap nginx[812] GAP_REASON=denied GAP_COUNT=1
at 11 walk 812 denied
at 11 walk 813 gone
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 close-wait
at 11.2 judge
> connection-changed c1 nginx[813] -HOLDER_COUNT
at 12 walk 812
  7 1002
at 12.2 judge
at 13 walk 812 denied
at 13.2 judge
> audit-gap nginx[812] GAP_REASON=denied GAP_COUNT=1
