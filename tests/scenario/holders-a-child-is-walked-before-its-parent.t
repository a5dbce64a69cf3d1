# A child that is new is walked, and its parent, who was walked before, is not: what the child holds and nobody knew is rather its
# parent's. So it asks for a walk, as what nobody holds does; but not when the parent was walked since.
rules
  any: comm=nginx
at 10 scan
  91/900 nginx
  70/100 other
> process-matched
at 10 walk 91
at 10.1-10.2 look tcp
at 10.2 judge
at 11 scan
  91/900 nginx
  70/100 other
  92/1050 nginx parent=91
> process-matched
at 11 walk 92
  6 1001
  7 1002
at 11.1-11.2 look tcp
  c1 1001 *:80 *:0 listening
unheld 1
at 11.2 walk 91
  6 1001
at 11.2 judge
> listener-appeared c1 nginx[91] HOLDER=91/6,92/6
at 12.1-12.2 look tcp
  c1 1001 *:80 *:0 listening
  c2 1002 10.0.0.1:80 10.0.0.2:40000 established
unheld 0
at 12.2 judge
> connection-appeared c2 nginx[92]
