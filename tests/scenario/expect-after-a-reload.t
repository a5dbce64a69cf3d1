# A reload: the expectation of a rule of the same name goes on; another one begins anew; one that is gone says nothing.
rules
  ship: comm=fluentd expect=1/established/10s
  gone: comm=other expect=1/established/1s
  new: comm=nginx expect=1/established/2s
at 10 scan
  901/100 fluentd
> process-matched
at 10.1-10.2 look tcp
at 10.2 judge
at 13.1-13.2 look tcp
at 13.2 judge
> expectation-unmet ?[?] RULE=gone PROCESS_COUNT=0 -NOT_BEFORE -PEER_ADDRESS
> expectation-unmet RULE=new
reload
  new: comm=nginx expect=2/established/2s
  ship: comm=fluentd expect=1/established/10s
at 14 scan
  901/100 fluentd
at 14.1-14.2 look tcp
at 14.2 judge
at 17.1-17.2 look tcp
at 17.2 judge
> expectation-unmet RULE=new EXPECTED=2 UNMET=2.9
at 20.3-20.4 look tcp
at 20.4 judge
> expectation-unmet fluentd[901] RULE=ship NOT_AFTER=10.2 UNMET=10.1
reload
  ship: comm=fluentd
at 30 scan
  901/100 fluentd
at 30.1-30.2 look tcp
at 30.2 judge
