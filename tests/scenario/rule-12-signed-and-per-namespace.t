# Rule 12: a chain per namespace, signed and never clamped: a counter of a namespace that began anew goes below its zero.
rules
  web: comm=nginx
kernel netns=1 active=10 passive=10
kernel netns=2 active=5 passive=5
kernel netns=2 active=4 passive=6
at 11.3 balance
> audit-balance NETNS=4026530001 OPENED_KERNEL=0,0
> audit-balance NETNS=4026530002 OPENED_KERNEL=-1,1
