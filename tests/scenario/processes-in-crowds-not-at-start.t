# Many alike that a start finds were not born in this minute: each is told, with all that is known of it.
rules
  pool: comm=fpm
at 100 scan
  812/100 fpm
  901/3901 fpm parent=812
  902/3902 fpm parent=812
  903/3903 fpm parent=812
  904/3904 fpm parent=812
  905/3905 fpm parent=812
  906/3906 fpm parent=812
  907/3907 fpm parent=812
  908/3908 fpm parent=812
  909/3909 fpm parent=812
  910/3910 fpm parent=812
  911/3911 fpm parent=812
  912/3912 fpm parent=812
> process-matched fpm[812]
> process-matched fpm[901]
> process-matched fpm[902]
> process-matched fpm[903]
> process-matched fpm[904]
> process-matched fpm[905]
> process-matched fpm[906]
> process-matched fpm[907]
> process-matched fpm[908]
> process-matched fpm[909]
> process-matched fpm[910]
> process-matched fpm[911]
> process-matched fpm[912]
at 101 note exit 912/3912 fpm
> process-gone fpm[912]
