// libspeexdsp's resampler.
#ifndef YIKA_CSPEEXDSP_H
#define YIKA_CSPEEXDSP_H
#include <speex/speex_resampler.h>
#endif
