/* main.h - `holdfast border`: the gateway for phones outside */
#ifndef BORDER_MAIN_H
#define BORDER_MAIN_H

int border_main(int argc, char *argv[]);

#endif
