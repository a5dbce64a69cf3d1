# Rule 4: a notice that names its cookie ends a suspect without a question. The connection may have been over (reset) long
# before its socket was freed: since the last look that had it.
rules
  web: comm=nginx
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 10.2 judge
> connection-present c1
at 11.1-11.2 look tcp
at 11.2 judge
status suspects=1
at 10.9-11.3 note destroy tcp c1 - 10.0.0.2:443 203.0.113.9:51544 closed sent=7 received=8
> connection-vanished c1 NOT_BEFORE=10.1 NOT_AFTER=11.3 BYTES_SENT=7
status suspects=0
at 11.4 question
