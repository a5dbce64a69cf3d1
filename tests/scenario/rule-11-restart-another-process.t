# Rule 11: between two runs a pid was given to another process, and a descriptor was closed in one process while another one keeps the socket.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
  813/100 nginx
> process-matched nginx[812]
> process-matched nginx[813]
at 10 walk 812
  7 1001
at 10 walk 813
  9 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 10.2 judge
> connection-present c1 nginx[812] FD=7
at 60 restart
at 60.1 scan
  812/5000 nginx
  813/100 nginx
> process-gone nginx[812] NOT_BEFORE=10 NOT_AFTER=50.01
> process-matched nginx[812] NOT_BEFORE=10
at 60.1 walk 812
at 60.1 walk 813
  9 1001
at 60.2-60.3 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 60.3 judge
at 61.2-61.3 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 close-wait
at 61.3 judge
> connection-changed c1 nginx[813] FD=9 -HOLDER_COUNT
# A holder that comes now is told as ever.
at 62 walk 812
  5 1001
at 62.2-62.3 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 close-wait
at 62.3 judge
> connection-changed c1 nginx[813] CHANGED=holders HOLDER_COUNT=2
