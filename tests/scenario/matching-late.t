# A process that begins to match later (a container's entry point that turns into the server): its sockets are present, and it
# matched after it was last looked at closely, not after it was last seen. Another name is seen at once, anything else at a rescan.
rules
  db: exe=*/postgres
  late: comm=renamed
at 10 scan
  812/100 main exe=/bin/sh
  813/100 main exe=/bin/sh
at 10.1-10.2 look tcp
  c1 1001 *:5432 - listening
  c2 1002 10.0.0.2:5432 203.0.113.9:51546 established
at 10.2 judge
at 11 scan
  812/100 main exe=/usr/bin/postgres
  813/100 main exe=/bin/sh
at 12 scan
  812/100 main exe=/usr/bin/postgres
  813/100 renamed exe=/bin/sh
> process-matched renamed[813] NOT_BEFORE=10 NOT_AFTER=12
at 13 rescan
  812/100 main exe=/usr/bin/postgres
  813/100 renamed exe=/bin/sh
> process-matched main[812] NOT_BEFORE=10 NOT_AFTER=13
at 13 walk 812
  5 1001
  6 1002
at 13.1-13.2 look tcp
  c1 1001 *:5432 - listening
  c2 1002 10.0.0.2:5432 203.0.113.9:51546 established
at 13.2 judge
> listener-present c1 -NOT_BEFORE
> connection-present c2 -NOT_BEFORE DIRECTION=ingress
