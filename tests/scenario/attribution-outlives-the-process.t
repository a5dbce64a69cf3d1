# What was captured at first sight is told when the process is gone: its container, its pod, what it executed. Its directory, terminal and
# parent come once only.
rules
  web: comm=nginx transport=tcp
at 10 scan
  1/1 systemd exe=/sbin/init
  812/100 nginx parent=1 exe=/memfd:x memfd container=31cb02944da7 pod=045b1e35-7f13-11e7-ac42-0050568ffca0 cwd=/srv tty=34819
> process-matched nginx[812] CONTAINER=31cb02944da7 CONTAINER_RUNTIME=docker POD_UID=045b1e35-7f13-11e7-ac42-0050568ffca0 EXE_STATE=memfd CWD=/srv TTY=pts/3 PARENT_PID=1 PARENT_EXE=/sbin/init PARENT_COMM=systemd -PARENT_CMDLINE
at 10 walk 812
  7 1001
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:51544 established
at 10.2 judge
> connection-present c1 nginx[812] CONTAINER=31cb02944da7 -CWD -TTY
at 11 scan
  1/1 systemd exe=/sbin/init
> process-gone nginx[812] CONTAINER=31cb02944da7 EXE=/memfd:x
at 11.1-11.2 look tcp
at 11.2 judge
at 11.3 question c1=gone
> connection-vanished c1 nginx[812] CONTAINER=31cb02944da7 CONTAINER_RUNTIME=docker POD_UID=045b1e35-7f13-11e7-ac42-0050568ffca0 EXE=/memfd:x EXE_STATE=memfd
