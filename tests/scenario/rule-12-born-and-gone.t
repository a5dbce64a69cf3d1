# Rule 12: a namespace that was born since the start counts from nothing; of one that is gone the figures stay in the sums, and are told
# singly once.
rules
  web: comm=nginx
kernel netns=1 active=100 passive=100
kernel netns=2 active=3 passive=1 born
at 10 scan
  812/100 nginx
> process-matched
at 10.1-10.2 look tcp netns=1
at 10.1-10.2 look tcp netns=2
at 10.2 judge
at 10.3 balance
> audit-balance OPENED_KERNEL=3,1 NAMESPACE_COUNT=2 BALANCED_COUNT=1 UNBALANCED=4026530002,kernel=3,1,recorded=0,0,0
at 11.1-11.2 look tcp netns=1
at 11.1-11.2 look tcp netns=2 gone
at 11.2 judge
at 11.3 balance
> audit-balance OPENED_KERNEL=3,1 NAMESPACE_COUNT=2 BALANCED_COUNT=1 UNBALANCED=4026530002,kernel=3,1,recorded=0,0,0,gone
at 12.1-12.2 look tcp netns=1
at 12.2 judge
at 12.3 balance
> audit-balance OPENED_KERNEL=3,1 NAMESPACE_COUNT=1 BALANCED_COUNT=1 -UNBALANCED
