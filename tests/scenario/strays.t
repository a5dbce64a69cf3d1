# A descriptor whose socket no look shows is a stray from the second look on, until it is settled or asked about often enough. What is
# held by somebody already, what is given up and what a look shows is none.
rules
  db: comm=postgres
at 10 scan
  70/100 postgres
  71/110 postgres
> process-matched
> process-matched
at 10 walk 70
  3 1001
  4 1002
  5 1003
  6 1004
at 10 walk 71
  4 1002
at 10.1-10.2 look unix
  c1 1001 @pg - listening
  c9 1009 - 1010 established
at 10.2 strays
at 10.2 judge
> listener-present c1
at 11 walk 70
  3 1001
  4 1002
  5 1003
at 11.1-11.2 look unix
  c1 1001 @pg - listening
  c9 1009 - 1010 established
at 11.2 strays 70/4=settled 70/5=again
at 11.2 judge
at 12 walk 71
  4 1002
  7 1009
at 12.1-12.2 look unix
  c1 1001 @pg - listening
  c9 1009 - 1010 established
at 12.2 strays 70/5=again
at 12.2 judge
> connection-present c9 postgres[71]
at 13.1-13.2 look unix netns=2
  c3 1003 @pg 5001 established
at 13.2 strays
at 13.2 judge
> connection-present c3 postgres[70] NETNS=4026530002
at 14.1-14.2 look unix
  c1 1001 @pg - listening
  c9 1009 - 1010 established
at 14.2 strays
at 14.2 judge
