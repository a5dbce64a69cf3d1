# A rule that does not tell changes of holders.
rules
  web: comm=nginx changed=state,peer
at 10 scan
  812/100 nginx
  813/100 nginx
> process-matched
> process-matched
at 10 walk 812
  7 1001
at 10 walk 813
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:1 established
at 10.2 judge
> connection-present c1 nginx[812]
at 11 walk 813
  4 1001
at 11 walk 812
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:1 close-wait
at 11.2 judge
> connection-changed c1 nginx[813] CHANGED=state
