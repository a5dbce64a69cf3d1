# Command line and parent stand in the first event about a process only.
rules
  web: comm=nginx
at 10 scan
  1/1 init
  812/100 nginx parent=1 cmdline=nginx_-g_daemon exe=/usr/sbin/nginx uid=33 unit=nginx.service
> process-matched nginx[812] PARENT_PID=1 PARENT_COMM=init EXE=/usr/sbin/nginx UID=33 UNIT=nginx.service -EFFECTIVE_UID
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 10.2 judge
> connection-present c1 nginx[812] -CMDLINE -PARENT_PID EXE=/usr/sbin/nginx UID=33
