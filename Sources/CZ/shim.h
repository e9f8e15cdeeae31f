// zlib's initialisers are macros that add the header's version, which Swift cannot call: functions in their place.
#ifndef YIKA_CZ_H
#define YIKA_CZ_H
#include <zlib.h>

static inline int yika_deflate_init(z_stream *stream, int level, int window_bits) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
}
static inline int yika_inflate_init(z_stream *stream, int window_bits) { return inflateInit2(stream, window_bits); }
#endif
