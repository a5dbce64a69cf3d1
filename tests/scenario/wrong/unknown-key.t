# A key that does not exist.
rules
  web: com=nginx
