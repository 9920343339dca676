/* main.h - `holdfast media` */
#ifndef MEDIA_SERVER_MAIN_H
#define MEDIA_SERVER_MAIN_H

int media_main(int argc, char *argv[]);

#endif
