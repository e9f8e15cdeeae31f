#ifndef YIKA_CQRENCODE_H
#define YIKA_CQRENCODE_H
#include <qrencode.h>
#endif
