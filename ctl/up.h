/* up.h - `holdfast up`: all servers on this machine, in the foreground */
#ifndef CTL_UP_H
#define CTL_UP_H

int up_main(int argc, char *argv[]);

#endif
