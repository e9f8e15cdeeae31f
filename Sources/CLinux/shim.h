// What glibc offers but Swift's Glibc module does not show: thread names (for `top -H`) and variadic calls.
#ifndef YIKA_CLINUX_H
#define YIKA_CLINUX_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>

int pthread_setname_np(pthread_t, const char *);

static inline int yika_name_this_thread(const char *name) { return pthread_setname_np(pthread_self(), name); }
static inline int yika_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }
static inline int yika_accept(int listener) {
    return accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
static inline int yika_openat(int directory, const char *path, int flags, mode_t mode) {
    return openat(directory, path, flags, mode);
}
#endif
