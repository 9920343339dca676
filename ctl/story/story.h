/* story.h - `holdfast story FILE...`: play what stories say */
#ifndef STORY_H
#define STORY_H

int story_main(int argc, char *argv[]);

#endif
