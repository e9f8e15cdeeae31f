// libebur128: loudness by EBU R 128.
#ifndef YIKA_CEBUR128_H
#define YIKA_CEBUR128_H
#include <ebur128.h>
#endif
