/* main.h - `holdfast uc`: the users' services */
#ifndef UC_MAIN_H
#define UC_MAIN_H

int uc_main(int argc, char *argv[]);

#endif
