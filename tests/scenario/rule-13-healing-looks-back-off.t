# Rule 13: the first loss asks for a look at once, the next ones wait longer and longer, up to a minute; a quiet time forgives.
options heal=1
rules
  web: comm=nginx
heal-at never
at 10-10.1 note lost 12
> audit-lost LOST_COUNT=12 NOT_BEFORE=10 NOT_AFTER=10.1 SEEN_BY=destroy
heal-at 10.1
at 10.2 note lost 3 by=bpf
> audit-lost LOST_COUNT=3 SEEN_BY=bpf
heal-at 10.1
at 10.3 healed
heal-at never
at 11 note lost 1
> audit-lost
heal-at 12
at 12 healed
at 13 note lost 1
> audit-lost
heal-at 15
at 15 healed
at 15 note lost 1
> audit-lost
heal-at 19
at 19 healed
at 20 note lost 1
> audit-lost
heal-at 28
at 28 healed
at 28 note lost 1
> audit-lost
heal-at 44
at 44 healed
at 44 note lost 1
> audit-lost
heal-at 76
at 76 healed
at 76 note lost 1
> audit-lost
heal-at 136
at 136 healed
at 137 note lost 1
> audit-lost
heal-at 197
at 197 healed
at 318 note lost 1
> audit-lost
heal-at 318
