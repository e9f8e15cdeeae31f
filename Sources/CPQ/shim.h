#ifndef YIKA_CPQ_H
#define YIKA_CPQ_H
#include <libpq-fe.h>
#endif
