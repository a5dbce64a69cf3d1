# Rule 12: what the kernel counted while the tables were read may be in them or not: so far the books balance. That holds for the first
# reading and for the last one; zero is after the former.
rules
  web: comm=nginx
kernel active-before=10 active=11 passive=5
at 10.1-10.2 look tcp
at 10.2 judge
kernel active-before=11 active=11 passive-before=6 passive=8
at 10.3 balance
> audit-balance OPENED_KERNEL=0,3 OPENED_UNCERTAIN=1,2 OPENED_RECORDED=0,0,0 BALANCED_COUNT=1 -UNBALANCED
kernel active-before=13 active=13 passive-before=8 passive=8
at 11.3 balance
> audit-balance OPENED_KERNEL=2,3 OPENED_UNCERTAIN=1,0 BALANCED_COUNT=0 UNBALANCED=4026530001,kernel=2,3,recorded=0,0,0,uncertain=1,0
