/* main.h - `holdfast witness` */
#ifndef WITNESS_MAIN_H
#define WITNESS_MAIN_H

int witness_main(int argc, char *argv[]);

#endif
