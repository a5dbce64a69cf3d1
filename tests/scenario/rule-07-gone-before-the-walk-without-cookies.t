# Rule 7: where only text can be read, too: freed before anybody looked whose it was.
rules
  web: comm=curl
at 10 scan
  812/100 curl
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 11.1-11.2 look tcp
  - 1001 10.0.0.2:40000 203.0.113.9:443 established
at 11.2-11.3 note destroy tcp - - 10.0.0.2:40000 203.0.113.9:443 closed sent=1 received=2
at 11.3 walk 812
at 11.3 judge
at 12.1-12.2 look tcp
at 12.2 judge
at 13 flush
> connection-summary ?[?] MISSED=1 BYTES_SENT=1 BYTES_RECEIVED=2
