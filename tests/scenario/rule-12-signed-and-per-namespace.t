# Rule 12: a chain per namespace, signed and never clamped: a counter of a namespace that began anew goes below its zero. One event
# tells the sums, and only of those that do not balance their own figures.
rules
  web: comm=nginx
kernel netns=1 active=10 passive=10
kernel netns=2 active=5 passive=5
at 10.1-10.2 look tcp netns=1
at 10.1-10.2 look tcp netns=2
kernel netns=2 active=4 passive=6
at 11.3 balance
> audit-balance OPENED_KERNEL=-1,1 NAMESPACE_COUNT=2 BALANCED_COUNT=1 UNBALANCED=4026530002,kernel=-1,1,recorded=0,0,0 -NETNS
kernel netns=2 active=5 passive=5
at 12.3 balance
> audit-balance OPENED_KERNEL=0,0 NAMESPACE_COUNT=2 BALANCED_COUNT=2 -UNBALANCED
