# Who passed how many is counted for each giver by itself, in whatever order they come: eleven of one are one event, two of another are
# told of each connection.
rules
  web: comm=nginx,haproxy
at 10 scan
  812/100 haproxy
  813/101 nginx
  814/102 haproxy
> process-matched
> process-matched
> process-matched
at 10 walk 812
  1 1001
  2 1002
  3 1003
  4 1004
  5 1005
  6 1006
  7 1007
  8 1008
  9 1009
  10 1010
  11 1011
at 10 walk 813
at 10 walk 814
  21 1021
  22 1022
at 10.1-10.2 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:1 established
  c2 1002 10.0.0.2:443 203.0.113.9:2 established
  c3 1003 10.0.0.2:443 203.0.113.9:3 established
  c4 1004 10.0.0.2:443 203.0.113.9:4 established
  c5 1005 10.0.0.2:443 203.0.113.9:5 established
  c6 1006 10.0.0.2:443 203.0.113.9:6 established
  c7 1007 10.0.0.2:443 203.0.113.9:7 established
  c8 1008 10.0.0.2:443 203.0.113.9:8 established
  c9 1009 10.0.0.2:443 203.0.113.9:9 established
  c10 1010 10.0.0.2:443 203.0.113.9:10 established
  c11 1011 10.0.0.2:443 203.0.113.9:11 established
  c21 1021 10.0.0.2:443 203.0.113.9:21 established
  c22 1022 10.0.0.2:443 203.0.113.9:22 established
at 10.2 judge
> connection-present c1
> connection-present c2
> connection-present c3
> connection-present c4
> connection-present c5
> connection-present c6
> connection-present c7
> connection-present c8
> connection-present c9
> connection-present c10
> connection-present c11
> connection-present c21
> connection-present c22
at 11-11.1 walk 813
  30 1021
  31 1001
  32 1022
  33 1002
  34 1003
  35 1004
  36 1005
  37 1006
  38 1007
  39 1008
  40 1009
  41 1010
  42 1011
at 11.2-11.3 look tcp
  c1 1001 10.0.0.2:443 203.0.113.9:1 established
  c2 1002 10.0.0.2:443 203.0.113.9:2 established
  c3 1003 10.0.0.2:443 203.0.113.9:3 established
  c4 1004 10.0.0.2:443 203.0.113.9:4 established
  c5 1005 10.0.0.2:443 203.0.113.9:5 established
  c6 1006 10.0.0.2:443 203.0.113.9:6 established
  c7 1007 10.0.0.2:443 203.0.113.9:7 established
  c8 1008 10.0.0.2:443 203.0.113.9:8 established
  c9 1009 10.0.0.2:443 203.0.113.9:9 established
  c10 1010 10.0.0.2:443 203.0.113.9:10 established
  c11 1011 10.0.0.2:443 203.0.113.9:11 established
  c21 1021 10.0.0.2:443 203.0.113.9:21 established
  c22 1022 10.0.0.2:443 203.0.113.9:22 established
at 11.3 judge
> connection-changed c21 haproxy[814] CHANGED=holders HOLDER_GAINED=813/30 HOLDER_COUNT=2
> connection-changed c22 haproxy[814] CHANGED=holders HOLDER_GAINED=813/32 HOLDER_COUNT=2
at 12 walk 813
  30 1021
  31 1001
  32 1022
  33 1002
  34 1003
  35 1004
  36 1005
  37 1006
  38 1007
  39 1008
  40 1009
  41 1010
  42 1011
> process-inherited nginx[813] INHERITED_COUNT=11 FROM_PID=812 NOT_BEFORE=10 NOT_AFTER=11.1
at 12.2 judge
