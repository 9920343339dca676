/* ctl.h - `holdfast ctl`: what an operator does from a shell */
#ifndef CTL_CTL_H
#define CTL_CTL_H

int ctl_main(int argc, char *argv[]);

#endif
