/* main.h - `holdfast phone`, the softphone's command-line face */
#ifndef PHONE_MAIN_H
#define PHONE_MAIN_H

/** Runs until `quit` or end of input.  Exit code 0, 1 or 2 (usage). */
int phone_main(int argc, char *argv[]);

#endif
