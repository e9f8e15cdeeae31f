#ifndef YIKA_CMICROHTTP_H
#define YIKA_CMICROHTTP_H
#include <microhttpd.h>
#endif
