/* main.h - `holdfast portal`: who has what */
#ifndef PORTAL_MAIN_H
#define PORTAL_MAIN_H

int portal_main(int argc, char *argv[]);

#endif
