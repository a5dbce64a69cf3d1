# A notice tells who connected before anybody has looked by which descriptor. That one is no gain when it is found, but what a child inherits of it is known.
options exact=yes
rules
  web: comm=nginx changed=holders
at 10 scan
  812/100 nginx
> process-matched
at 10 walk 812
at 10.1-10.2 look tcp
at 10.2 judge
at 10.5 note open tcp c1 1001 10.0.0.2:40022 198.51.100.7:9200 established by=bpf pid=812 direction=egress
at 10.6-10.7 look tcp held
at 10.7 judge
> connection-appeared c1 nginx[812]
at 11 walk 812
  7 1001
at 11.1-11.2 look tcp held
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established
at 11.2 judge
at 12 walk 812
  7 1001
  9 1001
at 12.1-12.2 look tcp held
  c1 1001 10.0.0.2:40022 198.51.100.7:9200 established
at 12.2 judge
> connection-changed c1 CHANGED=holders
