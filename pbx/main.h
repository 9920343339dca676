/* main.h - `holdfast pbx` */
#ifndef PBX_MAIN_H
#define PBX_MAIN_H

int pbx_main(int argc, char *argv[]);

#endif
