#include "control.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const words[] = {
    "ok", "busy", "gone", "suspended", "suspended-forever", "hang-open", "hang-write", "hang-close", "stalled", "slow",
    "underrun",
};

static void take(struct control *control, const char *text) {
    char word[32] = "";
    unsigned milliseconds = 0;
    // A writer that truncates the file first has not said anything yet.
    if (sscanf(text, "%31s %u", word, &milliseconds) < 1) return;
    for (size_t index = 0; index < sizeof words / sizeof *words; index++) {
        if (strcmp(word, words[index]) != 0) continue;
        if (control->word != (enum word)index) control->changes++;
        control->word = (enum word)index;
        control->milliseconds = milliseconds;
        return;
    }
    // libasound's own way of saying so is silenced in the tests.
    fprintf(stderr, "sound-card: %s: no such word: %s\n", control->path, word);
}

void control_read(struct control *control) {
    int file = open(control->path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        take(control, "ok");
        return;
    }
    char text[64] = "";
    struct stat status;
    if (fstat(file, &status) == 0 && read(file, text, sizeof text - 1) > 0) {
        if (status.st_ino != control->file
            || memcmp(&status.st_mtim, &control->written, sizeof control->written) != 0) {
            control->changes++;
        }
        control->file = status.st_ino;
        control->written = status.st_mtim;
        take(control, text);
    }
    close(file);
}

void control_hang(struct control *control, enum word word) {
    for (control_read(control); control->word == word; control_read(control)) usleep(5000);
}
