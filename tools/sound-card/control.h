// The word that says what the card does now; card.c tells what each one means.
#pragma once
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum word {
    OK, BUSY, GONE, SUSPENDED, SUSPENDED_FOREVER, HANG_OPEN, HANG_WRITE, HANG_CLOSE, STALLED, SLOW, UNDERRUN,
};

struct control {
    char *path;
    enum word word;
    unsigned milliseconds;  // of SLOW
    unsigned changes;  // rises whenever somebody has written the file, even the same word
    ino_t file;
    struct timespec written;
};

// Reads the file; without one all is well.
void control_read(struct control *control);

// Returns when the file says another word.
void control_hang(struct control *control, enum word word);
