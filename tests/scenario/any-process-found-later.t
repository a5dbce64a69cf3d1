# A socket that is told whoever has it, of a process that began after the last list of them was read: it waits one judgement for its holder. One that
# nobody is found to hold is told without.
rules
  any: transport=tcp
at 10 scan
  1/1 init
at 10.1-10.2 look tcp
at 10.2 judge
at 11 scan
  1/1 init
at 11.1-11.2 look tcp
  c1 1001 10.0.0.2:40001 203.0.113.9:443 established
  c2 1002 10.0.0.2:40002 203.0.113.9:443 established
  c3 1003 10.0.0.2:40003 203.0.113.9:443 established
unheld 3
at 11.2 judge
at 12 scan
  1/1 init
  900/1100 curl
at 12 walk 900
  3 1001
at 12.1-12.2 look tcp
  c1 1001 10.0.0.2:40001 203.0.113.9:443 established
  c2 1002 10.0.0.2:40002 203.0.113.9:443 established
unheld 1
at 12.2 judge
> connection-appeared c1 curl[900] NOT_BEFORE=10.1 NOT_AFTER=11.2
> connection-appeared c2 ?[?] NOT_BEFORE=10.1 NOT_AFTER=11.2
> connection-appeared c3 ?[?] NOT_BEFORE=10.1 NOT_AFTER=11.2
at 12.3 question c3=gone
> connection-vanished c3 ?[?] NOT_BEFORE=11.1 NOT_AFTER=12.3
