# What lives on is told once more each baseline, at a time of its own within the first 24th: what was told before, and only if it was seen. What stands
# only in the first event about a process comes with it.
options baseline=240
rules
  web: comm=nginx
at 10 scan
  812/100 nginx parent=1 cmdline=nginx_-g_daemon
> process-matched nginx[812]
at 10 walk 812
  7 1001
  8 1002
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
  c2 1002 0.0.0.0:443 - listening
at 10.2 judge
> connection-present c1 -CMDLINE
> listener-present c2
at 20 walk 812
  7 1001
  8 1002
  9 1003
at 20.1-20.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established sent=5 received=6
  c2 1002 0.0.0.0:443 - listening
  c3 1003 10.0.0.2:443 203.0.113.9:51546 established
  c4 1004 10.0.0.2:22 203.0.113.9:51548 established
at 20.2 judge
> connection-appeared c3
at 249.1-249.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established sent=5 received=6
  c2 1002 0.0.0.0:443 - listening
  c3 1003 10.0.0.2:443 203.0.113.9:51546 established
  c4 1004 10.0.0.2:22 203.0.113.9:51548 established
at 249.2 judge
# c3 is not seen.
at 261.1-261.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established sent=5 received=6
  c2 1002 0.0.0.0:443 - listening
  c4 1004 10.0.0.2:22 203.0.113.9:51548 established
at 261.2 judge
> connection-present c1 NOT_AFTER=261.2 BYTES_SENT=5 BYTES_RECEIVED=6 CMDLINE=nginx_-g_daemon -NOT_BEFORE -OPENED_AT
> listener-present c2 -CMDLINE -BYTES_SENT
at 261.2 question c3=alive
at 270.1-270.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established sent=5 received=6
  c2 1002 0.0.0.0:443 - listening
  c3 1003 10.0.0.2:443 203.0.113.9:51546 established
  c4 1004 10.0.0.2:22 203.0.113.9:51548 established
at 270.2 judge
at 501.1-501.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 close-wait sent=5 received=6
  c3 1003 10.0.0.2:443 203.0.113.9:51546 established
at 501.2 judge
> connection-changed c1 STATE=close-wait
> connection-present c1 STATE=close-wait NOT_AFTER=501.2
> connection-present c3 OPENED_AT=20.2 OPENED_NOT_BEFORE=10.1 -NOT_BEFORE
at 501.2 question c2=unsure
