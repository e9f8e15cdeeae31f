// libasound, and what of it Swift cannot express: its error callback is variadic.
#ifndef YIKA_CALSA_H
#define YIKA_CALSA_H
#include <alsa/asoundlib.h>

static void yika_alsa_say_nothing(const char *file, int line, const char *function, int error, const char *format,
                                  ...) {
    (void)file;
    (void)line;
    (void)function;
    (void)error;
    (void)format;
}

// libasound writes a paragraph to stderr for every device it cannot open; a terminal without a sound card would fill
// its log with it. The return codes say what is needed.
static inline void yika_alsa_quiet(void) { snd_lib_error_set_handler(yika_alsa_say_nothing); }
#endif
