# Rule 6: the pid was given again: it ended before the new one began (which is known to 10 ms).
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched nginx[812] PROCESS_START=1
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 10.2 judge
> connection-present c1
at 11 scan
  812/1050 sshd
> process-gone nginx[812] NOT_BEFORE=10 NOT_AFTER=10.51 PROCESS_START=1
status processes=0
# The connection is not the new process's, although its pid was.
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 close-wait
at 11.2 judge
> connection-changed c1 nginx[812] -HOLDER_COUNT
